# Two commands are enough: `make demo` and `make test`. Both set up .venv by themselves.
PYTHON ?= python3
VENV := .venv
DATA ?= ../shared/data
BIN := $(VENV)/bin
export RAY_AUTH_MODE ?= token

.PHONY: help demo real test test-all check bench install clean

help: ## Say what can be made.
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

install: $(VENV)/.installed ## Make .venv with what was tested.

$(VENV)/.installed: pyproject.toml constraints.txt scripts/install.sh
	sh scripts/install.sh $(PYTHON) $(VENV)
	@touch $@

demo: install ## Both examples, from demonstrations to scores over HTTP.
	$(BIN)/python examples/demo.py

real: install ## The main job on published data (DATA=folder); the README says where each set is published.
	$(BIN)/python -m benchmarks.real --data $(DATA)

test: install ## All tests but the slow ones.
	$(BIN)/python -m pytest -m "not slow" -n 2

test-all: install ## All tests.
	$(BIN)/python -m pytest

check: install ## Format, lint, types, import directions.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: install ## One benchmark: make bench NAME=cli
	$(BIN)/python -m benchmarks.$(NAME)

clean: ## Remove what was installed and what tools remember; stores and keys stay.
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name .git -prune -o -type d -name __pycache__ -prune -exec rm -rf {} +
