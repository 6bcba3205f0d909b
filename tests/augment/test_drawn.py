import msgspec
import pytest

from sori.augment.drawn import Between, DrawnVariant, Whole, drawn_type


def test_drawn_values_have_types_and_ranges():
    kind = drawn_type("Some", rate=Between[0.5, 2.0], seed=Whole[0, 9])
    assert msgspec.convert({"rate": 1, "seed": 3}, kind).rate == 1
    for values in ({"rate": 1e-9, "seed": 1}, {"rate": 1, "seed": 10}, {"rate": 1}, {"rate": "1", "seed": 1},
                   {"rate": 1, "seed": 1, "more": 0}, {"rate": float("nan"), "seed": 1}):  # fmt: skip
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(values, kind)


def test_a_variant_names_its_file_and_transforms():
    made = {"file": "a.flac", "waveform": [{"transform": 0, "name": "Gain", "gain_db": 1.0}], "spectrogram": None}
    assert msgspec.convert(made, DrawnVariant).waveform[0].name == "Gain"
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({**made, "waveform": [{"name": "Gain"}]}, DrawnVariant)
