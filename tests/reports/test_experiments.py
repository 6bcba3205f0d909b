from sori.plots.figure import own_axes
from sori.reports.experiments import Figure, experiment_page


def made(**changes):
    given = {
        "heading": "Does <it> help?",
        "answer": ["Yes & no.", "More of it helps less."],
        "table": (["kind", "accuracy"], [["none", "0.5"], ["some", "0.75"]]),
        "note": "Means of 3 runs.",
        "figures": [Figure("By size", "What <n> does.", own_axes()), Figure("", "", own_axes())],
        "settings": {"batch_size": 32, "seeds": [0, 1], "background": None},
    }
    return experiment_page("help", **{**given, **changes})


def test_a_page_holds_its_answer_its_table_and_its_pictures_in_this_order():
    page = made()
    places = [
        page.index(part)
        for part in ("<title>help</title>", "<h1>Does &lt;it&gt; help?</h1>", "<p>Yes &amp; no.</p>", "<table>", "<svg")
    ]
    assert places == sorted(places)
    assert "More of it helps less." in page
    assert page.count("<svg") == 2
    assert '<p class="soft">Means of 3 runs.</p>' in page


def test_an_empty_heading_or_caption_leaves_no_empty_tag():
    page = made()
    assert "<h2>By size</h2>" in page
    assert "What &lt;n&gt; does." in page
    assert "<h2></h2>" not in page
    assert '<p class="soft"></p>' not in page


def test_settings_are_words_and_what_was_not_set_is_left_out():
    page = made()
    assert "<th>batch size</th><td>32</td>" in page
    assert "<th>seeds</th><td>0, 1</td>" in page
    assert "background" not in page[page.index("How it was measured") :]
