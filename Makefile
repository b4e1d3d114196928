# Two commands set everything up on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
BIN := .venv/bin
BUNDLE := --bundle --minify --format=iife --target=es2022 --charset=utf8 --log-level=warning
INSTALL := $(BIN)/python tests/install.py

# A suite of many processes: none but the first compiles a module.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo quick test test-main test-instructor test-clusters test-browser test-typescript page search \
	environments lowest check lint lint-style lint-types lint-users docs bench clean

demo: .venv/.local
	@$(BIN)/fieldconf local fetch
	$(BIN)/fieldconf extract examples/ticket.py:Ticket examples/ticket.txt

# After `make environments`, the parts can run at the same time: `make -j2 --output-sync test`.
test: test-main test-instructor test-clusters test-browser test-typescript

test-main: .venv/.test
	@$(BIN)/fieldconf local fetch || echo "no weights: the tests of the embedded model will be skipped"
	$(BIN)/python -m pytest -n auto --dist worksteal --ignore=tests/clusters --ignore=tests/browser \
		--ignore=tests/test_typescript.py \
		--ignore=tests/clients/test_client_instructor.py --ignore=tests/test_typing.py

# For daily work: few examples of each law, and no tests of other environments.
quick: .venv/.test
	$(BIN)/python -m pytest -n auto --dist worksteal --hypothesis-profile=fast \
		--ignore=tests/clusters --ignore=tests/browser \
		--ignore=tests/test_typescript.py \
		--ignore=tests/clients/test_client_instructor.py --ignore=tests/test_typing.py

test-instructor: .venv/instructor/.ready
	.venv/instructor/bin/python -m pytest tests/clients/test_client_instructor.py

test-clusters: .venv/clusters/.ready
	.venv/clusters/bin/python -m pytest tests/clusters

# Pages in headless Chromium; where there is none, one line says so.
test-browser: .venv/browser/.ready
	@if $(BIN)/python tests/browser/environment.py; then \
		$(BIN)/python -m pytest -n auto --dist loadfile tests/browser; fi

# The committed script of the page, from its TypeScript.
page: .venv/browser/.ready
	.venv/browser/node_modules/.bin/tsc -p fieldconf/page/script
	.venv/browser/node_modules/.bin/esbuild fieldconf/page/script/page.ts $(BUNDLE) \
		--outfile=fieldconf/page/page.js

# The AI SDK's packages from npm; where they are missing, the tests are skipped and say so.
test-typescript: .venv/.test .venv/typescript/.ready
	$(BIN)/python -m pytest tests/test_typescript.py

# What the tests and the linters run in; with -j3, all at the same time.
environments: .venv/.test .venv/.dev .venv/instructor/.ready .venv/clusters/.ready \
	.venv/browser/.ready .venv/typescript/.ready .venv/docs/.ready

lowest: .venv/lowest/.ready
	.venv/lowest/bin/python -m pytest -n auto

# The laws on examples that nobody has drawn yet; what fails becomes a fixed counterexample.
search: .venv/.test
	$(BIN)/python -m pytest -n auto --hypothesis-profile=search tests/property

lint: lint-style lint-types lint-users

lint-style: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

lint-types: .venv/.dev
	$(BIN)/pyright

# What type checkers know of the library in the code of its users.
lint-users: .venv/.dev
	$(BIN)/python -m pytest -q tests/test_typing.py

check: lint test

# The documentation as a site, in site/; a warning is an error, and so is a broken link, or a page
# that would have a browser fetch something from elsewhere.
docs: .venv/docs/.ready
	.venv/docs/bin/python docs/generate_commands.py
	.venv/docs/bin/zensical build --strict --clean
	@! grep -rE '<(script|link|img|iframe)[^>]* (src|href)="https?:' site --include='*.html'

bench: .venv/.bench
	$(BIN)/python bench/run.py

clean:
	rm -rf .venv bench/.envs site

# One environment; a stamp for each set of packages that was installed into it.
.venv/bin/python:
	@$(PYTHON) -c "import sys; sys.exit(0 if sys.version_info >= (3, 11) else 'Python 3.11 or newer is needed: make PYTHON=python3.11')"
	$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv || echo "no uv: pip is slower"

# `demo` needs what users need, an extra; all else is for developers, a dependency group.
.venv/.local: pyproject.toml | .venv/bin/python
	$(INSTALL) .venv -e ".[local]"
	@touch $@

.venv/.%: pyproject.toml | .venv/bin/python
	$(INSTALL) .venv -e . --group $*
	@touch $@

# Not at the same time, for both are installed into one environment.
.venv/.dev: | .venv/.test

# Another one, for the client that cannot be installed beside the others.
.venv/instructor/.ready: pyproject.toml | .venv/bin/python
	$(PYTHON) -m venv --without-pip .venv/instructor
	$(INSTALL) .venv/instructor -e . --group clients-instructor
	@touch $@

# One more, for the engines of clusters: heavy, and no business of the other tests.
.venv/clusters/.ready: pyproject.toml | .venv/bin/python
	$(PYTHON) -m venv --without-pip .venv/clusters
	$(INSTALL) .venv/clusters -e . --group clusters
	@touch $@

# What builds the site: no business of the tests either.
.venv/docs/.ready: pyproject.toml | .venv/bin/python
	$(PYTHON) -m venv --without-pip .venv/docs
	$(INSTALL) .venv/docs -e . --group docs
	@touch $@

# Packages of Node: axe-core, and what builds the page's script. Without Node or a network, the
# browser tests are skipped.
.venv/browser/.ready: tests/browser/package.json tests/browser/package-lock.json | .venv/.test
	@mkdir -p $(@D)
	@cp tests/browser/package.json tests/browser/package-lock.json tests/browser/.npmrc $(@D)
	@if (cd $(@D) && npm ci --silent); then touch $@; else echo "no packages of Node"; fi

# Versions of the AI SDK, and the TypeScript compiler.
.venv/typescript/.ready: tests/typescript/package.json tests/typescript/package-lock.json | .venv/.test
	@mkdir -p $(@D)
	@cp tests/typescript/package.json tests/typescript/package-lock.json tests/typescript/.npmrc $(@D)
	@if command -v npm > /dev/null && (cd $(@D) && npm ci --silent); then touch $@; \
		else echo "no packages from npm: tests/test_typescript.py will be skipped"; fi

# And one with the lowest versions that pyproject.toml allows.
.venv/lowest/.ready: pyproject.toml tests/floors.py | .venv/bin/python
	$(PYTHON) -m venv --clear --without-pip .venv/lowest
	$(BIN)/python tests/floors.py > .venv/lowest/floors.txt
	$(INSTALL) .venv/lowest --only-binary :all: -r .venv/lowest/floors.txt -e .
	@touch $@
