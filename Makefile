# What people do with this repository. `make` alone lists it. Needs Python 3.11 or later, and make (3.81 is enough).

SHELL := /bin/sh
# The demo and the tests start many processes: without kept bytecode each would compile all its libraries anew.
unexport PYTHONDONTWRITEBYTECODE
BIN := .venv/bin
INSTALLED := .venv/.installed
# The first of these that is Python 3.11 or later; say `make PYTHON=...` to choose another.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$p" && break; done)

# Seconds for the whole replay (empty: two days at DEMO_RATE), how fast the demo's clock runs, and `other` to
# take free ports in place of those that are taken. `make demo DEMO_SECONDS=60`
DEMO_SECONDS ?=
DEMO_RATE ?=
DEMO_PORTS ?=

# The breaking machine. SEEDS: how many; FIRST: from which; SEED='13 16': these alone; SIZE: small or normal; MUTANT: a mend
# to take out; MINUTES: when to begin no more; RESUME=1: leave out those with a result. `make torture SEEDS=8 FIRST=100 SIZE=small`
SEEDS ?= 40
FIRST ?= 1
SEED ?=
SIZE ?= normal
MUTANT ?=
MINUTES ?=
RESUME ?=

TEST_WORKERS ?= 2
COMPILE = $(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --fork-strategy fewest --quiet \
	--generate-hashes --no-annotate --no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock'

.PHONY: help venv install demo run servers servers-stop schema test torture mutants lint format translations model bench screenshots lock clean

help: ## List the targets
	@grep -E '^[a-z-]+:.*## ' Makefile | sed -E 's/^([a-z-]+):.*## /\1|/' | \
		while IFS='|' read -r name what; do printf '  make %-13s %s\n' "$$name" "$$what"; done

install: $(INSTALLED) ## Make .venv with everything pinned (development included); quick when nothing changed

venv: install

# uv, itself pinned, installs in seconds; where it cannot (a mirror that only pip knows), pip does the same.
$(INSTALLED): requirements-dev.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later is needed: install it, or say make PYTHON=/path/to/python" >&2; exit 1; }
	@$(BIN)/python -c '' 2>/dev/null || { rm -rf .venv; echo "Making .venv with $(PYTHON)"; $(PYTHON) -m venv .venv; }
	@awk '/^[a-z]/ { wanted = /^uv==/ } wanted' requirements-dev.txt > .venv/uv.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r .venv/uv.txt
	VIRTUAL_ENV=.venv $(BIN)/uv pip install --require-hashes --no-deps -r requirements-dev.txt || \
		$(BIN)/python -m pip install --disable-pip-version-check --require-hashes --no-deps -r requirements-dev.txt
	VIRTUAL_ENV=.venv $(BIN)/uv pip install --quiet --no-deps --editable . || \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

demo: $(INSTALLED) ## Replay a snow storm on real servers (DEMO_SECONDS=60 fits it into a minute)
	@DEMO_SECONDS='$(DEMO_SECONDS)' DEMO_RATE='$(DEMO_RATE)' DEMO_PORTS='$(DEMO_PORTS)' \
		exec $(BIN)/python -m scripts.demo

run: $(INSTALLED) ## Run all processes with your own MongoDB and Kafka (settings in .env)
	@test -f .env || { echo "No .env: cp .env.example .env, then set MONGODB_URI and KAFKA_BOOTSTRAP_SERVERS in it" >&2; exit 1; }
	@PATH="$(CURDIR)/$(BIN):$$PATH" PORT="$${PORT:-8080}" exec $(BIN)/honcho --env .env start

servers: $(INSTALLED) ## Start a local replica set and broker for `make run`, in the background
	@$(BIN)/python -m scripts.mongo_replset start
	@$(BIN)/python -m scripts.kafka start

servers-stop: $(INSTALLED) ## Stop what `make servers` started
	@$(BIN)/python -m scripts.kafka stop
	@$(BIN)/python -m scripts.mongo_replset stop

schema: $(INSTALLED) ## Create collections, indexes and topics where .env points (safe to repeat)
	@$(BIN)/gatecall schema
	@$(BIN)/gatecall topics

test: lint ## Check style and types, run every test that can run here, print the coverage
	@$(BIN)/coverage erase
	@failed=0; $(BIN)/coverage run -m pytest -n $(TEST_WORKERS) --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS) || failed=$$?; \
		$(BIN)/coverage combine --quiet && $(BIN)/coverage report; exit $$failed

torture: $(INSTALLED) ## Break the running system seed by seed (SEEDS=40 FIRST=1; needs Java 17; docs/reliability.md)
	@exec $(BIN)/python -m tests.torture --seeds '$(SEEDS)' --first '$(FIRST)' --size '$(SIZE)' $(SEED:%=--seed %) \
		$(if $(MUTANT),--mutant '$(MUTANT)') $(if $(MINUTES),--minutes '$(MINUTES)') $(if $(RESUME),--resume)

mutants: $(INSTALLED) ## Take one mend of the protocol out after the other; the machine must find each
	@exec $(BIN)/python -m tests.torture.mutation

lint: $(INSTALLED) ## Check style and types alone
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(INSTALLED) ## Put the code into its form
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

translations: $(INSTALLED) ## Bring the files of the languages up to the sentences in the code
	@$(BIN)/python -m scripts.translations

model: $(INSTALLED) ## Search the protocol's model for anything false, lost or said twice, and without each of its steps
	@exec $(BIN)/python docs/model $(MODEL)

bench: $(INSTALLED) ## Measure against raw limits, on Apache Kafka (needs Java 17; not part of the tests)
	@exec $(BIN)/python -m benchmarks $(BENCH)

screenshots: $(INSTALLED) ## Take the README's pictures with a headless Chromium
	@exec $(BIN)/python -m scripts.screenshots

lock: $(INSTALLED) ## Pin the requirements anew from pyproject.toml (UPGRADE=1: to the newest versions)
	$(COMPILE) $(if $(UPGRADE),--upgrade) --output-file requirements.txt
	$(COMPILE) $(if $(UPGRADE),--upgrade) --group dev --constraint requirements.txt --output-file requirements-dev.txt

clean: ## Remove .venv, caches and reports (the data of `make servers` stays in .local)
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis htmlcov .coverage .coverage.* build dist *.egg-info
	find app watchers consumers scripts tests benchmarks -name __pycache__ -prune -exec rm -rf {} +
