# The book's commands. Each does all of its own set-up in .venv, once: the stamp files remember it.
PYTHON ?= python3
VENV   := .venv
PY     := $(VENV)/bin/python
# uv is quicker where it is there; pip does the same.
PIP     = $(if $(shell uv --version 2>/dev/null),uv pip install -q --compile-bytecode --python $(PY),$(PY) -m pip install -q --disable-pip-version-check)
LOCKED := --require-hashes --only-binary :all:
# The project itself comes from this folder, built with what is in the locks.
HERE    = $(PIP) --no-deps --no-build-isolation -e .

# The hub has an environment of its own, with the book installed as a reader has it, and a proxy from npm.
HUB    := .venv-hub
PROXY  := build/proxy
BOOK    = $(shell find tempmm_lab chapters exercises -type f -not -name '*.pyc')

.PHONY: help lab hub hub-tour test test-all notebooks exercises appendices statements scenarios mutants oracle-long bench lock clean
.DELETE_ON_ERROR:

help:
	@echo "make lab          open the book in JupyterLab"
	@echo "make hub          look at a course on a JupyterHub of this computer (docs/hub.md)"
	@echo "make hub-tour     a browser goes through that course once, as student and as teacher"
	@echo "make test         check everything that fits in 15 minutes"
	@echo "make test-all     check everything"
	@echo "make notebooks    execute the notebooks again and normalise them"
	@echo "make appendices   write appendices B and C, the links to them, and the chapters' reading times"
	@echo "make exercises    make exercises/ of solutions/, as nbgrader does"
	@echo "make statements   write docs/statements.md: which statement holds on which build"
	@echo "make scenarios    write docs/scenarios.md and docs/tso.md: every scenario explored on every build"
	@echo "make mutants      write docs/mutants.md: what kills each mutant of the kernel floor"
	@echo "make oracle-long  the long comparison with an independent MMU"
	@echo "make bench        measure against other tools: benchmarks/RESULTS.md"
	@echo "make lock         compute locks/ again (needs uv and npm)"
	@echo "make clean        remove .venv, .venv-hub and caches; your tempmm-book/ stays"

lab: $(VENV)/lab.stamp
	$(PY) -m tempmm_lab open

hub: $(HUB)/hub.stamp $(PROXY)/proxy.stamp
	@$(HUB)/bin/python -m tests.hub.serve

hub-tour: $(VENV)/test.stamp $(HUB)/hub.stamp $(PROXY)/proxy.stamp
	@$(PY) -m tests.hub.tour

test: $(VENV)/test.stamp
	$(PY) tests/run.py

test-all: $(VENV)/test.stamp
	$(PY) tests/run.py --all

notebooks: $(VENV)/test.stamp
	$(PY) -m tests.notebooks.execute

appendices: $(VENV)/test.stamp
	$(PY) -m tests.notebooks.weave
	$(PY) -m tests.notebooks.execute chapters/D-*.ipynb  # it prints the times

exercises: $(VENV)/test.stamp
	$(PY) -m tests.exercises.hand_out

statements: $(VENV)/test.stamp
	$(PY) -m tests.statements.table

scenarios: $(VENV)/test.stamp
	$(PY) -m tests.scenarios.table
	$(PY) -m tests.scenarios.tso

mutants: $(VENV)/test.stamp
	$(PY) -m tests.mutants.table

oracle-long: $(VENV)/test.stamp
	$(PY) -m tests.oracle.long

bench: $(VENV)/test.stamp
	$(PY) -m benchmarks.run

$(VENV)/made.stamp $(HUB)/made.stamp: %/made.stamp:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed. Name one that you have: make PYTHON=python3.12 lab"; exit 1; }
	@$(PYTHON) -m venv $* || \
	  { echo "Python cannot make a virtual environment here. On Debian, type: apt-get install -y python3-venv"; exit 1; }
	@touch $@

$(VENV)/lab.stamp: locks/lab.txt pyproject.toml | $(VENV)/made.stamp
	$(PIP) $(LOCKED) -r locks/lab.txt
	$(HERE)
	@touch $@

# The test lock holds everything in the lab lock, in the same versions.
$(VENV)/test.stamp: locks/test.txt pyproject.toml | $(VENV)/made.stamp
	$(PIP) $(LOCKED) -r locks/test.txt
	$(HERE)
	@touch $@ $(VENV)/lab.stamp

$(HUB)/hub.stamp: PY := $(HUB)/bin/python
$(HUB)/hub.stamp: locks/hub.txt pyproject.toml $(BOOK) | $(HUB)/made.stamp
	$(PIP) $(LOCKED) -r locks/hub.txt
	$(PIP) --no-deps --no-build-isolation --force-reinstall .
	@touch $@

$(PROXY)/proxy.stamp: docs/hub/package.json docs/hub/package-lock.json
	@npm --version >/dev/null 2>&1 || \
	  { echo "JupyterHub's proxy comes from npm. Install Node.js 20 or newer; on Debian 13, type: apt-get install -y nodejs npm"; exit 1; }
	@mkdir -p $(PROXY) && cp docs/hub/package.json docs/hub/package-lock.json $(PROXY)
	npm ci --prefix $(PROXY) --no-audit --no-fund --loglevel=error
	@touch $@

COMPILE := uv pip compile -q pyproject.toml --group build --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --no-emit-index-url

lock:
	@uv --version >/dev/null 2>&1 || { echo "make lock needs uv: $(PYTHON) -m pip install uv"; exit 1; }
	$(COMPILE) --all-extras -o locks/all.txt
	$(COMPILE) -c locks/all.txt --extra lab -o locks/lab.txt
	$(COMPILE) -c locks/all.txt --extra lab --extra test -o locks/test.txt
	$(COMPILE) -c locks/all.txt --group hub --extra lab --extra grade -o locks/hub.txt
	cd docs/hub && npm install --package-lock-only --omit-lockfile-registry-resolved --no-audit --no-fund
	@# npm notes where to send money to: an address, and no part of a lock
	node -e 'const fs = require("fs"), f = "docs/hub/package-lock.json", l = JSON.parse(fs.readFileSync(f)); for (const p of Object.values(l.packages)) delete p.funding; fs.writeFileSync(f, JSON.stringify(l, null, 2) + "\n")'

clean:
	rm -rf $(VENV) $(HUB) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +
