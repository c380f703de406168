# Everything a fresh clone needs, with Python 3.11 or later, git and make: type "make".

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.packages
UV := uv==0.13.9

# The first Python that is new enough; "make PYTHON=..." chooses another.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$python" && break; done)

# Options of pytest or of the benchmark: "make test ARGS='-k bump'", "make bench ARGS='--apps 10,500'".
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-browser lint format validate bench bench-validate lock clean

help: ## list what make can do
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 22

setup: $(STAMP) ## install everything into .venv, and kustomize and kubeconform into the user's cache
	@$(BIN)/gitops tools install >/dev/null

# The packages are those of requirements-dev.txt, by hash; setuptools among them builds this one.
$(STAMP): pyproject.toml requirements-dev.txt
	@test -n "$(PYTHON)" || { echo 'error: Python 3.11 or later was not found; install it, or say where: make PYTHON=/path/to/python3' >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo 'error: "$(PYTHON)" is not Python 3.11 or later' >&2; exit 1; }
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || { echo 'error: "$(PYTHON)" cannot make virtual environments; on Debian and Ubuntu: apt install python3-venv' >&2; exit 1; }
	@echo 'setting up $(VENV)'
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || "$(PYTHON)" -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: setup ## bump an app in a temporary clone: the commit, the rendered diff, a refusal
	@PATH="$$PWD/$(BIN):$$PATH" sh scripts/demo.sh

test: setup ## run all tests
	@PATH="$$($(BIN)/gitops tools path):$$PATH" $(BIN)/python -m pytest -n auto $(ARGS)

test-browser: setup ## test the report in a real Chromium, which is installed if that is possible
	@sh scripts/browser.sh $(BIN)/python
	@PATH="$$($(BIN)/gitops tools path):$$PATH" GITOPS_TEST_BROWSER=1 $(BIN)/python -m pytest tests/browser $(ARGS)

lint: $(STAMP) ## check style, types and layers
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(STAMP) ## format the code
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

validate: setup ## render and validate apps/ and argocd/, with both schema engines
	$(BIN)/gitops validate --engine kubeconform
	$(BIN)/gitops validate --engine embedded

# Installed as people install it: an editable install alone takes 10 ms of each run.
bench: build/bench ## compare a bump with the shell script it replaces
	@PATH="$$($(BIN)/gitops tools path):$$PATH" build/bench/bin/python benchmarks/bump.py $(ARGS)

bench-validate: build/bench ## compare a validation with find, xargs, kustomize and kubeconform
	@PATH="$$($(BIN)/gitops tools path):$$PATH" build/bench/bin/python benchmarks/validate.py $(ARGS)

# An installed copy, as users have it.
.PHONY: build/bench
build/bench: setup
	@rm -rf build/bench build/lib
	@$(BIN)/python -m venv build/bench
	@build/bench/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@build/bench/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation .

lock: $(STAMP) ## write the requirements*.txt anew from pyproject.toml
	@$(BIN)/python -m venv build/lock
	@build/lock/bin/pip install --quiet --disable-pip-version-check $(UV)
	@build/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --group dev \
		--custom-compile-command 'make lock' --output-file requirements-dev.txt pyproject.toml
	@build/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--custom-compile-command 'make lock' --constraint requirements-dev.txt --output-file requirements.txt pyproject.toml
	@build/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --group pyproject.toml:browser \
		--custom-compile-command 'make lock' --constraint requirements-dev.txt --output-file requirements-browser.txt

clean: ## remove what these commands made in the checkout
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
