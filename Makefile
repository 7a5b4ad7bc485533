# Everything is `make <target>`; each target sets up .venv by itself when it is missing or its pins have changed.
PYTHON ?= python3
VENV ?= .venv
PY := $(VENV)/bin/python
READY := $(VENV)/.ready
PORT ?= 8000
SCALE ?= cpu
SEEDS ?= 8

.DEFAULT_GOAL := help
.PHONY: help book serve lab offline test chapter results assignment grade report student-release release-answers repository lock clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1@\2/' | column -t -s '@'

$(READY): requirements.txt pyproject.toml tools/bootstrap.py
	@$(PYTHON) tools/bootstrap.py $(VENV)

book: $(READY) ## build the HTML book and say where it is
	@$(PY) -m tools.build

serve: $(READY) ## show the book at http://localhost:8000 (PORT=… for another port)
	@$(PY) -m tools.serve --port $(PORT)

lab: $(READY) ## open JupyterLab in this folder
	@$(VENV)/bin/jupyter lab

offline: $(READY) ## zip the built book, to be read without a network
	@$(PY) -m tools.offline

test: $(READY) ## run every test, with progress; ends with a list of what was skipped
	@$(PY) -m tools.test

chapter: $(READY) ## NAME=gan: execute a chapter from top to bottom, in place
	@$(PY) -m tools.chapter $(NAME)

results: $(READY) ## NAME=gan [SCALE=cpu|gpu] [SEEDS=8]: measure a chapter's results table
	@$(PY) -m tools.results $(NAME) --scale $(SCALE) --seeds $(SEEDS)

assignment: $(READY) ## NAME=gan: generate the student version from solutions/
	@$(PY) -m tools.assignment $(NAME)

grade: $(READY) ## NAME=gan [STUDENT=ada]: grade what is in submitted/, in a sandbox
	@$(PY) -m coursekit.grading grade $(NAME) $(if $(STUDENT),--student $(STUDENT))

report: $(READY) ## NAME=gan: what the class did, as a page and as tables for Canvas and Moodle
	@$(PY) -m coursekit.grading report $(NAME)

student-release: $(READY) ## write a public checkout without solutions into student-release/ (OUT=… for another folder)
	@$(PY) -m tools.release student $(if $(OUT),--out $(OUT))

release-answers: $(READY) ## NAME=gan [OUT=…]: add an answer to the public checkout
	@$(PY) -m tools.release answers $(NAME) $(if $(OUT),--out $(OUT))

repository: $(READY) ## URL=https://github.com/…: change the book's address everywhere
	@$(PY) -m tools.repository $(URL)

lock: $(READY) ## resolve pyproject.toml into requirements.txt anew
	@$(PY) -m tools.lock

clean: ## remove what was built, keep .venv
	@rm -rf _build .pytest_cache .ruff_cache .coursekit
