# The book's commands; `make help` lists them. Each sets up what it needs, and does only what has changed.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.NOTPARALLEL:
.DEFAULT_GOAL := help

export PYTHONDONTWRITEBYTECODE := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PYTHON
unexport PYTHONPATH VIRTUAL_ENV

# Where the site and its repository live: in _config.yml, unless the publishing workflow says otherwise.
SITE_URL ?=
REPOSITORY_URL ?=
PORT ?= 8000
# One more index for pip to look into, such as PyTorch's own for processors without a graphics card.
TORCH_INDEX ?=
JOBS ?= 2

VENV := .venv
BIN := $(VENV)/bin
PY := $(BIN)/python
STEP := $(PY) scripts/step.py
INDEX := $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX))
HTML := _build/html

files = $(shell find $(1) -type f -not -path '*/node_modules/*' -not -path '*/__pycache__/*' -not -path '*.egg-info/*' \
	-not -path '*/generated/*' -not -path '*/static/*' -not -path '*/.ipynb_checkpoints/*' 2>/dev/null | sed 's/ /\\ /g')

WEB_SOURCES := $(call files,web)
LIBRARY := $(call files,src)
PAGES := $(wildcard *.md references.bib benchmarks/results.json) $(call files,chapters notebooks)
TYPED := $(shell grep -l '"typed"' notebooks/*.ipynb)
FRAME := $(wildcard _config.yml _toc.yml) $(call files,_ext _static)

INSTALLED := $(VENV)/.installed
NODE_MODULES := web/node_modules/.installed
FRONT_END := _build/.front-end
WHEEL := _build/.wheel
CONFIG := _build/config.yml
BOOK := $(HTML)/.built
MUTANTS := _build/mutants/venv/.installed
HARNESS := _build/harness/venv/.installed

.PHONY: help
help: ## This list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## /\1\t/' | expand -t 16

# --- what everything stands on --------------------------------------------------------------------------------

$(INSTALLED): requirements.txt constraints.txt pyproject.toml
	@python=$$(bash scripts/find-python); \
	if ! [ -x $(PY) ]; then "$$python" scripts/step.py venv "Making $(VENV) with $$python" -- "$$python" -m venv $(VENV); fi
	@$(PY) scripts/say_size.py $(INDEX)
	@$(STEP) --needs-gb 0.5 install "Installing the pinned packages (some minutes the first time)" -- \
		$(PY) -m pip install $(INDEX) -r requirements.txt -c constraints.txt
	@$(STEP) install-llmbook "Installing llmbook itself, editable" -- \
		$(PY) -m pip install --no-deps --no-build-isolation -e .
	@touch $@

$(NODE_MODULES): web/package.json web/package-lock.json | $(INSTALLED)
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(STEP) npm-ci "Installing the front end's packages" -- npm --prefix web ci --no-audit --no-fund
	@touch $@

# The stamp alone is not enough: what it stands for may have been removed.
ifeq ($(and $(wildcard src/llmbook/pages/widgets/static/*.js),$(wildcard _static/generated/widgets/*.js),$(wildcard _static/generated/fonts/*.woff2)),)
$(shell rm -f $(FRONT_END))
endif

$(FRONT_END): $(WEB_SOURCES) $(NODE_MODULES)
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(STEP) npm-build "Building the widgets' JavaScript" -- npm --prefix web run build
	@mkdir -p $(@D) && touch $@

$(WHEEL): $(LIBRARY) $(FRONT_END) pyproject.toml setup.py README.md LICENSE $(TYPED)
	@rm -rf build _build/wheels
	@$(STEP) wheel "Building the wheel" -- \
		$(PY) -m pip wheel . --no-deps --no-build-isolation --wheel-dir _build/wheels
	@rm -rf build && touch $@

$(CONFIG): _config.yml FORCE | $(INSTALLED)
	@$(PY) scripts/configure.py --site-url "$(SITE_URL)" --repository-url "$(REPOSITORY_URL)" --output $@

.PHONY: FORCE
FORCE:

# --- the book -------------------------------------------------------------------------------------------------

.PHONY: book
book: $(BOOK) ## Build the book into _build/html
	@echo "The book is built: open file://$(CURDIR)/$(HTML)/index.html, or run 'make serve'."

# Sphinx reports a page's warnings only when it reads that page, and keeps pages that left the table of contents:
# so a failed build starts over, and so does one whose frame changed.
$(BOOK): $(PAGES) $(FRAME) $(LIBRARY) $(CONFIG) $(FRONT_END) $(WHEEL) scripts/colab.py scripts/book.py
	@for changed in $(FRAME) $(CONFIG) $(FRONT_END) $(INSTALLED); do \
		if [ "$$changed" -nt $@ ]; then rm -rf $(HTML) _build/.doctrees; break; fi; done
	@rm -rf _build/colab; $(PY) scripts/colab.py --config $(CONFIG) --output _build/colab & copies=$$!; \
	PATH="$(CURDIR)/$(BIN):$$PATH" $(STEP) book "Building the pages" -- \
		$(PY) scripts/book.py build . --path-output . --config $(CONFIG) -n -W --keep-going \
		|| { rm -rf $(HTML)/.built _build/.doctrees; exit 1; }; \
	wait $$copies
	@rm -rf $(HTML)/wheels $(HTML)/colab && mkdir -p $(HTML)/wheels && cp _build/wheels/*.whl $(HTML)/wheels/
	@[ ! -d _build/colab ] || mv _build/colab $(HTML)/colab
	@touch $@

.PHONY: notebooks
notebooks: $(INSTALLED) $(FRONT_END) ## Execute all notebooks and save them; twice in a row changes nothing
	@$(PY) scripts/run_notebooks.py --jobs $(JOBS)

.PHONY: models
models: $(INSTALLED) ## Train the book's own models and runs where they do not fit their recipes; a run that is cut goes on
	@$(PY) scripts/models.py

# --- the tests ------------------------------------------------------------------------------------------------

PYTEST := $(PY) -m pytest -q
TESTS := lint test-house test-unit test-nbval test-notebooks test-site test-colab

.PHONY: test test-elsewhere $(TESTS)
test: $(TESTS) ## Everything that keeps the book true, in a real browser too
	@echo "All checks passed."

lint: $(INSTALLED) $(NODE_MODULES) ## Check style and types of the Python and of the TypeScript
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .
	@$(BIN)/basedpyright
	@PATH="$(CURDIR)/$(BIN):$$PATH" npm --prefix web run --silent check

test-house: $(INSTALLED) $(FRONT_END) ## Test the house rules, and what the commands say when something is missing
	@$(PYTEST) tests/house

test-unit: $(INSTALLED) $(FRONT_END) ## Test the library
	@$(PYTEST) tests/unit -n $(JOBS) --dist loadfile

test-nbval: $(INSTALLED) $(FRONT_END) ## Run every notebook and compare with what it shows
	@$(PYTEST) --nbval notebooks -n $(JOBS) --dist loadfile --durations=5

# The second has no vector instructions at all, as far as PyTorch's own kernels go.
test-elsewhere: $(INSTALLED) $(FRONT_END) ## Run every notebook with two other processors' arithmetic, and compare
	@ATEN_CPU_CAPABILITY=avx2 MKL_CBWR=COMPATIBLE $(PYTEST) --nbval notebooks -n $(JOBS) --dist loadfile
	@ATEN_CPU_CAPABILITY=default $(PYTEST) --nbval notebooks -n $(JOBS) --dist loadfile

test-notebooks: $(INSTALLED) $(FRONT_END) ## Test the guards of the notebooks: break each on purpose
	@$(PYTEST) tests/notebooks -n $(JOBS) --dist loadfile

test-site: $(BOOK) ## Test the built site and JupyterLab in Chromium, and the site in Firefox and WebKit
	@$(PY) scripts/find_engines.py
	@CHROMIUM=$$($(PY) scripts/find_chromium.py); export CHROMIUM; \
		$(PYTEST) tests/site -m "not alone" -n $(JOBS) --dist loadgroup; $(PYTEST) tests/site -m alone

test-colab: $(BOOK) ## Run a Colab copy in a bare environment
	@$(PYTEST) tests/colab

# --- using it -------------------------------------------------------------------------------------------------

.PHONY: lab serve bench mutants harness pins test-pins clean distclean
lab: $(INSTALLED) $(FRONT_END) ## Open the notebooks in JupyterLab
	@$(PY) scripts/surroundings.py $(BIN)/jupyter lab --ip=127.0.0.1 --notebook-dir=.

serve: $(BOOK) ## Serve the built book on this machine only (PORT=8000)
	@echo "Serving on http://127.0.0.1:$(PORT)/ (Ctrl-C ends it)"
	@$(PY) -m http.server --bind 127.0.0.1 --directory $(HTML) $(PORT)

bench: $(INSTALLED) $(FRONT_END) ## Measure ours against the references, into benchmarks/results.json
	@$(PY) benchmarks/run.py

# Many hours for all; ONLY="nn/norms.py nn/cache.py" names modules, MINUTES=30 draws mutants by lot until then. A run
# that was cut goes on.
mutants: $(MUTANTS) $(FRONT_END) ## Plant mistakes in copies of the library, and see which the tests notice
	@$(PY) scripts/mutants.py --jobs $(JOBS) $(if $(MINUTES),--minutes $(MINUTES)) $(ONLY)

$(MUTANTS): tests/mutants/requirements.txt | $(INSTALLED)
	@$(PY) -m venv $(@D)
	@$(STEP) mutants "Installing what makes mutants" -- $(@D)/bin/pip install -r $<
	@touch $@

# lm-eval sees what the book has installed, and asks no host for anything.
harness: $(HARNESS) ## Put the test questions of page 6.4 to SmolLM2 by lm-eval, and store what it finds
	@HF_HUB_OFFLINE=1 HF_DATASETS_CACHE=$(CURDIR)/_build/harness/cache OMP_NUM_THREADS=1 PYTHONPATH=src \
		$(dir $(HARNESS))bin/python tests/harness/our_model.py

$(HARNESS): tests/harness/requirements.txt | $(INSTALLED)
	@$(PY) -m venv $(@D)
	@$(STEP) harness "Installing lm-eval" -- $(@D)/bin/pip install --no-deps -r $<
	@where='import site; print(site.getsitepackages()[0])'; \
		$(PY) -c "$$where" > "$$($(@D)/bin/python -c "$$where")/the_book.pth"
	@touch $@

pins: $(INSTALLED) ## Write constraints.txt anew from what is installed, and look for its wheels
	@$(PY) scripts/pins.py
	@$(PY) scripts/find_wheels.py --jobs $(JOBS)

test-pins: $(INSTALLED) ## Ask whether every pin has a wheel for every Python and system that README names
	@$(PY) scripts/find_wheels.py --jobs $(JOBS)

clean: ## Remove all that is built, but for .venv and web/node_modules
	@rm -rf _build build dist .pytest_cache .ruff_cache src/llmbook/pages/widgets/static _static/generated
	@find . -name __pycache__ -not -path './$(VENV)/*' -not -path './web/node_modules/*' -prune -exec rm -rf {} +

distclean: clean ## Remove .venv and web/node_modules too
	@rm -rf $(VENV) web/node_modules src/*.egg-info
