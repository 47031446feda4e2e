"""Numbers about numbers: how good predictions are, how sure that is, and which are better.

metrics     true and predicted positions -> accuracy, macro-F1, log loss
intervals   the same metrics on texts drawn anew; intervals of one model's score
answers     what a recipe answered: labels, and probabilities where a metric needs them
scores      any metric of several recipes' answers: as they are, drawn anew, text by text
scorers     the same for scikit-learn's scorers
compare     two recipes on the same texts, folds and seeds: difference, interval, p; two
            improvements crossed
combine     how `compare` puts scores together
lanes       what networks add to the error of a difference
swaps       the exact test of few changed texts
difference  a difference and what its error is made of
moderate    the differences of one round, with errors that know of each other
families    many p-values: Holm, the false discovery rate; helps, hurts, no evidence
power       what could have been found, and what it would take
quick       a first-order look, for what is only dropped
risk        how many answers are wrong, and a threshold that keeps a promise about it
answering   logits -> how sure an answer is
calibration one temperature for probabilities, and how far off they are
resampled   the corrected resampled t interval, shown beside
"""
