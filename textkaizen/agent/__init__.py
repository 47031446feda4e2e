"""A model in use: predictions line by line, and a chat."""
