"""The entries of the catalogue, a file for each kind of change.

entry      what an improvement is
network    depth, width, activation, initialiser, batch norm, dropout
descent    optimiser, learning rate, schedule, batch size, stopping, validation
text       normalising, words, characters, weights, selection, reduction
vectors    what a frozen encoder says of a text, beside its words
remedies   loss, penalties, and what goes beyond: smoothing, mixing, averaging, ensembles
groups     of each group: why these values, what off is, what it clashes with

`study/improvements.py` puts them in the order in which they are tried.
"""
