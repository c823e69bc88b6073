# make run    the main job on a bundled example        make test   the tests
# make check  lint, types, layers and docs             make help   the rest
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help run test soak bench bench-inference lint types layers docs check itself setup reference pictures clean
.SUFFIXES:

BIN := .venv/bin
PYTEST_ARGS ?=
# One more than there are cores: many tests wait for processes that they started.
WORKERS = $(shell $(BIN)/python -c 'import os; print(min(8, (os.cpu_count() or 1) + 1))')
# A stamp lies in .venv, so it goes when .venv goes.
CORE := .venv/.made-core
TOOLS := .venv/.made-tools
INPUTS := pyproject.toml constraints.txt tools/make_venv.sh

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

$(CORE): $(INPUTS)
	@tools/make_venv.sh test
	@touch $@

$(TOOLS): $(INPUTS)
	@tools/make_venv.sh test lint docs
	@touch $(CORE) $@

setup: $(TOOLS) ## Make .venv with everything that developers use

run: $(CORE) ## Review four example branches and show the table (agency try)
	@$(BIN)/agency try

test: $(CORE) ## Run the tests, a sample of the slow ones included
	@$(BIN)/pytest -n $(WORKERS) --dist worksteal -m "not soak" $(PYTEST_ARGS)

soak: $(CORE) ## Run the slow fuzz, soak and fault-injection tests
	@$(BIN)/pytest -n auto --maxprocesses 8 -m soak --timeout 1800 $(PYTEST_ARGS)
	@$(BIN)/pytest -n auto --maxprocesses 8 -m "not soak" --timeout 1800 --hypothesis-profile thorough \
		tests/unit/arbitration tests/unit/attestation tests/unit/ledger tests/unit/spec $(PYTEST_ARGS)

bench: $(CORE) ## Measure, write benchmarks/results/*.json and show the table
	@$(BIN)/python -m benchmarks $(BENCH_ARGS)

bench-inference: $(CORE) ## Measure inference against naive llama.cpp (some 30 minutes), and draw it
	@$(BIN)/python -m benchmarks inference inference_growth inference_prefill
	@$(BIN)/python -m tools.inference_picture

lint: $(TOOLS) ## ruff: rules and format
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(TOOLS) ## mypy --strict over product, tests and benchmarks
	@$(BIN)/mypy

layers: $(TOOLS) ## import-linter: imports only point down
	@$(BIN)/lint-imports

docs: $(TOOLS) ## Build the documentation into site/, strictly
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

check: lint types layers docs ## lint, types, layers, docs

itself: $(TOOLS) ## Review this project by its own spec, policy and gates
	@tools/review_itself.sh

reference: $(TOOLS) ## Write the generated reference pages anew
	@$(BIN)/python -m tools.reference_pages

pictures: $(TOOLS) ## Make the documentation's pictures anew from real runs
	@$(BIN)/python -m tools.pictures

clean: ## Remove .venv and everything built
	rm -rf .venv site build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
