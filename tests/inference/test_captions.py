from sori.inference.captions import caption, clock


def test_times_are_hours_minutes_seconds():
    assert [clock(s) for s in (0, 59.9996, 3661.25)] == ["00:00:00.000", "00:01:00.000", "01:01:01.250"]


def test_a_caption_says_nothing_to_html():
    assert caption(0, 1, "<b> & co") == "00:00:00.000 --> 00:00:01.000\n&lt;b&gt; &amp; co\n\n"
