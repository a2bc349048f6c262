# Every target sets itself up in .venv; nothing is needed but Python 3.11 or newer and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help venv demo test fast slow platforms platforms-record attack faults fuzz mutants lint typecheck format golden record screenshots bench bench-compare reference docs clean

help: ## what can be made (this list)
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1	\2/p' $(MAKEFILE_LIST) | while IFS='	' read -r name text; do printf '  %-13s %s\n' "$$name" "$$text"; done

venv: $(READY) ## the virtual environment with everything that is needed to work on migrator

$(READY): pyproject.toml .ci/constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit("migrator needs Python 3.11 or newer: make PYTHON=python3.12 ..." if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c .ci/constraints.txt -e ".[dev]"
	@touch $@

DEMO := $(if $(wildcard $(READY)),$(VENV),build/demo)

demo: $(DEMO)/.ready ## the whole story on local simulators: audit, plan, apply, verify, cutover, and a plan that is empty
	$(DEMO)/bin/migrator demo

build/demo/.ready: pyproject.toml .ci/constraints.txt
	$(PYTHON) -m venv --clear build/demo
	build/demo/bin/python -m pip install --quiet --disable-pip-version-check -c .ci/constraints.txt -e ".[sandbox]"
	@touch $@

test: lint typecheck fast slow ## everything that must hold, offline: style, types, the fast suite, the long proofs

fast: $(READY) ## the fast suite, about three minutes on two cores
	$(BIN)/python -m pytest -q -n 2 -m "not slow and not platforms"

slow: $(READY) ## the long proofs: every pair of platforms, faults at every request, random sequences, kills, a thousand cutovers, PostgreSQL, terminals, a year of nights
	$(BIN)/python -m pytest -q -n 2 --dist worksteal -m slow

platforms: $(READY) ## tests on software of others, all or PARTS="github devinai": servers, parsers, clients, a proxy; installs it into build/platforms; under 20 minutes
	@$(BIN)/python -m tests.platforms.installer $(PARTS) || true  # a part that is missing is skipped, and says so
	$(BIN)/python -m pytest -q -n 4 --dist loadfile -m platforms -rfE $(addprefix tests/platforms/,$(or $(PARTS),.))

platforms-record: $(READY) ## the same, and keep what was measured as the evidence that README.md and docs/evidence.md show
	MIGRATOR_PLATFORMS_REQUIRED=all MIGRATOR_RECORD_PROOFS=1 $(MAKE) platforms
	$(MAKE) reference
	MIGRATOR_UPDATE_DOCS=1 $(BIN)/python -m pytest -q -n 0 tests/test_readme.py

attack: $(READY) ## hostile answers, stopped processes, containers, a frozen PostgreSQL, full disks, flipped bits; part of slow
	$(BIN)/python -m pytest -q -rs -n 2 -m slow tests/attack

faults: $(READY) ## every fault at every request of every kind of change between every pair; takes a quarter of an hour
	MIGRATOR_FAULTS=all $(BIN)/python -m pytest -q -n 2 -m slow tests/faults/test_matrix.py

fuzz: $(READY) ## random edits, faults and lost states for longer, from a seed that it prints: EXAMPLES=2000 SEED=1
	@seed=$${SEED:-$$($(BIN)/python -c 'import random; print(random.randrange(2**32))')}; \
	echo "make fuzz SEED=$$seed EXAMPLES=$${EXAMPLES:-1000}"; \
	MIGRATOR_FUZZ=$${EXAMPLES:-1000} $(BIN)/python -m pytest -q -n 2 -m slow tests/faults/test_fuzz.py --hypothesis-seed=$$seed

mutants: $(READY) ## which guards no test misses: MODULES="migrator/recovery/reconcile.py" TESTS="tests/recovery"; slow
	$(BIN)/python -m tests.mutants $(MODULES) -- $(TESTS)

lint: $(READY) ## style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

typecheck: $(READY) ## types
	$(BIN)/mypy

format: $(READY) ## rewrite the code in the house style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

golden: $(READY) ## write the files of tests/golden again, after outputs were changed on purpose
	MIGRATOR_UPDATE_GOLDEN=1 $(BIN)/python -m pytest -q -n 0 tests/golden
	@git --no-pager diff --stat -- tests/golden

record: $(READY) ## record the cassettes again: from the simulators, or from a live platform whose credentials are set
	$(BIN)/python -m pytest -q -m vcr --record-mode=rewrite

screenshots: $(READY) ## the pictures in docs/images, in the Chromium of this machine; best with the font Inter
	$(BIN)/python -m tests.report.screenshots docs/images

reference: $(READY) ## write the generated pages and pictures of docs/
	$(BIN)/python .ci/reference.py

docs: $(READY) ## the documentation as a site, in build/site
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c .ci/constraints.txt -e ".[docs]"
	$(BIN)/mkdocs build --strict --quiet --config-file .ci/mkdocs.yml

bench: $(READY) ## the figures of benchmarks/, as ratios within one run, with other tools beside: ROUNDS=3 MOST=50000
	$(BIN)/python benchmarks/cron.py
	$(BIN)/python benchmarks/bench.py --rounds $${ROUNDS:-3} --most $${MOST:-5000} -o build/bench.json

bench-compare: $(READY) ## two runs of the benchmarks side by side: OLD=old.json NEW=build/bench.json
	@$(BIN)/python benchmarks/compare.py "$${OLD:?names the older results}" "$${NEW:-build/bench.json}"

clean: ## everything that can be made again
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +
