"""The one compiled loop, arrays only, never text.

batches    rows of a sparse matrix -> flat batches of one epoch
optimise   an optimiser as numbers, not as code
lazy       rows that were not touched catch up when they are next read
step       one step of a network on bags
programs   specification -> compiled epoch, each compiled once
loop       epochs, callbacks, early stopping: the only training loop
lanes      recipe + bags + seed -> a trained network
"""
