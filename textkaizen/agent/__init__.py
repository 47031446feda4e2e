"""A model in use: predictions line by line, a chat, a server with its page."""
