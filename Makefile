# Everything a newcomer needs; `make` alone lists it. Each target can be run again at any moment.
# PYTHON=python3.12 names another interpreter, FILTER=locate one part of the benchmarks.

PYTHON ?= python3
BIN := .venv/bin
SETUP := $(PYTHON) -m setup
export PYTHONUNBUFFERED := 1

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup demo serve stop test check bench power clean ready-for-tests client-tests

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

setup: ## system packages, .venv, client, private database, schema
	@$(SETUP) setup

demo: ## set up, load the invented county, start the server in the background
	@$(SETUP) demo

serve: ## set up and run the server in the foreground
	@$(SETUP) serve

stop: ## stop the background server and the private database
	@$(SETUP) stop

test: ready-for-tests client-tests ## set up, then every test
	$(BIN)/pytest -m "not browser" --numprocesses=auto --maxprocesses=4
	$(BIN)/pytest -m browser

check: ready-for-tests client-tests ## style, types, the direction of imports, the client's tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(SETUP) npm run --silent lint
	$(SETUP) npm run --silent typecheck

bench: ready-for-tests ## measure against the peers and print the table
	$(BIN)/python -m tests.benchmarks $(FILTER)

power: ready-for-tests ## how often the hotspot methods cry wolf and how often they miss one
	$(BIN)/python -m tests.power

clean: ## stop everything and remove whatever set-up has made
	@$(SETUP) clean

ready-for-tests:
	@$(SETUP) setup --tests

client-tests: ready-for-tests
	$(SETUP) npm run --silent test
