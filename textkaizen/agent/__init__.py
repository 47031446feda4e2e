"""A model in use: predictions line by line, a conversation that can say why, a server.

predictions  texts in, labels with probabilities out
decisions    what a text is taken for
replies      what is said to it
why          how much each word speaks for the answer; nearest: labelled texts that are like it
chat         a line in, a turn out; shown: turns at a terminal, with colours
server       the same over HTTP; page: what it shows people
"""
