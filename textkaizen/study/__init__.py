"""Questions asked of models: what improves them, by how much, and how sure is it?

catalogue/     improvements: each a small function Recipe -> Recipe
improvements   the order in which they are tried
experiment     recipes on the same folds with the same seeds -> out-of-fold predictions
budget         how many folds and seeds, and what there is time for
pace           how long a lane takes here, and how many epochs there is time for
verdicts       out-of-fold predictions -> helps, hurts, no evidence
rounds         measure what there is time for, judge, adopt, go on
preparation    texts -> training texts and held-out texts
material       training texts -> folds and their bags
kaizen         improve and study, from texts to result
training       one network by one recipe, on all texts
finale         one look at the held-out texts
advice         which model to use, and why
evaluation     a finished model on labelled texts
rates          the learning-rate range test
result         what all this leaves
"""
