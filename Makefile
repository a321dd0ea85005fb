# The two commands are `make demo` and `make test`; `make help` lists the rest.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:

PYTHON ?= python3
BIN := .venv/bin
SAM := .tools/sam/bin/sam
# One pip of a pinned version serves every environment: the one that comes with Python 3.11 takes twice the time.
PIP := $(BIN)/python -m pip --disable-pip-version-check
INSTALL := install --quiet --no-deps --no-compile --require-hashes --requirement
JOBS ?= 2
SCENARIO ?= sending
SEEDS ?= 100
FROM ?= 1

export AWS_EC2_METADATA_DISABLED := true
export SAM_CLI_TELEMETRY := 0
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help setup setup-run demo down test test-full chaos bench audit check format lint types imports template unit browser e2e clean

help: ## This list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

# --- set-up: plain virtual environments from pinned files, made again only when those change -----------------

.tools/python.ok:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "dangol needs Python 3.11 or newer as '$(PYTHON)': install it, or say which one: make PYTHON=python3.13 …" >&2; exit 2; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
	  echo "$(PYTHON) lacks venv: install it (Debian: apt install python3-venv)" >&2; exit 2; }
	@mkdir -p .tools && touch $@

.venv/pip.ok: requirements/pip.txt | .tools/python.ok
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(PIP) $(INSTALL) $<
	@touch $@

.venv/run.ok: requirements/run.txt | .venv/pip.ok
	@echo "· setting up dangol (.venv)"
	@$(PIP) $(INSTALL) $<
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.venv/dev.ok: requirements/dev.txt .venv/run.ok
	@echo "· setting up the test tools (.venv)"
	@$(PIP) $(INSTALL) $<
	@touch $@

.tools/%/ok: requirements/%.txt | .venv/pip.ok
	@echo "· setting up $* (.tools/$*)"
	@test -x .tools/$*/bin/python || $(PYTHON) -m venv --without-pip .tools/$*
	@$(PIP) --python .tools/$*/bin/python $(INSTALL) $<
	@touch $@

# A second, independent DynamoDB; its only use is to be compared with.
DYNALITE := 4.0.0

.tools/dynalite/ok: Makefile
	@command -v npm >/dev/null || { echo "npm is missing: install Node.js 20 or newer (Debian: apt install npm)" >&2; exit 2; }
	@echo "· setting up dynalite (.tools/dynalite)"
	@npm install --silent --no-audit --no-fund --no-save --no-package-lock --ignore-scripts --prefix .tools/dynalite dynalite@$(DYNALITE)
	@touch $@

# Segment's own SDK for Node.js, unmodified: our event intake has to take what it sends.
ANALYTICS_NODE := 3.1.0
.tools/analytics-node/ok: Makefile
	@command -v npm >/dev/null || { echo "npm is missing: install Node.js 20 or newer (Debian: apt install npm)" >&2; exit 2; }
	@echo "· setting up analytics-node (.tools/analytics-node)"
	@npm install --silent --no-audit --no-fund --no-save --no-package-lock --ignore-scripts --prefix .tools/analytics-node @segment/analytics-node@$(ANALYTICS_NODE)
	@touch $@

setup-run:
	@$(MAKE) --silent --no-print-directory -j3 .venv/run.ok .tools/sam/ok .tools/ministack/ok

setup: setup-run ## Make the environments
	@$(MAKE) --silent --no-print-directory -j2 .venv/dev.ok .tools/dynalite/ok .tools/analytics-node/ok .tools/chromium.ok

# The browser tests drive the system's own Chromium; Playwright downloads none.
.tools/chromium.ok: | .tools/python.ok
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || { \
	  echo "· installing Chromium for the browser tests"; \
	  test "$$(id -u)" = 0 && command -v apt-get >/dev/null && { \
	    apt-get -qq update && apt-get -qq install --no-install-recommends chromium fonts-noto-cjk >/dev/null; } || { \
	    echo "Chromium is missing: install it (Debian: sudo apt install chromium fonts-noto-cjk)" >&2; exit 2; }; }
	@touch $@

# --- the demo --------------------------------------------------------------------------------------------------

demo: setup-run ## One campaign on 12,000 made-up people, from a YAML file to its report
	@$(BIN)/python -m demo

down: ## Stop what the demo started
	@if test -x $(BIN)/dangol; then $(BIN)/dangol local down; else echo "nothing is running"; fi

# --- the checks ------------------------------------------------------------------------------------------------

check: format lint types imports template ## Everything but the tests

format:
	@$(BIN)/ruff format --check --quiet . || { echo "run: $(BIN)/ruff format ." >&2; exit 1; }

lint:
	@$(BIN)/ruff check --quiet .

types:
	@$(BIN)/mypy

imports:
	@$(BIN)/lint-imports

template:
	@$(SAM) validate --lint --template template.yaml --region ap-northeast-2
	@$(BIN)/cfn-lint template.yaml

unit: ## The fast tests, with coverage
	@$(BIN)/pytest tests/unit tests/functional -m "not full" -n $(JOBS) --hypothesis-profile=ci --cov --cov-report=

browser: .venv/dev.ok .tools/chromium.ok ## dangol.js in a real browser
	@$(BIN)/pytest tests/browser -n $(JOBS)

e2e: ## The tests on the local cloud
	@$(BIN)/pytest tests/e2e -m "not full" -n $(JOBS) --dist loadfile

test: setup check unit browser e2e ## Everything that a change must pass
	@$(BIN)/coverage report --fail-under=90
	@$(BIN)/coverage report --fail-under=100 --include='*/dangol/domain/*,*/dangol/pipeline/*'

test-full: setup ## What takes longer: the whole of Hillstrom, a million people, thousands of seeds
	@$(MAKE) --silent --no-print-directory chaos SEEDS=2000
	@$(MAKE) --silent --no-print-directory chaos SCENARIO=counting SEEDS=1000
	@$(BIN)/pytest tests -m full

chaos: setup ## Sending, or counting, among faults, simulated: make chaos SCENARIO=counting SEEDS=1 FROM=42
	@$(BIN)/python -m tests.simulation --scenario $(SCENARIO) --seeds $(SEEDS) --from $(FROM) --jobs $(JOBS)

bench: setup ## What it costs, measured: make bench ONLY=audience
	@$(BIN)/python -m bench $(ONLY)

audit: .tools/audit/ok ## checkov on the template
	@.tools/audit/bin/checkov --config-file .checkov.yaml

clean: down ## Remove what make made
	@rm -rf .venv .tools .aws-sam .dangol .coverage* .hypothesis .mypy_cache .pytest_cache .ruff_cache
