from html.parser import HTMLParser

from sori.evaluation.calibration import Bin
from sori.reports.training import ReportedRecording, render_report
from sori.training import History, diagnose

SCORES = {
    "split": "test groups never heard",
    "leaky": False,
    "accuracy": 0.75,
    "accuracy_interval": (0.3, 0.95),
    "group_accuracy": 0.7,
    "groups": 3,
    "balanced_accuracy": 0.7,
    "macro_f1": 0.71,
    "segment_accuracy": 0.6,
    "recordings": 4,
    "per_class": {
        name: {"precision": 1.0, "recall": 0.5, "recall_interval": (0.1, 0.9), "f1": 0.67, "recordings": 2}
        for name in ("<a>", "비")
    },
    "confusion": [[1, 1], [0, 2]],
}
HISTORY = History(({"loss": 1.0, "accuracy": 0.5, "val_loss": 1.1, "val_accuracy": 0.4},), best_epoch=1)


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.links, self.text = [], [], ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.links += [value for name, value in attributes if name in ("src", "href", "xlink:href")]

    def handle_data(self, data):
        self.text += data


def page(**arguments):
    given = {
        "title": "run",
        "scores": SCORES,
        "classes": ["<a>", "비"],
        "history": HISTORY,
        "mistakes": [],
        "right": [],
        "diagnosis": diagnose(HISTORY),
        "facts": {},
    }
    return render_report(**{**given, **arguments})


def test_one_page_that_needs_nothing_beside_it():
    read = Page(page(mistakes=[ReportedRecording("비/<1>.wav", "비", "<a>", 0.9, b"mp3")]))
    assert read.tags.count("svg") == 3
    assert read.tags.count("audio") == 1
    assert all(link.startswith(("data:", "#")) for link in read.links)
    assert "script" not in read.tags
    assert "비/<1>.wav" in read.text  # escaped in the source, whole on the page
    assert "75.0%" in read.text
    assert "30.0% to 95.0%" in read.text


def test_how_sure_it_is_stands_beside_how_often_it_is_right():
    read = Page(page(bins=[Bin(10, 0.6, 0.5), Bin(30, 0.9, 0.8)]))
    assert read.tags.count("svg") == 4
    assert "differ by 10.0% on average" in read.text
    assert "calibration error" not in Page(page()).text


def test_a_leak_is_shown_in_the_warning_colour():
    text = page(scores={**SCORES, "leaky": True, "split": "LEAKY: ..."})
    assert '<p class="warn">LEAKY' in text
    assert '<p class="warn">' not in page()


def test_folds_notes_and_facts_are_listed():
    folds = [{"fold": "1", "recordings": 2, "accuracy": 0.5}, {"fold": "2", "recordings": 2, "accuracy": 1.0}]
    scores = {**SCORES, "folds": folds, "accuracy_std": 0.25}
    read = Page(page(scores=scores, notes=["mind this"], facts={"Front end": {"sr": "8000"}}, augmented=True))
    for expected in ("75.0% ± 25.0%", "fold held out", "mind this", "8000", "trained on all folds", "augmented"):
        assert expected in read.text
    assert "No test recording was taken for another class." in read.text
