import numpy as np
import pytest

from sori.errors import BundleError, ParameterError
from sori.inference import Decoder, Event, Spotter, SpotterSettings


def decoded(rows, *, classes=("no", "yes", "unknown"), **arguments):
    decoder = Decoder(classes, SpotterSettings(**{"threshold": 0.5, "smooth": 1, **arguments}))
    events = [event for i, row in enumerate(rows) for event in decoder(i / 10, np.array(row))]
    return events + decoder.finish()


def test_a_long_window_is_never_half_empty(monkeypatch, trained):
    """What is padded is only a recording that is shorter than a window."""
    spotter = Spotter(trained / "run")
    spotter._silence, spotter._kept, spotter._start = 0, np.zeros(0, dtype=np.float32), 0  # as for windows above 1.5 s
    heard = []

    def predict(clips):
        heard.extend(clips)
        return np.full((len(clips), 3), 1 / 3)

    monkeypatch.setattr(spotter.classifier, "predict_clips", predict)
    spotter(np.ones(2 * spotter.window, dtype=np.float32))
    spotter.finish()
    assert len(heard) > 5
    assert all(clip.all() for clip in heard)


def test_a_word_comes_out_once_where_it_was_surest():
    rows = [[0.1, 0.2, 0.7], [0.2, 0.6, 0.2], [0.1, 0.8, 0.1], [0.2, 0.7, 0.1], [0.3, 0.3, 0.4]]
    assert decoded(rows) == [Event(0.2, "yes", 0.8)]


def test_one_word_right_after_another():
    rows = [[0.9, 0.1, 0.0], [0.1, 0.9, 0.0], [0.0, 0.1, 0.9]]
    assert [(e.label, e.time_s) for e in decoded(rows)] == [("no", 0.0), ("yes", 0.1)]


def test_a_word_at_the_very_end_is_not_lost():
    assert [e.label for e in decoded([[0.1, 0.1, 0.8], [0.9, 0.1, 0.0]])] == ["no"]


def test_the_same_word_again_needs_a_gap():
    rows = [[0.9, 0, 0.1], [0, 0, 1], [0.9, 0, 0.1], *[[0, 0, 1]] * 8, [0.9, 0, 0.1]]
    assert [e.time_s for e in decoded(rows, gap_s=0.5)] == [0.0, pytest.approx(1.1)]
    assert len(decoded(rows, gap_s=0.0)) == 3


def test_smoothing_forgives_one_slip_and_needs_more_than_one_hit():
    rows = [[0.0, 0.0, 1.0]] * 3 + [[0.9, 0.0, 0.1]] + [[0.0, 0.0, 1.0]] * 3
    assert decoded(rows, smooth=3) == []
    assert [e.time_s for e in decoded([*rows[:3], *[[0.9, 0.0, 0.1]] * 3, *rows[4:]], smooth=3)] == [0.4]


def test_what_is_no_word_is_not_reported():
    assert decoded([[0.1, 0.1, 0.8]] * 5) == []
    assert [e.label for e in decoded([[0.1, 0.1, 0.8]] * 5, ignore=())] == ["unknown"]
    with pytest.raises(ParameterError, match="no word to detect"):
        Decoder(("silence", "unknown"), SpotterSettings())


@pytest.mark.parametrize(("hop_s", "averaged"), [(0.1, 3), (0.02, 15), (0.2, 2), (0.5, 1)])
def test_looks_are_averaged_over_the_same_time_however_far_apart(hop_s, averaged):
    assert SpotterSettings(hop_s=hop_s).averaged == averaged


@pytest.mark.parametrize("bad", [{"threshold": 1.5}, {"hop_s": 0.0}, {"smooth": 0}, {"gap_s": -1}])
def test_settings_are_checked(bad):
    with pytest.raises(ParameterError, match=next(iter(bad))):
        SpotterSettings(**bad)


def test_the_stream_may_come_in_any_pieces(trained, stream, rng):
    y, _ = stream
    listening = SpotterSettings(threshold=0.4, ignore=())
    found = []
    for step in (len(y), 800, 799, 1):
        spotter = Spotter(trained / "run", listening)
        part = y[: 80000 if step > 1 else 6000]
        pieces = [part[i : i + step] for i in range(0, len(part), step)]
        events = [event for piece in pieces for event in spotter(piece)] + spotter.finish()
        found.append(events)
        assert len(spotter._kept) <= spotter.window
    assert found[0] == found[1] == found[2]
    assert found[0]


def test_windows_are_every_hop_and_middles_are_right(trained, stream):
    spotter = Spotter(trained / "run", SpotterSettings(hop_s=0.1))
    heard = list(spotter.probabilities(stream[0]))
    times = [time_s for time_s, _ in heard]
    np.testing.assert_allclose(times, np.arange(len(times)) * 0.1, atol=1e-9)
    assert times[-1] == pytest.approx(10 - spotter.window / 8000 / 2, abs=0.1)
    assert all(p.shape == (3,) and p.sum() == pytest.approx(1, abs=1e-4) for _, p in heard)


def test_what_is_no_model_is_refused(tmp_path):
    with pytest.raises(BundleError, match=r"not a trained model .* or use one that ships"):
        Spotter(tmp_path)


def test_a_short_dip_does_not_make_two_words_of_one():
    rows = [[0, p, 1 - p] for p in (0.95, 0.9, 0.85, 0.4, 0.85, 0.9, 0.96, 0.1)]
    assert [e.label for e in decoded(rows)] == ["yes"]


def test_what_is_passed_over_does_not_put_off_what_follows():
    rows = ([[0, 0.9, 0.1]] + [[0, 0, 1]] * 3) * 10  # every 0.4 s
    times = [e.time_s for e in decoded(rows, gap_s=0.5)]
    assert times == pytest.approx([0.0, 0.8, 1.6, 2.4, 3.2])


def test_windows_may_be_farther_apart_than_they_are_long(trained, stream):
    whole = Spotter(trained / "run", SpotterSettings(hop_s=2.0))
    y = stream[0] if isinstance(stream, tuple) else stream
    once = [time_s for time_s, _ in whole.probabilities(y)]
    pieces = Spotter(trained / "run", SpotterSettings(hop_s=2.0))
    small = [time_s for i in range(0, len(y), 800) for time_s, _ in pieces.probabilities(y[i : i + 800])]
    assert once == pytest.approx(small)
    assert np.diff(once) == pytest.approx(2.0)
    assert once[-1] < len(y) / whole.sr + 1


def test_a_class_to_ignore_must_be_there():
    with pytest.raises(ParameterError, match="did you mean 'unknown'"):
        decoded([[0, 0, 1]], ignore=("unknwon",))
