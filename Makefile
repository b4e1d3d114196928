# Two commands set everything up on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test search environments lowest check lint bench clean

demo: .venv/.local
	@$(BIN)/fieldconf local fetch
	$(BIN)/fieldconf extract examples/ticket.py:Ticket examples/ticket.txt

test: environments
	@$(BIN)/fieldconf local fetch || echo "no weights: the tests of the embedded model will be skipped"
	$(BIN)/python -m pytest -n auto --ignore=tests/clusters --ignore=tests/clients/test_client_instructor.py
	.venv/instructor/bin/python -m pytest tests/clients/test_client_instructor.py
	.venv/clusters/bin/python -m pytest tests/clusters

# What the tests run in; with -j3, all at the same time.
environments: .venv/.test .venv/instructor/.ready .venv/clusters/.ready

lowest: .venv/lowest/.ready
	.venv/lowest/bin/python -m pytest -n auto

# The laws on examples that nobody has drawn yet; what fails becomes a fixed counterexample.
search: .venv/.test
	$(BIN)/python -m pytest -n auto --hypothesis-profile=search tests/property

lint: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/python -m pytest -q tests/test_typing.py

check: lint test

bench: .venv/.bench
	$(BIN)/python bench/run.py

clean:
	rm -rf .venv bench/.envs

# One environment; a stamp for each set of extras that was installed into it.
.venv/bin/python:
	@$(PYTHON) -c "import sys; sys.exit(0 if sys.version_info >= (3, 11) else 'Python 3.11 or newer is needed: make PYTHON=python3.11')"
	$(PYTHON) -m venv .venv

.venv/.%: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[$*]"
	@touch $@

# Another one, for the client that cannot be installed beside the others.
.venv/instructor/.ready: pyproject.toml | .venv/bin/python
	$(PYTHON) -m venv .venv/instructor
	.venv/instructor/bin/python -m pip install --quiet --disable-pip-version-check -e ".[clients-instructor]"
	@touch $@

# One more, for the engines of clusters: heavy, and no business of the other tests.
.venv/clusters/.ready: pyproject.toml | .venv/bin/python
	$(PYTHON) -m venv .venv/clusters
	.venv/clusters/bin/python -m pip install --quiet --disable-pip-version-check -e ".[clusters]"
	@touch $@

# And one with the lowest versions that pyproject.toml allows.
.venv/lowest/.ready: pyproject.toml tests/floors.py | .venv/bin/python
	$(PYTHON) -m venv --clear .venv/lowest
	$(BIN)/python tests/floors.py > .venv/lowest/floors.txt
	.venv/lowest/bin/python -m pip install --quiet --disable-pip-version-check --only-binary :all: -r .venv/lowest/floors.txt -e .
	@touch $@
