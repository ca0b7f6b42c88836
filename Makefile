# Two commands matter: `make book` builds the site, `make test` proves it. The README says more.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/installed
SITE := _build/html/index.html
CHAPTER ?= *

# More threads do not help on small arrays, and spinning ones starve a second process.
export OMP_NUM_THREADS ?= 1
export OMP_WAIT_POLICY ?= passive
# No progress bars in stored outputs: they would hold times.
export TQDM_DISABLE ?= 1

.PHONY: book serve test check chapters browser sandbox bench weights requirements clean
.DEFAULT_GOAL := book

book: $(STAMP)
	@echo "== Building the site (warnings are errors)"
	@# Without its record of read pages, a second run reads a page with a warning again, and fails again.
	@$(BIN)/jupyter-book build . -W --keep-going || { rm -rf _build/.doctrees; echo "== The build failed: see above."; exit 1; }
	@echo "== Open file://$(CURDIR)/$(SITE)"

serve: book
	$(BIN)/python -m http.server --bind 127.0.0.1 --directory _build/html 8000

test: book browser sandbox
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest --nbval --nbval-current-env --nbval-sanitize-with tests/nbval_sanitize.cfg --durations 10

check: book
	$(BIN)/ruff check .
	$(BIN)/python -m pytest -q lmlib tests --ignore tests/test_site.py

chapters: $(STAMP)
	@for notebook in chapters/$(CHAPTER).ipynb; do \
	  echo "== Executing $$notebook"; \
	  $(BIN)/jupyter nbconvert --to notebook --execute --inplace --ExecutePreprocessor.record_timing=False $$notebook || exit 1; \
	done

browser: $(STAMP)
	@BIN=$(BIN) sh tests/install_browser.sh

sandbox:
	@sh tests/install_sandbox.sh

bench: $(STAMP)
	@$(BIN)/pip install --quiet --disable-pip-version-check -r benchmarks/requirements.txt
	@OMP_NUM_THREADS=2 $(BIN)/python benchmarks/run.py

weights: $(STAMP)
	$(BIN)/python benchmarks/weights.py

requirements: $(STAMP)
	$(BIN)/pip install --quiet pip-tools
	CUSTOM_COMPILE_COMMAND="make requirements" $(BIN)/pip-compile --quiet --extra book --extra classroom --extra transformers --output-file requirements.txt \
	  --strip-extras --allow-unsafe --annotation-style line --no-emit-index-url --no-emit-find-links pyproject.toml
	sed -i 's/+cpu//' requirements.txt  # any build of torch will do

$(STAMP): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed; name one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@test -x $(BIN)/python || { echo "== Making $(VENV)"; $(PYTHON) -m venv $(VENV); } \
	  || { rm -rf $(VENV); echo "Python cannot make an environment; on Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@echo "== Installing what the book needs (minutes, the first time)"
	$(BIN)/python -m pip install --disable-pip-version-check -r requirements.txt
	$(BIN)/python -m pip install --disable-pip-version-check --no-build-isolation --no-deps -e .
	@touch $@

clean:
	rm -rf _build $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis *.egg-info
