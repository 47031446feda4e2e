"""Results -> something to look at: a page, its figures, a table for the terminal."""
