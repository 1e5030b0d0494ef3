# Each target makes .venv by itself on a fresh machine; the next time that costs nothing.
PYTHON ?= python3
VENV := .venv
ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
else
BIN := $(VENV)/bin
endif
INSTALLED := $(VENV)/.installed

.PHONY: demo test check bench clean

demo: $(INSTALLED)  ## the main job on the bundled articles and servers
	@$(BIN)/kbcheck demo

test: $(INSTALLED)  ## the tests; those on the real archive run when it is found
	@$(BIN)/python -m pytest

check: $(INSTALLED)  ## format, lint, types, tests with branch coverage (those on the archive are in `test`)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -m "not corpus" --cov --cov-report=term-missing:skip-covered

bench: $(INSTALLED)  ## timings as ratios against a floor measured in the same run; ARGS="--archive kb.zip"
	@$(BIN)/python benchmarks/run.py $(ARGS)

$(INSTALLED): pyproject.toml
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[test]"
	@$(BIN)/python -c "open('$(INSTALLED)', 'w').close()"

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage
