import numpy as np
import pytest

from sori.augment import Augmentation, Chain, SpectrogramAugment, Variant, looked_at, make_variant
from sori.augment.waveform import Gain
from sori.reports.augmentation import augmentation_report
from tests.conftest import Said, tone

Y = tone(440, sr=8000, duration_s=0.5)


def report(variants, **options):
    given = {"title": "<a>.wav", "recipe": "speech", "y": Y, "sr": 8000, "mel_db": looked_at(8000)(Y)}
    return augmentation_report(**given, variants=variants, reporter=options.get("reporter", Said()))


@pytest.fixture(scope="module")
def variants():
    rng = np.random.default_rng(0)
    louder = Augmentation(waveform=Chain((Gain(gain_db=(9.0, 9.0)),)))
    masks = Augmentation(spectrogram=SpectrogramAugment(masks=1, time_mask=0.2, bin_mask=0.2))
    return {
        f"{name}<1>.flac": make_variant(Y, kind, sr=8000, rng=rng)
        for name, kind in (("loud", louder), ("masks", masks))
    }


def test_the_clip_and_each_variant_can_be_heard_and_seen(variants):
    page = report(variants)
    assert page.count("<audio") == 3
    assert page.count("<svg") == 4  # the variant with masks has two
    assert "<h1>&lt;a&gt;.wav: speech</h1>" in page
    assert "<h2>loud&lt;1&gt;.flac</h2>" in page
    assert "<1>" not in page


def test_what_was_drawn_is_told_in_words(variants):
    page = report(variants)
    assert "Gain (gain_db 9)" in page
    assert f"played {variants['loud<1>.flac'].softer_db:.1f} dB softer" in page
    assert "the sound stays as it is" in page


def test_lists_of_draws_are_told_too():
    drawn = {"waveform": [{"transform": 0, "name": "Order", "pieces": [0.123456, 2], "what": "all"}]}
    page = report({"x": Variant(Y, drawn, 0.0, looked_at(8000)(Y), None)})
    assert "Order (pieces 0.123 2, what all)" in page


def test_each_picture_is_reported(variants):
    done = []
    report(variants, reporter=Said(on_progress=lambda stage, i, n, values: done.append((i, n))))
    assert done == [(1, 2), (2, 2)]
