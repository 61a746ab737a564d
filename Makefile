# The two commands for a fresh machine with Python 3.11 or newer: `make demo` and `make test`.
# Without make (Windows): README.md shows the same steps with pip.

PYTHON ?= python3
VENV := .venv
ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
else
BIN := $(VENV)/bin
endif

# Tests of one file stay together, so that what a file sets up is made once; the order is that of
# tests/conftest.py, the longest first.
PARALLEL := --numprocesses auto --dist loadfile --no-loadscope-reorder

.PHONY: demo test quick check bench docs clean

demo: $(VENV)/installed
	$(BIN)/amgs demo --out demo --overwrite

test: $(VENV)/installed-dev
	$(BIN)/python -m pytest $(PARALLEL)

# What takes less than two minutes on two cores: while working.
quick: $(VENV)/installed-dev
	$(BIN)/python -m pytest $(PARALLEL) -m "not slow and not browser and not postgres"

check: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python scripts/make_cli_page.py --check

# Ratios, measured beside their comparison in one run; needs the extra `train` (torch).
bench: $(VENV)/installed-train
	$(BIN)/python benchmarks/run_all.py

docs: $(VENV)/installed-dev
	$(BIN)/python scripts/make_cli_page.py

$(VENV)/bin-made:
	$(PYTHON) -m venv $(VENV)
	touch $@

$(VENV)/installed: $(VENV)/bin-made pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[dev]"
	touch $@

$(VENV)/installed-train: $(VENV)/installed-dev
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[train]"
	touch $@

clean:
	rm -rf $(VENV) demo build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
