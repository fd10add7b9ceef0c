# Gatewatch. `make` alone lists what there is.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
# The parts of a run that talk to AWS must never meet the caller's own account.
CLEAN_AWS := env -u AWS_PROFILE -u AWS_ENDPOINT_URL AWS_ACCESS_KEY_ID=testing AWS_SECRET_ACCESS_KEY=testing \
	AWS_DEFAULT_REGION=us-east-1 AWS_EC2_METADATA_DISABLED=true

SAM := env SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=us-east-1 .venv-sam/bin/sam

CHROMIUM_NAMES := chromium chromium-browser google-chrome google-chrome-stable

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

# --- environments ------------------------------------------------------------------------------

$(VENV)/.uv: requirements/uv.txt
	@echo "making $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -c 'import sys; sys.exit("Gatewatch needs Python 3.11 or later; call make PYTHON=python3.13" if sys.version_info < (3, 11) else 0)'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -qq --require-hashes -r requirements/uv.txt
	@touch $@

$(VENV)/.installed: $(VENV)/.uv requirements/dev.txt pyproject.toml
	@echo "installing Gatewatch and its development tools into $(VENV)"
	@VIRTUAL_ENV=$(abspath $(VENV)) $(UV) pip install -q --require-hashes -r requirements/dev.txt
	@VIRTUAL_ENV=$(abspath $(VENV)) $(UV) pip install -q --no-deps -e .
	@touch $@

# MiniStack pins the botocore it was tested with, so it has an environment of its own.
.venv-emulator/.installed: $(VENV)/.uv requirements/emulator.txt
	@echo "installing the AWS emulator into .venv-emulator"
	@test -x .venv-emulator/bin/python || $(BIN)/python -m venv --without-pip .venv-emulator
	@VIRTUAL_ENV=$(abspath .venv-emulator) $(UV) pip sync -q --require-hashes requirements/emulator.txt
	@touch $@

# What the emulator runs the functions on: nothing but the standard library, so that a dependency
# missing from the zip is seen. A python3.13 on the PATH may be a shim that does not work: run it.
.venv-lambda/.installed: $(VENV)/.uv
	@for python in python3.13 $$HOME/.pyenv/versions/3.13*/bin/python $(BIN)/python; do \
		if $$python -c 'import venv' 2>/dev/null; then break; fi; \
	done; \
	echo "functions run locally on $$($$python --version)"; \
	$$python -m venv --clear --without-pip .venv-lambda
	@touch $@

# The SAM CLI and checkov pin much of what the others need in other versions.
.venv-%/.installed: requirements/%.txt $(VENV)/.uv
	@echo "installing $* into .venv-$*"
	@test -x .venv-$*/bin/python || $(BIN)/python -m venv --without-pip .venv-$*
	@VIRTUAL_ENV=$(abspath .venv-$*) $(UV) pip sync -q --require-hashes requirements/$*.txt
	@touch $@

.PHONY: emulator
emulator: .venv-emulator/.installed .venv-lambda/.installed ## make the environments of the AWS emulator

.PHONY: install
install: $(VENV)/.installed ## make .venv with the command line `gatewatch` and every development tool

.PHONY: lock
lock: $(VENV)/.uv ## renew the lock files (names, versions, hashes; no addresses)
	@lock() { $(UV) pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-header \
		--no-emit-index-url --no-emit-find-links "$$@"; }; \
	lock --group pyproject.toml:lambda -o src/requirements.txt; \
	lock --group pyproject.toml:dev pyproject.toml -o requirements/dev.txt; \
	lock --group pyproject.toml:emulator -o requirements/emulator.txt; \
	lock --group pyproject.toml:browser -o requirements/browser.txt; \
	lock --group pyproject.toml:sam -o requirements/sam.txt; \
	lock --group pyproject.toml:checkov -o requirements/checkov.txt; \
	lock --group pyproject.toml:bootstrap -o requirements/uv.txt

# --- the product -------------------------------------------------------------------------------

.PHONY: demo
demo: install emulator ## a real change to a real API, its alert in Slack and its remedy, on this machine
	@$(BIN)/python -m tests.demo.run $(DEMO_OPTIONS)

.PHONY: build
build: $(VENV)/.uv ## make .build/lambda, the functions' code for AWS
	@$(BIN)/python tools/build_lambda.py .build/lambda

.PHONY: deploy
deploy: install .venv-sam/.installed build ## deploy to the account and region of your AWS credentials, guided; DEPLOY_OPTIONS="--region eu-west-1 --yes"
	@$(BIN)/python tools/deploy.py $(abspath .venv-sam/bin/sam) $(DEPLOY_OPTIONS)

# --- checks ------------------------------------------------------------------------------------

.PHONY: test
test: install emulator ## run every test
	@$(CLEAN_AWS) $(BIN)/python -m pytest --ignore tests/browser $(TEST_OPTIONS)

$(VENV)/.browser: $(VENV)/.installed requirements/browser.txt tests/browser/package-lock.json
	@VIRTUAL_ENV=$(abspath $(VENV)) $(UV) pip install -q --require-hashes -r requirements/browser.txt
	@if command -v npm >/dev/null; then npm ci --silent --prefix tests/browser --ignore-scripts --no-audit --no-fund; \
		else echo "npm is missing: the accessibility checks will be skipped"; fi
	@touch $@

.PHONY: chromium
chromium:
	@for name in $(CHROMIUM_NAMES); do if command -v $$name >/dev/null; then exit 0; fi; done; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "installing Chromium"; \
		{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium; } >/dev/null || true; \
	fi

.PHONY: browser-test
browser-test: install chromium ## open the HTML report in headless Chromium: search, sort, filter, axe
	@for name in $(CHROMIUM_NAMES); do if command -v $$name >/dev/null; then found=yes; fi; done; \
	if [ -z "$${found:-}" ]; then echo "browser tests: SKIPPED, there is no Chromium here (apt-get install chromium)"; exit 0; fi; \
	$(MAKE) $(VENV)/.browser && $(BIN)/python -m pytest -q -s tests/browser

.PHONY: screenshot
screenshot: install chromium $(VENV)/.browser ## take the pictures that README and docs show: a report, an alert
	@$(BIN)/python tools/screenshot.py docs/images/report.png
	@$(BIN)/python tools/slack_picture.py docs/images/slack-alert.png

.PHONY: format
format: install ## put the code into the project's format
	@$(BIN)/ruff format -q . && $(BIN)/ruff check -q --fix .

.PHONY: check
check: lint template test ## all that CI runs: lint, the template, then every test with warnings as errors

.PHONY: lint
lint: install ## format, ruff, mypy --strict, import contracts, the template
	@echo "format and ruff" && $(BIN)/ruff format --check -q . && $(BIN)/ruff check -q .
	@echo "mypy --strict" && $(BIN)/mypy --no-error-summary
	@echo "import contracts" && $(BIN)/lint-imports --no-cache >.import-linter.log || { cat .import-linter.log; exit 1; }
	@echo "cfn-lint" && $(BIN)/cfn-lint template.yaml deploy/*.yaml

.PHONY: template
template: install .venv-sam/.installed .venv-checkov/.installed ## what a reviewer runs on the template: sam validate, sam build, checkov
	@test -d .build/lambda || $(MAKE) build
	@echo "sam validate --lint" && $(SAM) validate --lint >/dev/null
	@echo "sam build" && $(SAM) build --build-dir .build/sam --cached --cache-dir .build/sam-cache >.build/sam.log 2>&1 || { cat .build/sam.log; exit 1; }
	@echo "checkov" && .venv-checkov/bin/checkov --config-file .checkov.yaml

.PHONY: docs
docs: install ## write the pages that are made from the code
	@$(BIN)/python tools/make_docs.py

.PHONY: golden
golden: install ## rewrite the expected outputs in tests/golden; review the difference
	@$(CLEAN_AWS) $(BIN)/python -m pytest -q tests/unit/test_golden.py tests/unit/test_corpus.py --rewrite-golden
	@git --no-pager diff --stat -- tests/golden

.PHONY: proofs
proofs: install ## hold the access engine against a solver, another evaluator and mutants (minutes)
	@$(BIN)/python tests/proofs/smt.py --count 2000 --seed 1
	@$(BIN)/python tests/proofs/differential.py --count 6000 --seed 1
	@$(BIN)/python tests/proofs/mutation.py --count 400 --seed 1
	@$(CLEAN_AWS) $(BIN)/python -m pytest -q tests/property --hypothesis-profile=nightly

.PHONY: storm
storm: install ## 10,000 events over 200 APIs, late, shuffled and three times each: the end is a quiet scan's
	@$(BIN)/python tests/storm.py

.PHONY: crashes
crashes: install ## kill the functions before and after every call to AWS, and resume (a minute or two)
	@$(CLEAN_AWS) $(BIN)/python tests/crashes.py

.PHONY: bench
bench: install emulator ## measure; the figures go to docs/performance.md
	@$(BIN)/python bench/handlers.py
	@$(BIN)/python bench/scans.py
	@$(BIN)/python bench/pacing.py
	@$(BIN)/python bench/engine.py
	@$(BIN)/python bench/peers.py

.PHONY: clean
clean: ## remove what was built or installed here
	@rm -rf $(VENV) .venv-* .build .import-linter.log .cache .aws-sam .mypy_cache .ruff_cache .pytest_cache .hypothesis src/*.egg-info
