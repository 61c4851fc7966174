# Commands for people. What they do stands in the programs they start.
.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON ?= python3
WORKSPACE ?= demo-company
BIN := .venv/bin

# Nothing here talks to anybody but the package registry.
export DAGSTER_DISABLE_TELEMETRY := 1
export DO_NOT_TRACK := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help demo up test slow realdata lint types docs bench lock clean

help: ## Show what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.venv/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "productops needs Python 3.11 or newer; this is $$($(PYTHON) --version)." \
		     "Try: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@echo "Making .venv and installing $$(grep -c '==' requirements.lock) locked packages (about two minutes) ..."
	@$(PYTHON) -m venv .venv || { echo "Making .venv failed. On Debian: apt install python3-venv"; exit 1; }
	@$(BIN)/python -m pip install -qq --require-hashes --requirement requirements.lock
	@$(BIN)/python -m pip install -qq --no-deps --no-build-isolation --editable .
	@touch $@

demo: .venv/.installed ## Make a demo company and run the whole pipeline on it
	@$(BIN)/productops demo $(WORKSPACE)

up: .venv/.installed ## Open the web UI on 127.0.0.1 for the demo company
	@exec $(BIN)/productops --home $(WORKSPACE) up

test: .venv/.installed ## Run the tests
	@$(BIN)/python -m pytest -n auto --dist loadfile --durations 12

slow: .venv/.installed ## Run the tests that take long
	@$(BIN)/python -m pytest -m slow

realdata: .venv/.installed ## Run the tests on real exports (PRODUCTOPS_REALDATA=folder)
	@$(BIN)/python -m pytest -m realdata

lint: .venv/.installed ## Check style and who imports whom
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports

types: .venv/.installed ## Check types
	@$(BIN)/ty check

docs: .venv/.installed ## Write docs/metrics.md from the marts' descriptions
	@$(BIN)/python -m orchestration.lib.dictionary

bench: .venv/.installed ## Measure ingest, the marts and an idle run against floors
	@$(BIN)/python -m pytest -m bench -s tests/bench

lock: ## Compile requirements.lock (needs uv)
	@uv pip compile pyproject.toml --group dev --generate-hashes --no-strip-extras --quiet \
		--no-emit-index-url --no-emit-find-links --python-version 3.11 \
		--custom-compile-command "make lock" --output-file requirements.lock

clean: ## Remove the environment, caches and the demo company
	@rm -rf .venv .ruff_cache .pytest_cache .hypothesis dbt_project/target $(WORKSPACE)
