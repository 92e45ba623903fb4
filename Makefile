# One verb each. `make help` lists them; the text behind ## is what it shows.
PYTHON ?= python3
LAB_ARGS ?=
# One notebook stays with one worker, so that its cells share a kernel.
PARALLEL ?= --numprocesses 2 --dist loadfile
TEST_ARGS ?=
BENCH_ARGS ?= compare ps1 --count 100

ifeq ($(OS),Windows_NT)
BIN := .venv/Scripts
else
BIN := .venv/bin
endif
COURSE := $(BIN)/python -m backend_course

.DEFAULT_GOAL := help
.PHONY: help env lab grade progress review test check norm nav lint release new lock bench clean

help: ## list the verbs
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | awk -F'\t' '{printf "  make %-10s %s\n", $$1, $$2}'

env: ## make or mend the virtual environment .venv
	@$(PYTHON) src/backend_course/bootstrap.py

lab: env ## open the course in JupyterLab (LAB_ARGS="--no-browser --port 8888")
	@$(COURSE) lab -- $(LAB_ARGS)

grade: env ## grade your own work/ on this laptop (ONLY=03-2-joins for one assignment)
	@$(COURSE) own-grade $(ONLY)

progress: env ## see how far you are, and what comes next (STEP=3 for one step)
	@$(COURSE) progress $(STEP)

review: env ## answer up to five questions that are due again (LESSONS="3.2 3.3": read those too)
	@$(COURSE) review $(LESSONS)

test: env ## pass every test (TEST_ARGS="-k sql" for some)
	@$(BIN)/python -m pytest $(PARALLEL) --nbval --nbval-current-env tests course $(TEST_ARGS)

check: env ## see whether all that is generated or canonical is so; writes nothing
	@$(COURSE) check

norm: env ## write the canonical form (NOTEBOOK=path for one; runs lessons)
	@$(COURSE) norm $(NOTEBOOK)

nav: env ## write bars, header lines, the index and README's map from course/syllabus.yml
	@$(COURSE) nav

lint: env ## hold notebooks to the house style (NOTEBOOK=path for one)
	@$(COURSE) lint $(NOTEBOOK)

release: env ## generate release/ from source/ (ONLY=03-2-joins for one assignment)
	@$(COURSE) release $(ONLY)

new: env ## start a lesson or an assignment that the syllabus lists (WHAT=3.6 or WHAT=03-3)
	@$(COURSE) new $(WHAT)

lock: env ## resolve pyproject.toml into requirements.lock again (needs uv)
	@$(COURSE) lock

bench: env ## time grading against stock nbgrader (BENCH_ARGS="compare ps1 --count 20")
	@$(BIN)/python benchmarks/grading.py $(BENCH_ARGS)

clean: ## remove what can be made again; your work/ and marks stay
	@rm -rf .venv .pytest_cache .ruff_cache .ipynb_checkpoints build src/*.egg-info
