"""Every benchmark, one after another; nothing else should run meanwhile: `make bench`.

    python -m benchmarks.run [--quick] [--out FOLDER]

Real texts are read from the folder that TEXTKAIZEN_DATASETS names.
"""

import sys
import time

from benchmarks import (
    keras_fit,
    lanes,
    nsmc,
    ordered,
    predicting,
    scaling,
    serving,
    small,
    steps,
    tokenising,
    vectorising,
    wide,
)

# Those that take least come first: a run that is cut off has most of its results.
EVERY = (
    *(steps, keras_fit, predicting, tokenising, vectorising, serving),
    *(wide, small, nsmc, ordered, lanes, scaling),
)


def main(arguments: list[str]) -> None:
    """Run all, and say how long each has taken and all together."""
    begun = time.perf_counter()
    for number, benchmark in enumerate(EVERY, 1):
        name, started = benchmark.__name__.rpartition(".")[2], time.perf_counter()
        print(f"{name}: {number} of {len(EVERY)}", flush=True)
        benchmark.main(arguments)
        taken = time.perf_counter() - started
        print(f"{name} took {taken / 60:.1f} minutes", flush=True)
    print(f"All took {(time.perf_counter() - begun) / 60:.1f} minutes", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
