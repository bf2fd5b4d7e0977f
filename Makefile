VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

# Tests start commands by the hundred: each would compile all that it imports anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup demo test lint types contracts chromium unit trial chaos soak fuzz bench lock audit clean

help:
	@echo "make demo   set up, then update the example fleet in the embedded sandbox"
	@echo "make test   set up, then lint, types, import contracts and all tests"
	@echo "make trial  set up, then kill and take back ten runs over thousands of targets, twice (minutes)"
	@echo "make chaos  set up, then 50 rounds of kills, full disks and bad networks (minutes)"
	@echo "make soak   set up, then half an hour of faults: memory, open files, outcomes"
	@echo "make fuzz   set up, then bad input by the hundred thousand, and under atheris where it runs (an hour)"
	@echo "make bench  set up, then every benchmark (an hour)"
	@echo "make lock   pin the newest dependencies that pyproject.toml admits"
	@echo "make audit  look for known vulnerabilities in what is pinned"

setup: $(STAMP)

$(STAMP): requirements.lock pyproject.toml
	python3 -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	@touch $(STAMP)

demo: setup
	@BIN=$(BIN) sh examples/demo.sh

test: lint types contracts unit

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup
	$(BIN)/mypy

contracts: setup
	$(BIN)/lint-imports

chromium:
	@sh tests/e2e/chromium.sh

unit: setup chromium
	$(BIN)/python -m pytest

trial: setup
	BULKEIC_SEEDS=$${BULKEIC_SEEDS:-10} BULKEIC_FUNCTIONS=$${BULKEIC_FUNCTIONS:-2000} \
	  $(BIN)/python -m pytest --numprocesses=0 --quiet --capture=no tests/e2e/test_rollback.py -k cut_short

chaos: setup
	BULKEIC_REAL=1 BULKEIC_ROUNDS=$${BULKEIC_ROUNDS:-50} $(BIN)/python -m pytest --numprocesses=3 --quiet tests/chaos

soak: setup
	$(BIN)/python benchmarks/soak.py

fuzz: setup
	BULKEIC_EXAMPLES=$${BULKEIC_EXAMPLES:-100000} $(BIN)/python -m pytest --quiet tests/fuzz
	BIN=$(BIN) SECONDS_EACH=$${SECONDS_EACH:-60} sh tests/fuzz/guided.sh

bench: setup
	$(BIN)/python benchmarks/ingest.py
	$(BIN)/python benchmarks/quota.py
	$(BIN)/python benchmarks/rollout.py
	$(BIN)/python benchmarks/lanes.py
	$(BIN)/python benchmarks/lanes.py --scale
	$(BIN)/python benchmarks/throughput.py
	$(BIN)/python benchmarks/throughput.py --scale
	$(BIN)/python benchmarks/profile.py
	$(BIN)/python benchmarks/sandbox.py
	$(BIN)/python benchmarks/latency.py
	$(BIN)/python benchmarks/limits.py
	$(BIN)/python benchmarks/comparisons.py

.PHONY: reference
reference: setup
	$(BIN)/python -m bulkeic.cli.reference > docs/reference/commands.md

lock:
	python3 -m venv .lock-venv
	.lock-venv/bin/python -m pip install --quiet --disable-pip-version-check pip-tools
	CUSTOM_COMPILE_COMMAND="make lock" .lock-venv/bin/pip-compile --quiet --upgrade --strip-extras --allow-unsafe \
	  --generate-hashes --no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
	  --extra test --output-file requirements.lock pyproject.toml
	echo pip-audit | CUSTOM_COMPILE_COMMAND="make lock" .lock-venv/bin/pip-compile --quiet --upgrade --strip-extras \
	  --allow-unsafe --generate-hashes --no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
	  --output-file audit.lock -
	rm -rf .lock-venv

# pip-audit has a venv and a lock of its own: it brings some thirty packages that nobody who works
# on bulkeic needs, and its bounds would otherwise hold back those of the tests.
audit:
	python3 -m venv .audit-venv
	.audit-venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r audit.lock
	.ci/audit .audit-venv/bin/pip-audit
	rm -rf .audit-venv

clean:
	rm -rf $(VENV) .audit-venv .lock-venv .mypy_cache .pytest_cache .ruff_cache .hypothesis .fuzz .fuzz-packages dist
