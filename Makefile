# Everything here sets itself up in .venv; Python 3.11 or later, pip and make are all it needs (the tests also use git).
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
EXAMPLE := examples/integrations

.PHONY: demo test lint bench clean

# The main job on the example: what is found, what the fix changes, and the proof on a real PostgreSQL, all in a copy.
demo: $(VENV)/.ready
	@copy=$$(mktemp -d) && trap 'rm -rf "$$copy"' EXIT && cp -R $(EXAMPLE)/. "$$copy" && \
	run() { echo; echo "\$$ driftproof $$*"; (cd "$$copy" && "$(abspath $(BIN))/driftproof" "$$@" || echo "(exit status $$?)"); } && \
	run check && run check --diff && run prove && run check --fix && run check

test: $(VENV)/.ready
	$(BIN)/python -m pytest $(ARGS)

lint: $(VENV)/.ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/.ready
	$(BIN)/python bench/bench.py

$(VENV)/.ready: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

clean:
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
