# make demo: set up, train on the recordings in examples/, and transcribe a prelude.   make test: set up and run every check.
VENV := .venv
BIN := $(VENV)/bin
# The first Python on the path that is new enough.
PYTHON ?= $(firstword $(foreach p,python3 python3.13 python3.12 python3.11 python,$(shell $(p) -c 'import sys; sys.version_info >= (3, 11) and print("$(p)")' 2>/dev/null)))
RUN := runs/demo

.PHONY: demo test benchmarks clean

demo: $(VENV)/demo
	$(BIN)/sori train examples/instruments --out $(RUN) --overwrite
	$(BIN)/sori predict $(RUN) examples/instruments/violin/violin_A4_v70.flac examples/instruments/flute/flute_A4_v120.flac --top 3
	$(BIN)/sori transcribe examples/prelude.flac --format mid,png --out $(RUN)-notes --overwrite
	$(BIN)/sori score $(RUN)-notes/prelude.mid examples/prelude.mid --plot $(RUN)-notes/score.png
	@echo "The piano roll is at $(CURDIR)/$(RUN)-notes/score.png"
	@echo "The report is at $(CURDIR)/$(RUN)/report.html"
	@echo "To use sori in this shell: . $(BIN)/activate"

test: $(VENV)/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -n auto --maxprocesses 4 --dist loadfile

benchmarks: $(VENV)/dev
	for script in benchmarks/*.py; do $(BIN)/python $$script || exit 1; done

clean:
	rm -rf $(VENV) runs/demo runs/demo-dataset runs/demo-notes

$(VENV)/demo $(VENV)/dev: pyproject.toml
	$(if $(PYTHON),,$(error Sori needs Python 3.11 or newer; none was found))
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[$(@F)]'
	touch $@
