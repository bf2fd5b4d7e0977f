PYTHON := python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PIPELINES_VENV := .pipelines-venv
CLI_VENV := .cli-venv
CLI_STAMP := $(CLI_VENV)/.installed
TERRAFORM_VENV := .terraform-venv
TERRAFORM_STAMP := $(TERRAFORM_VENV)/.installed
DOCS_VENV := .docs-venv
DOCS_STAMP := $(DOCS_VENV)/.installed
DIST_VENV := .dist-venv
DIST_STAMP := $(DIST_VENV)/.installed

# The tests start hundreds of commands. Without cached bytecode, each would compile every import.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup demo test test-all lint types contracts hooks chromium unit aws-cli pipelines trial chaos soak \
  fuzz bench reference docs pictures man licenses dist dist-test lock audit clean

help:
	@echo "make demo      update the example fleet in the embedded sandbox, then roll it back"
	@echo "make test      lint, types, import contracts and all tests"
	@echo "make test-all  all tests on each of Python 3.11, 3.12 and 3.13 that is installed"
	@echo "make hooks     run the pre-commit hooks on all files"
	@echo "make trial     kill and roll back runs over thousands of targets, and compare discover with"
	@echo "               the AWS CLI, and import exported code (minutes)"
	@echo "make aws-cli   install the AWS CLI into $(CLI_VENV), for make trial"
	@echo "make pipelines check the files of GitHub Actions and GitLab CI/CD with ShellCheck and JSON schemas"
	@echo "make chaos     rounds of kills, full disks and bad networks (minutes)"
	@echo "make soak      half an hour under faults: memory, open files, outcomes"
	@echo "make fuzz      hundreds of thousands of bad inputs, also with atheris where it runs (an hour)"
	@echo "make bench     every benchmark (two hours)"
	@echo "make reference write docs/reference/commands.md from the declared options"
	@echo "make docs      build the website of the documentation in site/"
	@echo "make pictures  take the pictures of the documentation from real runs"
	@echo "make man       write the manual pages into dist/man; a wheel has them anyway"
	@echo "make licenses  write docs/reference/dependencies.md from the installed packages"
	@echo "make dist      build wheel, sdist, bulkeic.pyz, SBOM and checksums into dist/"
	@echo "make dist-test build them, and try each in an empty environment (minutes)"
	@echo "make lock      pin the newest dependencies that pyproject.toml allows, with hashes"
	@echo "make audit     check the pinned dependencies for known vulnerabilities"
	@echo "make clean     delete environments and caches"
	@echo "Each target sets up the environment in $(VENV) first, if it needs one."

setup: $(STAMP)

$(STAMP): requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	@touch $(STAMP)

demo: setup
	@BIN=$(BIN) sh examples/demo.sh

test: lint types contracts unit

test-all:
	.ci/test-all

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell
	$(BIN)/python -m tests.docs_check

types: setup
	$(BIN)/mypy

contracts: setup
	$(BIN)/lint-imports

hooks: setup
	$(BIN)/pre-commit run --all-files

chromium:
	@sh tests/e2e/chromium.sh

unit: setup chromium
	$(BIN)/python -m pytest

# The AWS CLI has its own environment and lock file. Only make trial needs it.
aws-cli: $(CLI_STAMP)

$(CLI_STAMP): aws-cli.lock
	$(PYTHON) -m venv $(CLI_VENV)
	$(CLI_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r aws-cli.lock
	@touch $(CLI_STAMP)

# The checkers of pipelines have their own environment and lock file.
pipelines:
	$(PYTHON) -m venv $(PIPELINES_VENV)
	$(PIPELINES_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes \
	  -r pipelines.lock
	BIN=$(PIPELINES_VENV)/bin ci/check.sh

# The provider of the tests has its own environment and lock file. Only make trial needs it.
$(TERRAFORM_STAMP): terraform.lock
	$(PYTHON) -m venv $(TERRAFORM_VENV)
	$(TERRAFORM_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes \
	  -r terraform.lock
	@touch $(TERRAFORM_STAMP)

trial: setup aws-cli $(TERRAFORM_STAMP)
	$(BIN)/python -m pytest --numprocesses=0 --quiet tests/e2e/test_discover_moto.py \
	  tests/e2e/test_sandbox.py -k aws_cli
	BULKEIC_SEEDS=$${BULKEIC_SEEDS:-10} BULKEIC_FUNCTIONS=$${BULKEIC_FUNCTIONS:-2000} \
	  $(BIN)/python -m pytest --numprocesses=0 --quiet --capture=no tests/e2e/test_rollback.py -k exact_state
	BULKEIC_FUNCTIONS=1000 BULKEIC_EXAMPLES_TIMES=20 BULKEIC_TERRAFORM_PYTHON=$(CURDIR)/$(TERRAFORM_VENV)/bin/python \
	  $(BIN)/python -m pytest --numprocesses=0 --quiet tests/e2e/test_code_export.py tests/e2e/test_stacks.py \
	  tests/e2e/test_terraform_plan.py tests/e2e/test_code_story.py tests/iac

chaos: setup
	BULKEIC_REAL=1 BULKEIC_ROUNDS=$${BULKEIC_ROUNDS:-50} $(BIN)/python -m pytest --numprocesses=3 --quiet tests/chaos \
	  tests/e2e/test_worker_parity.py tests/e2e/test_discover_workers.py tests/benchmarks/test_discover.py

soak: setup
	$(BIN)/python benchmarks/soak.py

fuzz: setup
	BULKEIC_EXAMPLES=$${BULKEIC_EXAMPLES:-100000} $(BIN)/python -m pytest --quiet tests/fuzz
	BIN=$(BIN) SECONDS_EACH=$${SECONDS_EACH:-60} sh tests/fuzz/guided.sh

bench: setup
	$(BIN)/python benchmarks/ingest.py
	$(BIN)/python benchmarks/quota.py
	$(BIN)/python benchmarks/quota.py --stray
	$(BIN)/python benchmarks/rollout.py
	$(BIN)/python benchmarks/lanes.py
	$(BIN)/python benchmarks/lanes.py --scale
	$(BIN)/python benchmarks/discover.py
	$(BIN)/python benchmarks/discover.py --scale
	$(BIN)/python benchmarks/start_up.py
	$(BIN)/python benchmarks/live_page.py
	$(BIN)/python benchmarks/cluster.py --dask
	$(BIN)/python benchmarks/throughput.py --tls
	$(BIN)/python benchmarks/throughput.py --scale
	$(BIN)/python benchmarks/profile.py
	$(BIN)/python benchmarks/profile.py --tls
	$(BIN)/python benchmarks/sandbox.py
	$(BIN)/python benchmarks/latency.py
	$(BIN)/python benchmarks/limits.py
	$(BIN)/python benchmarks/comparisons.py

reference: setup
	$(BIN)/python -m bulkeic.cli.reference > docs/reference/commands.md
	$(BIN)/python -m bulkeic.output.report.report_json > docs/reference/report.schema.json
	$(BIN)/python -m bulkeic.app.watching.event_schema > docs/reference/event.schema.json

# Sphinx has its own environment and lock file. It imports the package to read its docstrings.
$(DOCS_STAMP): docs.lock
	$(PYTHON) -m venv $(DOCS_VENV)
	$(DOCS_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r docs.lock
	@touch $(DOCS_STAMP)

docs: $(DOCS_STAMP)
	rm -rf site
	$(DOCS_VENV)/bin/python -m sphinx --quiet --fail-on-warning --keep-going --fresh-env \
	  --doctree-dir $(DOCS_VENV)/doctrees --conf-dir website . site
	$(DOCS_VENV)/bin/python website/site_check.py site
	@echo "the website is in site/; open site/index.html"

pictures: setup chromium
	$(BIN)/python -m website.pictures

man: setup
	$(BIN)/python -m bulkeic.cli.man_pages dist/man

# The build tools have their own environment and lock file.
$(DIST_STAMP): dist.lock
	$(PYTHON) -m venv $(DIST_VENV)
	$(DIST_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r dist.lock
	@touch $(DIST_STAMP)

dist: $(DIST_STAMP)
	.ci/dist $(DIST_VENV)

dist-test: setup dist
	BULKEIC_DIST=$(CURDIR)/dist $(BIN)/python -m pytest --numprocesses=0 --quiet tests/artifacts

licenses: setup $(DIST_STAMP)
	$(DIST_VENV)/bin/pip-licenses --python $(CURDIR)/$(BIN)/python --format json --with-system | \
	  $(BIN)/python -m tests.license_table

lock:
	python3 -m venv .lock-venv
	.lock-venv/bin/python -m pip install --quiet --disable-pip-version-check pip-tools
	CUSTOM_COMPILE_COMMAND="make lock" .lock-venv/bin/pip-compile --quiet --upgrade --strip-extras --allow-unsafe \
	  --generate-hashes --no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
	  --extra test --output-file requirements.lock pyproject.toml
	CUSTOM_COMPILE_COMMAND="make lock" .lock-venv/bin/pip-compile --quiet --upgrade --strip-extras --allow-unsafe \
	  --generate-hashes --no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
	  --constraint requirements.lock --output-file base.lock pyproject.toml
	printf '%s\n' 'cyclonedx-bom[validation]' hatchling hatch-fancy-pypi-readme pex pip-licenses \
	  click httptools msgspec | \
	  CUSTOM_COMPILE_COMMAND="make lock" .lock-venv/bin/pip-compile --quiet --upgrade --strip-extras \
	  --allow-unsafe --generate-hashes --no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
	  --output-file dist.lock -
	echo pip-audit | CUSTOM_COMPILE_COMMAND="make lock" .lock-venv/bin/pip-compile --quiet --upgrade --strip-extras \
	  --allow-unsafe --generate-hashes --no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
	  --output-file audit.lock -
	echo awscli | CUSTOM_COMPILE_COMMAND="make lock" .lock-venv/bin/pip-compile --quiet --upgrade --strip-extras \
	  --allow-unsafe --generate-hashes --no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
	  --output-file aws-cli.lock -
	echo tf | CUSTOM_COMPILE_COMMAND="make lock" .lock-venv/bin/pip-compile --quiet --upgrade --strip-extras \
	  --allow-unsafe --generate-hashes --no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
	  --output-file terraform.lock -
	printf 'check-jsonschema\nshellcheck-py\n' | CUSTOM_COMPILE_COMMAND="make lock" .lock-venv/bin/pip-compile --quiet \
	  --upgrade --strip-extras --allow-unsafe --generate-hashes --no-emit-index-url --no-emit-find-links \
	  --no-emit-trusted-host --output-file pipelines.lock -
	printf 'furo\nmyst-parser\nsphinx\n' > .lock-venv/docs.in
	CUSTOM_COMPILE_COMMAND="make lock" .lock-venv/bin/pip-compile --quiet --upgrade --strip-extras --allow-unsafe \
	  --generate-hashes --no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
	  --constraint requirements.lock --output-file docs.lock pyproject.toml .lock-venv/docs.in
	rm -rf .lock-venv

# pip-audit has its own environment and lock file. Contributors do not need its many dependencies,
# and its version bounds must not hold back those of the tests.
audit:
	python3 -m venv .audit-venv
	.audit-venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r audit.lock
	.ci/audit .audit-venv/bin/pip-audit
	rm -rf .audit-venv

clean:
	rm -rf $(VENV) .venv-3.* $(CLI_VENV) $(TERRAFORM_VENV) $(PIPELINES_VENV) $(DOCS_VENV) $(DIST_VENV) site .audit-venv .lock-venv .mypy_cache .pytest_cache .ruff_cache .hypothesis .fuzz .fuzz-packages dist
