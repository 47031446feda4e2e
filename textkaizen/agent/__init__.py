"""A model in use: predictions line by line, a chat, and the progress line of a study."""
