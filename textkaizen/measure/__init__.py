"""Numbers about numbers: how good predictions are, how sure that is, and which are better.

metrics    true and predicted positions -> accuracy, macro-F1, log loss
intervals  the same metrics on texts drawn anew; intervals of one model's score
compare    two recipes on the same texts, folds and seeds: difference, interval, p, verdict
"""
