"""Times beside the programs people would use instead, in one run on one machine."""
