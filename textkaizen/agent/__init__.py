"""A model in use: predictions line by line, and a conversation that can say why.

predictions  texts in, labels with probabilities out
decisions    what a text is taken for
replies      what is said to it
why          how much each word speaks for the answer; nearest: labelled texts that are like it
chat         a line in, a turn out; shown: turns at a terminal, with colours
"""
