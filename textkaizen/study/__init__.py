"""Questions asked of models: what improves them, by how much, and how sure is it?

catalogue/     improvements: each a small function Recipe -> Recipe
improvements   the order in which they are tried

preparation    texts -> training texts and held-out texts
material       training texts -> folds and their bags
experiment     recipes on the same folds with the same seeds -> out-of-fold answers
observation    a lane -> what was seen of its training
design         folds, seeds, and the experiment over them
budget         how many folds and seeds, and what there is time for
pace           how long a lane takes here, and how many epochs there is time for

course         what a run is given, and where it stands
racing         which questions of a round are still open
comparison     two recipes on what both have run through
sweeps         the lanes of one block of a round, as far as there is time
verdicts       out-of-fold answers -> helps, hurts, no evidence
rounds         race, judge, adopt, go on
closing        does what was adopted earn its place, and what does the same work?
explanation    what was seen of two trainings -> one sentence, with its numbers
pairs          of which `explanation` makes it: which differences count
remarks        and how they are worded

kaizen         improve and study, from texts to result
compared       a person's own candidates: recipes, classifiers or scikit-learn pipelines
classifiers    a classical classifier as such a candidate
metric         the metrics that may decide
finale         one look at the held-out texts
advice         which model to use, and why
result         what all this leaves
outcome        where a run ended -> its result

training       one network by one recipe, on all texts
evaluation     a finished model on labelled texts
rates          the learning-rate range test
fallback       when a model rather does not answer, and the promise that goes with it
spared         which texts choose a threshold, and which test it
tuning         what they choose: temperature, score, when to ask back
"""
