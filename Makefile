# make run · make up · make test · make lint: each sets up what it needs. Python 3.11 and make are enough.
PYTHON ?= python3.11
BIN := .venv/bin
# Without .pyc files every task of Airflow imports for two seconds more.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help run up test thorough lint prove bench platforms format clean distclean

help:  ## this list
	@sed -n 's/^\([a-z]*\):.*## /make \1	/p' $(MAKEFILE_LIST)

run: .venv/.run  ## one night through Airflow: read, load, build, publish; ends with a summary
	@$(BIN)/daybook night

up: .venv/.run  ## Airflow on its schedule with its UI, and the sandbox; Ctrl-C stops all
	@$(BIN)/daybook up

test: .venv/.dev  ## the tests; ARGS="tests/dags -k pool" picks some
	$(BIN)/python -m pytest -n 2 --dist loadfile $(ARGS)

thorough: .venv/.dev  ## the tests that `make test` leaves out: more streams, more draws, whole files
	$(BIN)/python -m pytest -n 2 --dist loadfile -m thorough $(ARGS)

lint: .venv/.dev  ## ruff, the type checker and sqlfluff (SQL as dbt compiles it: ten minutes)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	@mkdir -p .airflow/lint && DAYBOOK_BUILD="$$PWD/.airflow/lint" $(BIN)/sqlfluff lint dbt_project/models

prove: .venv/.dev  ## the experiments behind the claims: ARGS="kills readers --share 0.05" picks some, smaller
	$(BIN)/python -m prove $(ARGS)

bench: .venv/.dev  ## what the main jobs cost: ARGS="files", "run" or "night" for one of them
	$(BIN)/python -m bench $(ARGS)

platforms: .venv/.run  ## count what each platform is made of: docs/platforms.md
	$(BIN)/python docs/platforms.py

format: .venv/.dev  ## let ruff format the Python code
	$(BIN)/ruff format .

clean:  ## remove what runs made: data and Airflow's home (asks no question)
	rm -rf data .airflow dbt_project/target dbt_project/logs logs .pytest_cache .mypy_cache .ruff_cache .hypothesis

distclean: clean  ## and the virtual environment
	rm -rf .venv

# The stamps depend on the locks: a changed lock installs again. dev.lock holds all of run.lock.
.venv/.run: requirements/run.lock pyproject.toml
	@PYTHON="$(PYTHON)" sh requirements/install.sh requirements/run.lock
	@touch $@

.venv/.dev: requirements/dev.lock pyproject.toml
	@PYTHON="$(PYTHON)" sh requirements/install.sh requirements/dev.lock
	@touch .venv/.run $@
