"""Characters to numbers: normalise, count features, learn a vocabulary, make bags."""
