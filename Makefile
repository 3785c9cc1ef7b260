# `make` lists the targets. Needs Python 3.11 (or 3.10), make and a C compiler; everything else goes into .venv.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/installed
export RASA_TELEMETRY_ENABLED := false
export PYTHONUNBUFFERED := 1
.DEFAULT_GOAL := help
.PHONY: help serve shell train check test test-fast test-cluster test-faults fuzz lint evaluate benchmark benchmark-quick benchmark-nlu report screenshots new-career install clean-install lock audit secrets

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-15s %s\n", $$1, $$2}'

serve: install ## answer on http://127.0.0.1:5005 (HOST, PORT), trained first if needed
	@exec $(BIN)/python -m bot serve

shell: install ## talk to the assistant in the terminal
	@exec $(BIN)/python -m bot shell

train: install ## train if what the assistant is trained on has changed
	@$(BIN)/python -m bot train

check: install ## check knowledge, settings, domain and examples (SOURCES=folder of the articles: also against them)
	@$(BIN)/python -m bot check $(if $(SOURCES),--sources $(SOURCES))

test: lint train ## everything that must hold before a change lands
	@$(BIN)/python -m bot check --rasa $(if $(SOURCES),--sources $(SOURCES))
	@$(BIN)/python -m pytest

test-fast: install ## the tests that need no model, in seconds
	@$(BIN)/python -m pytest tests/unit tests/actions

lint: install
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

test-cluster: train ## several servers with PostgreSQL, Redis and nginx; each part is killed under load (needs Debian's postgresql, redis-server, nginx)
	@$(BIN)/python -m pytest tests/cluster

test-faults: train ## the server killed 200 times under load, databases locked, the disk full, 10,000 messages; minutes
	@$(BIN)/python -m pytest tests/faults

FUZZERS := var/fuzzers
fuzz: install $(FUZZERS)/installed ## made-up input for what reads foreign text, with Hypothesis and atheris (FUZZ_CASES, FUZZ_SECONDS of each property); minutes
	@PYTHONPATH=$(FUZZERS) $(BIN)/python -m pytest tests/fuzz

$(FUZZERS)/installed: tests/fuzz/requirements.txt
	@$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-deps --require-hashes --upgrade --target $(FUZZERS) -r $<
	@touch $@

evaluate: train ## accuracy on held-out wordings: figures, JSON and plots in results/
	@$(BIN)/python -m bot evaluate

benchmark: train ## Rasa's default against this project, and its parts: docs/performance.md (DATA=folder as below; needs Debian's wrk)
	@$(if $(DATA),,$(error give the folder of the data sets: make benchmark DATA=folder))
	@$(BIN)/python -W ignore -m benchmarks.imports
	@$(BIN)/python -W ignore -m benchmarks.tracker_store
	@$(BIN)/python -W ignore -m benchmarks.encoder $(DATA)
	@$(BIN)/python -W ignore -m benchmarks.profile
	@$(BIN)/python -W ignore -m benchmarks.scale $(DATA)
	@$(BIN)/python -W ignore -m benchmarks.serving

benchmark-quick: train ## small, in minutes; fails if this project is not ahead of Rasa's default by as much as it has to be
	@$(BIN)/python -W ignore -m benchmarks.serving --quick

benchmark-nlu: install ## the same components on public data sets (DATA=folder with banking77/ and clinc150/)
	@$(BIN)/python -m benchmarks.nlu $(if $(DATA),$(DATA),$(error give the folder of the data sets: make benchmark-nlu DATA=folder))

report: install ## what visitors asked and what came of it: results/report.html (SINCE=7d; default 30d)
	@$(BIN)/python -m bot report $(if $(SINCE),--since $(SINCE))

screenshots: train ## pictures of the widget and the report into docs/screenshots/ (needs Chromium: apt-get install chromium)
	@$(BIN)/python tests/widget/screenshots.py
	@$(BIN)/python tests/report/screenshot.py

install: $(INSTALLED)

$(INSTALLED): requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] not in ((3, 10), (3, 11)) and "The assistant needs Python 3.11 or 3.10; %s is %s. Name another: make PYTHON=python3.11" % (sys.executable, sys.version.split()[0]))'
	@echo "Installing the locked packages into .venv; some minutes, once."
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --disable-pip-version-check --no-deps --ignore-requires-python --require-hashes --progress-bar on -r requirements.txt \
	  | grep --line-buffered -E '^(Collecting|Installing|Successfully|ERROR)' | cut -c1-100
	@# Rasa asks for usage statistics unless told not to; this tells it in every process of this environment.
	@echo 'import os; os.environ.setdefault("RASA_TELEMETRY_ENABLED", "false")' > $$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/no_telemetry.pth
	@touch $@

clean-install: ## install the packages anew
	rm -rf .venv
	$(MAKE) install

new-career: install ## a folder for another career (NAME=pharmacy_technician; then BOT_CAREER=pharmacy_technician make ...)
	@$(BIN)/python -m bot new-career $(if $(NAME),$(NAME),$(error give the name of its folder: make new-career NAME=pharmacy_technician)) \
	  $(if $(NOUN),--noun "$(NOUN)") $(if $(FIELD),--field "$(FIELD)")

# The containers read the files as users of their own, so all may read them; the folder keeps everybody else out.
secrets: ## the passwords of deploy/compose.yml in deploy/secrets/, those that are missing
	@mkdir -p deploy/secrets && chmod 700 deploy/secrets && cd deploy/secrets && umask 022 && \
	for name in database_password redis_password session_secret rest_secret metrics_secret; do [ -s $$name ] || openssl rand -hex 32 > $$name; done && \
	touch smtp_password webhook_token && ls -l

audit: install ## known holes of the locked packages against SECURITY.md (ONLINE=1: also ask pip-audit, over the network)
	@$(BIN)/python deploy/audit.py $(if $(ONLINE),--online)

lock: install ## write requirements.txt from pyproject.toml
	$(BIN)/uv pip compile pyproject.toml --group dev --universal --python-version 3.10 --generate-hashes --no-emit-index-url --no-annotate --quiet \
	  --custom-compile-command "make lock" --output-file requirements.txt
