# Everything happens in .venv, which is made from the lock files: nothing else is installed.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin
OUT ?= demo-out
MINUTES ?= 3
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help demo test test-all check format bench bench-peers verdicts results docs lock clean

help:
	@echo "make demo      improve a network on the example texts: table, report, model ($(MINUTES) minutes)"
	@echo "make test      all tests that need nothing but this checkout"
	@echo "make test-all  the slow ones too, and those on the data in TEXTKAIZEN_DATASETS"
	@echo "make check     ruff and mypy"
	@echo "make bench     times beside Keras, scikit-learn and what is installed of the peers below"
	@echo "               (TEXTKAIZEN_DATASETS)"
	@echo "make bench-peers  Keras on TensorFlow, PyTorch, fastText: each in an environment of its own"
	@echo "make verdicts  simulated studies of known truth, half an hour; their page of the docs"
	@echo "make results   improve on seven real sets, five minutes each (TEXTKAIZEN_DATASETS)"
	@echo "make docs      write again what the docs take from the code"
	@echo "make lock      write the lock files again from pyproject.toml (needs uv)"

$(VENV)/run: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "textkaizen needs Python 3.11 or newer")'
	test -x $(RUN)/python || $(PYTHON) -m venv $(VENV)
	$(RUN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(RUN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	touch $@

$(VENV)/dev: $(VENV)/run requirements-dev.lock
	$(RUN)/python -m pip install --quiet --require-hashes -r requirements-dev.lock
	touch $@

demo: $(VENV)/run
	$(RUN)/textkaizen improve examples/library-en.csv --minutes $(MINUTES) --seed 1 --out $(OUT)
	@echo "I need the novel two weeks longer, can you extend it?" \
		| $(RUN)/textkaizen predict $(OUT)/model --top-k 3
	@echo "Open $(OUT)/report.html in a browser. To talk with the model:"
	@echo "$(RUN)/textkaizen chat $(OUT)/model --replies examples/replies-en.csv"

# A process a core, up to four (each holds JAX and Keras); a file's tests share what they compile.
test: $(VENV)/dev
	$(RUN)/python -m pytest -q -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

test-all: $(VENV)/dev
	$(RUN)/python -m pytest -q -m ""

check: $(VENV)/dev
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .
	$(RUN)/mypy

format: $(VENV)/dev
	$(RUN)/ruff check --fix .
	$(RUN)/ruff format .

bench: $(VENV)/dev
	$(RUN)/python -m benchmarks.run

# Peers that the project does not depend on; a benchmark goes on without one that is missing.
PEERS := $(addprefix .venv-,tensorflow torch fasttext)

bench-peers: $(addsuffix /peer,$(PEERS))

.venv-%/peer: benchmarks/peers-%.txt
	test -x .venv-$*/bin/python || $(PYTHON) -m venv .venv-$*
	.venv-$*/bin/python -m pip install --quiet -r $<
	touch $@

verdicts: $(VENV)/dev
	$(RUN)/python -m benchmarks.verdicts

results: $(VENV)/dev
	$(RUN)/python -m benchmarks.improving

docs: $(VENV)/dev
	$(RUN)/python -m docs.generate

lock:
	uv pip compile $(LOCK) -o requirements.lock --extra build pyproject.toml
	uv pip compile $(LOCK) -o requirements-dev.lock --extra build --extra parquet --extra test --extra check pyproject.toml

LOCK := --quiet --universal --python-version 3.11 --fork-strategy fewest --generate-hashes \
	--no-annotate --no-header

clean:
	rm -rf $(VENV) $(PEERS) $(OUT)
