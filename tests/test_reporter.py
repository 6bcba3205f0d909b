import sys
from threading import Event, Thread
from types import SimpleNamespace

import pytest

from sori import reporter as module
from sori.reporter import SILENT, Cancelled, NotebookReporter, Reporter, usual


def test_work_in_another_thread_stops_at_its_next_report():
    reporter, began, go_on = Reporter(), Event(), Event()
    done, caught = [], []

    def work():
        try:
            for i in range(3):
                reporter.progress("Counting", i, 3)
                done.append(i)
                began.set()
                go_on.wait(10)
        except Cancelled as error:
            caught.append(error)

    thread = Thread(target=work)
    thread.start()
    began.wait(10)
    reporter.cancel()
    assert not caught  # not at once: only where stopping is safe
    go_on.set()
    thread.join(10)
    assert done == [0]
    assert len(caught) == 1


def test_cancelled_work_is_not_taken_for_an_error():
    assert not issubclass(Cancelled, Exception)


def test_what_is_silent_is_everyones_and_cannot_be_cancelled():
    SILENT.progress("Counting", 1, 2)
    SILENT.say("one")
    with pytest.raises(RuntimeError, match="pass a Reporter"):
        SILENT.cancel()
    SILENT.progress("Counting", 2, 2)


class Shown:
    """A display that remembers what it showed."""

    def __init__(self, first):
        self.bars = [first]

    def update(self, bar):
        self.bars.append(bar)


@pytest.fixture
def displays(monkeypatch):
    made = []

    def display(bar, *, display_id):
        assert display_id is True
        made.append(Shown(bar))
        return made[-1]

    fake = SimpleNamespace(HTML=lambda text: text, display=display)
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(display=fake))
    monkeypatch.setitem(sys.modules, "IPython.display", fake)
    return made


def test_a_notebook_has_one_bar_for_each_stage_and_updates_it(displays, monkeypatch):
    now = iter(range(100))
    monkeypatch.setattr(module.time, "monotonic", lambda: float(next(now)))
    reporter = NotebookReporter()
    reporter.progress("Training", 1, 2, {"loss": 0.12345})
    reporter.progress("Testing <b>", 0, 0)
    reporter.progress("Training", 2, 2)
    training, testing = displays
    assert training.bars[0] == '<progress value="1" max="2"></progress> Training: 1 of 2 loss 0.123'
    assert training.bars[1] == '<progress value="2" max="2"></progress> Training: 2 of 2'
    assert testing.bars == ['<progress value="0" max="1"></progress> Testing &lt;b&gt;: 0 of 0']


def test_a_notebook_is_not_flooded_but_always_sees_the_end(displays, monkeypatch):
    now = iter(i / 100 for i in range(1000))
    monkeypatch.setattr(module.time, "monotonic", lambda: next(now))
    reporter = NotebookReporter()
    for i in range(1, 101):  # within a second
        reporter.progress("Training", i, 100)
    (bars,) = displays
    assert 4 <= len(bars.bars) <= 8
    assert "100 of 100" in bars.bars[-1]


def test_a_remark_is_printed_below_the_cell(displays, capsys):
    NotebookReporter().say("one")
    assert capsys.readouterr().out == "one\n"


class ZMQInteractiveShell:
    """What a notebook's shell is called."""


class TerminalInteractiveShell:
    """What IPython's in a terminal is called."""


@pytest.mark.parametrize(
    ("shell", "kind"), [(ZMQInteractiveShell(), NotebookReporter), (TerminalInteractiveShell(), None), (None, None)]
)
def test_the_usual_reporter_is_a_notebooks_only_in_a_notebook(monkeypatch, shell, kind):
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    chosen = usual(None)
    assert chosen is SILENT if kind is None else type(chosen) is kind
    mine = Reporter()
    assert usual(mine) is mine


def test_without_ipython_the_usual_reporter_is_silent(monkeypatch):
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    assert usual(None) is SILENT
