# Needs make and Python 3.11, 3.12 or 3.13; each target first creates .venv if needed.
# `make PYTHON=/path/to/python3.12 install` chooses the Python. All paths are relative,
# so the path of the checkout may contain spaces.

.PHONY: help install sweep ui check test test-long chaos results screenshots bench bench-quick constraints clean
READY = .venv/.ready
RUN = .venv/bin/python -m

help:  ## Lists these targets.
	@sed -n 's/^\([a-z-]*\): .*## /make \1	/p' Makefile

install: $(READY)  ## Creates .venv; updates it if pyproject.toml or constraints.txt has changed.

$(READY): pyproject.toml constraints.txt .ci/setup.sh
	@sh .ci/setup.sh

sweep: $(READY)  ## Runs the quickstart: a study on the daily maximum temperature of Seattle.
	$(RUN) search sweep experiment=quickstart

ui: $(READY)  ## Opens the MLflow UI on the store in mlruns/.
	$(RUN) search ui

check: $(READY)  ## Runs the linter, and checks the format and the types.
	$(RUN) ruff check
	$(RUN) ruff format --check
	$(RUN) mypy

test: $(READY)  ## Runs the tests.
	@sh .ci/browser.sh
	$(RUN) pytest --numprocesses 2 --dist loadfile

test-long: $(READY)  ## Runs the slow tests, minutes each: full sizes, fresh environments.
	$(RUN) pytest -m long

chaos: $(READY)  ## Tests killed workers and coordinators and a locked store; takes half an hour.
	$(RUN) pytest -m chaos

results: $(READY)  ## Runs the recipes and writes docs/results.md: GISS=file CET=file RECIPES="a b".
	$(RUN) benchmarks.results --giss "$(GISS)" --cet "$(CET)" $(RECIPES)

screenshots: $(READY)  ## Runs a study and takes the screenshots of docs/tour.md; takes five minutes.
	@sh .ci/browser.sh
	$(RUN) benchmarks.screenshots

bench: $(READY)  ## Runs the benchmarks of benchmarks/README.md, in two to three hours: GISS=file CET=file.
	$(RUN) benchmarks.chapter --write --rounds 1 --chapter-trials 2 $(if $(GISS),--giss "$(GISS)") $(if $(CET),--cet "$(CET)")
	$(RUN) benchmarks.limit --write $(if $(GISS),--giss "$(GISS)")
	$(RUN) benchmarks.growth --write
	$(RUN) benchmarks.engine --write --rounds 1
	$(RUN) benchmarks.memory
	$(RUN) benchmarks.search --write

bench-quick: $(READY)  ## Runs a small version of the benchmarks, in less than 3 minutes.
	$(RUN) benchmarks.quick

constraints: $(READY)  ## Pins the versions of all dependencies; UPGRADE=--upgrade chooses the newest.
	$(RUN) uv pip compile --quiet --universal --python-version 3.11 $(UPGRADE) \
	    --no-emit-index-url --no-emit-find-links --no-header --no-annotate \
	    --extra cpu --extra dev --output-file constraints.txt pyproject.toml
	@sh .ci/tidy_constraints.sh constraints.txt

clean:  ## Removes .venv, caches and builds, but never mlruns/.
	rm -rf .venv build dist .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find conf search models datasets tests -name __pycache__ -prune -exec rm -rf {} +
