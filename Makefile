# The one entry to everything; `make` alone lists it.

PYTHON ?= python3
BIN := .venv/bin
POSTGRES_15 := /usr/lib/postgresql/15/bin/postgres
NODE_CLIENT := tests/clients/node/node_modules/.installed
ASSETS := assets/node_modules/.installed

# `make lock` keeps the versions it finds where it can; `make lock UPGRADE=--upgrade` takes the newest.
UPGRADE ?=
# The locks hold what the public registry says, whatever this machine's pip is set to.
COMPILE := env -u PIP_FIND_LINKS -u PIP_INDEX_URL -u PIP_EXTRA_INDEX_URL PIP_CONFIG_FILE=/dev/null \
	CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/pip-compile --quiet --no-config --generate-hashes --allow-unsafe \
	--strip-extras --no-emit-options $(UPGRADE)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help setup demo test crash bench timing lint fix docs screenshots assets lock

help: ## list what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-11s  %s\n", $$1, $$2 }' Makefile

setup: .venv/.installed ## make .venv with everything the locks name; quick when nothing changed

demo: setup ## try Leadback with sample data on this machine
	$(BIN)/leadback demo

test: setup $(NODE_CLIENT) $(ASSETS) ## run every test on PostgreSQL 18, then the database's on PostgreSQL 15 where it is installed
	$(BIN)/pytest --postgres=18
	@if [ -x $(POSTGRES_15) ]; then \
		echo "$(BIN)/pytest --postgres=15"; \
		$(BIN)/pytest --postgres=15; \
	elif [ -n "$$LEADBACK_TEST_REQUIRE_ALL" ]; then \
		echo "PostgreSQL 15 is missing ($(POSTGRES_15)), and every test must run." >&2; exit 1; \
	else \
		echo "Skipped: the tests on PostgreSQL 15, which is not installed ($(POSTGRES_15))."; \
	fi

crash: setup ## kill the server under load twenty times, and look for every answered update
	LEADBACK_CRASH_CYCLES=20 $(BIN)/pytest -n 0 --timeout 1800 tests/serve/test_crash.py

bench: setup ## measure UpdateLead beside pgbench and the pages, for about ten minutes, and write bench/RESULTS.md
	$(BIN)/python -m bench --results bench/RESULTS.md

timing: setup ## compare answers to unknown and to others' leads, for three minutes, and write docs/timing.md
	$(BIN)/python -m bench.timing --results docs/timing.md

lint: setup ## check style, format, types and the import rule
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

fix: setup ## repair what ruff can repair, and format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

screenshots: setup ## take pictures of every page over the sample data, into docs/screenshots
	$(BIN)/python -m tests.console.screenshots docs/screenshots

docs: setup ## write the pages that come from the program
	$(BIN)/python -m typer leadback.cli.main utils docs --name leadback --output docs/reference/commands.md
	$(BIN)/python -m leadback.buyer_api.reference > docs/reference/buyer-api.md

assets: $(ASSETS) ## take the console's style sheets, scripts and icons from the packages that assets/ pins
	cd assets && node vendor.mjs

# On the oldest Python, because only there every conditional dependency is seen.
lock: setup ## pin every dependency again, after a change of requirements/*.in
	@$(BIN)/python -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || \
		{ echo "The locks are made with Python 3.11: make lock PYTHON=python3.11, after removing .venv." >&2; exit 1; }
	$(COMPILE) --output-file=requirements/run.lock requirements/run.in
	$(COMPILE) --output-file=requirements/dev.lock requirements/dev.in

# Two stamps: a change of pyproject.toml alone costs seconds, a change of the lock makes the environment anew.
.venv/.installed: .venv/.locked pyproject.toml requirements/run.in
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.locked: requirements/dev.lock
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is not installed; Leadback needs Python 3.11 or newer." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "$$($(PYTHON) --version) is too old; Leadback needs 3.11 or newer: make setup PYTHON=python3.11" >&2; exit 1; }
	@echo "Making .venv from requirements/dev.lock; this takes about a minute."
	@$(PYTHON) -m venv --clear .venv
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --no-input --require-hashes --only-binary :all: \
		-r requirements/dev.lock
	@touch $@

# A buyer's client for the tests, and what the console's assets come from; without npm there is neither, and what needs
# them is skipped.
$(NODE_CLIENT) $(ASSETS): %/node_modules/.installed: %/package.json %/package-lock.json %/.npmrc
	@! command -v npm >/dev/null || { cd $* && npm ci --loglevel=error >/dev/null && touch node_modules/.installed; }
