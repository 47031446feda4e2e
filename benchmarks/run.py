"""Every benchmark, one after another; nothing else should run meanwhile: `make bench`."""

from benchmarks import keras_fit, loop

if __name__ == "__main__":
    loop.main()
    keras_fit.main()
