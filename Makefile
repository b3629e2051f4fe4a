# Everything that one does with this repository. `make` alone lists it.
# Each target makes the environment it needs in .venv, from requirements.lock.

PYTHON ?= $(firstword $(shell command -v python3.11 || command -v python3 || command -v python))
BIN := .venv/bin
READY := .venv/.ready
OUT ?= demo-out
WORKERS ?= 1

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-slow check bench docs screenshot lock clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/' | expand -t 12

setup: $(READY)  ## make .venv and install what the lock file names

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; set PYTHON=/path/to/python3.11"; exit 2; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	touch $@

demo: $(READY)  ## run the whole recipe on the sample corpus and draw the report
	$(BIN)/hanji run recipes/demo.yaml -o $(OUT) --workers $(WORKERS) --replace
	$(BIN)/hanji report $(OUT) -o $(OUT)/report.html
	@echo "Open $(OUT)/report.html in a browser."

test: $(READY)  ## run the tests (a few minutes)
	$(BIN)/python -m pytest -m "not slow" -q

test-slow: $(READY)  ## run the slow tests
	$(BIN)/python -m pytest -m slow -q

check: $(READY)  ## style, types, borders between the floors, generated docs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python docs/generate.py --check

bench: $(READY)  ## run the benchmarks (tables on the terminal, JSON in benchmarks/results)
	@mkdir -p benchmarks/results
	@for bench in benchmarks/*.py; do echo "== $$bench"; \
		$(BIN)/python $$bench --json benchmarks/results/$$(basename $$bench .py).json || exit 1; done

docs: $(READY)  ## write the generated pages (docs/cli.md, docs/recipes.md)
	$(BIN)/python docs/generate.py

screenshot: demo  ## take the picture of the report page that the README shows (needs Chromium)
	$(BIN)/python docs/screenshot.py $(OUT)/report.html docs/report.png

lock:  ## resolve the dependencies again
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --extra baselines --extra models --group dev --universal \
		--python-version 3.11 --generate-hashes --no-emit-index-url --no-header -q -o requirements.lock

clean:  ## remove what the other targets made
	rm -rf .venv $(OUT) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache
