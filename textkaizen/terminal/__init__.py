"""What a run needs of its surroundings, whoever starts it: limits, a clock, a terminal.

limits     minutes or rounds -> a budget, workers and a clock
progress   the line that tells what is being tried
streams    what a terminal can hold, why a command ended, folders for results
"""
