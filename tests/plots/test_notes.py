from sori import plots
from sori.music import Note

NOTES = [Note(0.0, 1.0, 60, 20), Note(0.5, 2.0, 72, 120)]


def test_a_roll_has_a_bar_for_every_note(tmp_path):
    ax = plots.piano_roll(NOTES, duration_s=3)
    assert len(ax.collections[0].get_paths()) == 2
    assert ax.get_xlim() == (0, 3)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["C4", "C5"]
    plots.save(ax, tmp_path / "악보.png")
    assert (tmp_path / "악보.png").stat().st_size > 1000


def test_a_long_roll_has_rows_of_twenty_seconds():
    notes = [Note(at, at + 0.5, 60, 64) for at in (1.0, 19.8, 45.0)]
    figure = plots.piano_roll(notes, duration_s=50).figure
    rows = [ax for ax in figure.axes if ax.get_yticklabels()]
    assert [ax.get_xlim() for ax in rows] == [(0, 20), (20, 40), (40, 60)]
    assert [len(ax.collections[0].get_paths()) for ax in rows] == [2, 1, 1]  # one rings on into the next row


def test_a_roll_of_nothing_is_drawn():
    assert not plots.piano_roll([]).collections[0].get_paths()


def test_hits_misses_and_extras_are_told_apart():
    estimate = [Note(0.0, 1.0, 60, 20), Note(1.0, 1.5, 50, 64)]
    ax = plots.roll_comparison(NOTES, estimate, matched=[(0, 0)])
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["hit: 1", "missed: 1", "extra: 1"]
    assert len({tuple(colour) for colour in ax.collections[0].get_facecolors()}) == 3
