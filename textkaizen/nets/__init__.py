"""Numbers to logits: pure functions over NamedTuples of arrays, and what they are made of."""
