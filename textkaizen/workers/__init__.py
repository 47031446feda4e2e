"""Where lanes run: threads here. A study is given a worker and does not know which."""
