"""The one compiled loop, arrays only, never text.

lanes      recipe + bags + seed -> a trained network
loop       epochs, callbacks, early stopping: the only training loop
stopping   when it ends, and which epoch's weights are kept
batches    rows of a sparse matrix -> flat batches of one epoch
inputs     knobs -> what a program is made for and what it reads
state      the values that go in and out of a compiled epoch
programs   specification -> compiled epoch, each compiled once
together   several lanes in one program, by their choices
meeting    threads that bring their parts of a work that is done together
step       one step of a network on bags
losses     what is minimised, penalties apart
penalties  L1, L2, L-infinity, max-norm
augment    what is done to batches in training: mixup, noise, dropout of inputs
optimise   an optimiser as numbers, not as code
schedules  the rate of every step; plateaus
lazy       rows that were not touched catch up when they are next read
inspect    a trained network on some texts: dead units, scales, gradients
"""
