# Everything that sting's developers and users run, by name.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
CONSTRAINTS ?= constraints.txt
PIP := $(BIN)/python -m pip install --disable-pip-version-check -q -c $(CONSTRAINTS)
# With ib-async in the place of ibkr it runs on that library.
EXTRAS ?= alpaca,ibkr
# Many tests wait for processes: four workers fill two cores.
WORKERS ?= 4
SEEDS ?= 500
FIRST ?= 1
# Mutants of a file.
LIMIT ?= 100
TO ?= docs/summaries/MUTANTS.md
# Of a night: bars of each of ten symbols, mutants of a file.
BARS ?= 1000000
MUTANTS ?= 0
# The seed of property tests: a failure is the same for everybody who runs them.
DRAW ?= 0

.PHONY: audit docs run test coverage nightly test-slow test-ib-async test-sandbox simulate check format bench bench-peers guard picture clean help

help:  ## What there is.
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo 'sting needs Python 3.11 or newer: make PYTHON=python3.12 ...' >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/run.stamp: $(BIN)/python pyproject.toml constraints.txt
	$(PIP) -e '.[$(EXTRAS)]'
	@touch $@

$(VENV)/dev.stamp: $(VENV)/run.stamp
	$(PIP) -e '.[$(EXTRAS),dev]'
	@touch $@

run: $(VENV)/run.stamp  ## Opens the demo workstation.
	@$(BIN)/sting-tui --demo

test: $(VENV)/dev.stamp  ## The whole suite but what is marked slow.
	$(BIN)/python -m pytest -q -n $(WORKERS) -m 'not slow' \
		--hypothesis-seed=$(DRAW) --cov --cov-report=term tests/unit
	$(BIN)/python -m pytest -q -n $(WORKERS) -m 'not slow' \
		--hypothesis-seed=$(DRAW) tests/integration

coverage: $(VENV)/dev.stamp  ## Coverage of sting and tui by all tests but slow ones.
	MEASURE=all $(BIN)/python -m pytest -q -n $(WORKERS) -m 'not slow' \
		--hypothesis-seed=$(DRAW) --cov=sting --cov=tui --cov-report=term \
		tests/unit tests/integration

test-slow: $(VENV)/dev.stamp  ## What is marked slow.
	$(BIN)/python -m pytest -q -m slow

test-ib-async: .ib_async/constraints.txt  ## The tests of IB on ib_async, in an environment of its own.
	@$(MAKE) --no-print-directory VENV=.ib_async EXTRAS=alpaca,ib-async \
		CONSTRAINTS=$< with-ib-async

# It wants time zones of 2025.
.ib_async/constraints.txt: constraints.txt
	@mkdir -p $(@D)
	@sed 's/^tzdata==.*/tzdata==2025.3/' $< > $@

.PHONY: with-ib-async
with-ib-async: $(VENV)/dev.stamp
	@! $(BIN)/python -c 'import ib_insync' 2>/dev/null
	$(BIN)/python -m pytest -q -n $(WORKERS) -m 'not slow' tests/unit/broker/ibkr \
		tests/unit/data/sources/test_ibkr.py

mutants:  ## Scores the tests of sting/risk by mutants: FILES of it, LIMIT a file.
	@$(MAKE) --no-print-directory VENV=.mutants with-mutmut

.PHONY: mutants with-mutmut
with-mutmut: $(VENV)/dev.stamp
	$(PIP) mutmut==3.8.1
	$(BIN)/python tools/mutants.py --limit $(LIMIT) \
		--to $(TO) $(FILES)

test-sandbox: $(VENV)/dev.stamp  ## The suite for brokers, at play-money accounts.
	$(BIN)/python -m pytest -q tests/sandbox/sandbox_brokers.py

brokers: $(VENV)/dev.stamp  ## The table of scenarios by broker.
	$(BIN)/python -m tests.brokers.table docs/summaries/BROKERS.md

# At night all is drawn anew; what fails says its seed.
nightly: SEEDS = 20000
nightly: FIRST = $(shell date +%y%j)00001
nightly: $(VENV)/dev.stamp  ## Everything, with a page in build/nightly: SEEDS, BARS, ONLY.
	@$(BIN)/python tools/nightly.py --seeds $(SEEDS) --first $(FIRST) \
		--bars $(BARS) --workers $(WORKERS) --mutants $(MUTANTS) \
		$(if $(TOPICS),--topics $(TOPICS)) $(if $(ONLY),--only $(ONLY))

simulate: $(VENV)/run.stamp  ## Simulates SEEDS seeds from FIRST on.
	@$(BIN)/python -m sting.testing.simulation --seeds $(SEEDS) \
		--first $(FIRST) --workers $(WORKERS) $(if $(BROKER),--broker $(BROKER))

check: $(VENV)/dev.stamp  ## ruff, format, mypy strict, import-linter.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/dev.stamp  ## Lets ruff mend what it can.
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/run.stamp  ## What the project claims about speed.
	$(BIN)/python -m benchmarks

bench-peers: $(VENV)/run.stamp  ## sting beside other engines, in one run.
	$(BIN)/python -m benchmarks.peers $(if $(NEWER),--newer $(NEWER))

docs: $(VENV)/run.stamp  ## The documentation with the API as a site, in site/.
	$(PIP) -e '.[$(EXTRAS),docs]'
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict -q

audit: $(VENV)/dev.stamp  ## Known faults of the dependencies; asks a service.
	$(PIP) pip-audit==2.10.1
	$(BIN)/pip-audit -r $(CONSTRAINTS) --no-deps --disable-pip

guard: $(VENV)/run.stamp  ## Fails where a hot part has become slower.
	$(BIN)/python -m benchmarks.guard

picture: $(VENV)/run.stamp  ## Draws the picture of the terminal in the README.
	$(BIN)/python tools/picture.py docs/workstation.svg

clean:  ## Removes the environment and what the tools leave behind.
	rm -rf $(VENV) .ib_async .mutants mutants dist build site .mypy_cache .ruff_cache .pytest_cache \
		.hypothesis .import_linter_cache .coverage .coverage.* htmlcov
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
