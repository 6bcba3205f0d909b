import numpy as np
import pytest
from matplotlib.figure import Figure

from sori import plots
from sori.plots.sound import _fewer
from sori.units import hz_to_mel


def image(ax):
    return ax.images[0]


def test_a_waveform_has_its_seconds_and_every_extreme():
    y = np.zeros(100_000, dtype=np.float32)
    y[12_345], y[77_777] = 0.9, -0.8
    ax = plots.waveform(y, sr=10_000, start_s=5)
    assert ax.get_xlabel() == "time in seconds"
    assert ax.get_xlim() == pytest.approx((5, 15), abs=0.01)
    outline = ax.collections[0].get_paths()[0].vertices[:, 1]
    assert outline.max() == pytest.approx(0.9)
    assert outline.min() == pytest.approx(-0.8)
    short = plots.waveform(y[:50], sr=10_000)
    np.testing.assert_array_equal(short.lines[0].get_ydata(), y[:50])


def test_a_spectrum_keeps_its_peaks_and_names_them():
    hz = np.linspace(0, 11025, 200_001)
    level = np.full(len(hz), -90.0)
    level[np.abs(hz - 440).argmin()] = -6
    ax = plots.magnitude_spectrum(hz, level, peaks=[(440.0, -6.0, "A4")])
    x, y = ax.lines[0].get_data()
    assert y.max() == -6
    assert x[y.argmax()] == pytest.approx(440, rel=0.01)
    assert ax.get_xlim()[1] == pytest.approx(11025)
    assert "440.0 Hz  A4" in [text.get_text() for text in ax.texts][-1]


def test_a_spectrogram_is_right_on_its_axes():
    values = np.zeros((101, 51))
    values[40, 10] = 1  # 4000 Hz, 1 s
    ax = plots.spectrogram(values, start_s=0, end_s=5, low_hz=0, high_hz=10_000, limits=(0, 1))
    left, right, low, high = image(ax).get_extent()
    shown = np.asarray(image(ax).get_array())
    row, column = np.unravel_index(shown.argmax(), shown.shape)
    assert left + (column + 0.5) * (right - left) / 51 == pytest.approx(1)
    assert low + (row + 0.5) * (high - low) / 101 == pytest.approx(4000)
    assert image(ax).get_clim() == (0, 1)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("time in seconds", "frequency in Hz")


def test_a_mel_spectrogram_says_which_hz_its_rows_are():
    ax = plots.mel_spectrogram(np.zeros((64, 20)), start_s=0, end_s=1, fmin=27.5, fmax=4186)
    ticks = {label.get_text(): at for at, label in zip(ax.get_yticks(), ax.get_yticklabels(), strict=True)}
    assert len(ticks) >= 5
    low, high = (float(hz_to_mel(hz)) for hz in (27.5, 4186))
    bottom, top = image(ax).get_extent()[2:]
    first_centre = bottom + (top - bottom) / 64 / 2
    assert first_centre == pytest.approx(low + (high - low) / 65)  # a filter stands between the ends
    for text, at in ticks.items():
        assert at == pytest.approx(float(hz_to_mel(float(text))))


def test_mfcc_colours_fit_all_but_the_level():
    coefficients = np.ones((13, 30))
    coefficients[0] = -400
    ax = plots.mfcc(coefficients, start_s=0, end_s=1)
    assert image(ax).get_clim() == (-1, 1)
    assert image(ax).get_extent()[2:] == [-0.5, 12.5]


def test_long_pictures_are_averaged_and_not_thinned():
    values = np.zeros((3, 100_000), dtype=np.float32)
    values[1] = 1
    shown = _fewer(values, axis=1)
    assert shown.shape == (3, 1600)
    np.testing.assert_allclose(shown, values[:, :1600])
    np.testing.assert_allclose(_fewer(np.arange(3200.0)[None], axis=1)[0], np.arange(1600) * 2 + 0.5)


@pytest.mark.parametrize(
    "draw",
    [
        lambda ax: plots.waveform(np.zeros(1), sr=1, ax=ax),
        lambda ax: plots.magnitude_spectrum(np.zeros(1), np.zeros(1), ax=ax),
        lambda ax: plots.spectrogram(np.zeros((1, 1)), start_s=0, end_s=0, low_hz=0, high_hz=0, ax=ax),
        lambda ax: plots.mel_spectrogram(np.zeros((1, 1)), start_s=2, end_s=2, fmin=0, fmax=0.5, ax=ax),
        lambda ax: plots.mfcc(np.zeros((1, 1)), start_s=0, end_s=0, ax=ax),
        lambda ax: plots.steps(
            np.zeros(9), np.zeros(2), sr=9, degraded_sr=2, start_s=0, degraded_start_s=0, name="$x$", ax=ax
        ),
    ],
)
def test_the_smallest_clips_can_be_drawn_into_axes_that_are_given(draw, tmp_path):
    mine = Figure().add_subplot()
    assert draw(mine) is mine
    plots.save(mine, tmp_path / "small.png")
    assert plots.to_svg(mine).startswith("<svg")
