import json

import pytest
import soundfile

from sori.audio import resample
from sori.errors import AudioError
from sori.inference import Event, Spotter, SpotterSettings
from sori.tasks.listen import json_line, spot, text_line, webvtt
from tests.conftest import Said


def test_formats():
    events = [Event(0.2, "<예>", 0.987), Event(3661.25, "no", 0.5)]
    text = "".join(webvtt(events))
    assert text.startswith("WEBVTT\n\n00:00:00.000 --> 00:00:01.000\n&lt;예&gt; (99 %)\n\n")
    assert json.loads(json_line(events[0])) == {"time_s": 0.2, "label": "<예>", "confidence": 0.987}
    assert text_line(events[1]) == "01:01:01.250  no  50 %"


def test_a_recording_at_another_rate_is_resampled_and_that_is_said(trained, stream, tmp_path):
    soundfile.write(tmp_path / "말.wav", resample(stream[0], from_sr=8000, to_sr=22050), 22050)
    said, done = [], []
    listening = {"threshold": 0.4, "ignore": ()}
    events = list(
        spot(
            trained / "run",
            tmp_path / "말.wav",
            **listening,
            reporter=Said(said, on_progress=lambda *report: done.append(report)),
        )
    )
    assert said == [f"{tmp_path / '말.wav'}: resampled from 22050 to the model's 8000 Hz"]
    assert done[-1][1] == done[-1][2] == 10
    for time_s, label in stream[1]:
        assert any(event.label == label and abs(event.time_s - time_s) < 0.5 for event in events), (label, events)


def test_what_is_no_recording_is_refused(trained, tmp_path):
    with pytest.raises(AudioError):
        list(spot(trained / "run", tmp_path / "none.wav"))


def test_captions_begin_at_the_beginning_at_the_earliest_and_are_as_long_as_wanted():
    lines = list(webvtt([Event(0.1, "go", 0.9), Event(10.0, "R&D", 0.8)], width_s=3.0))
    assert lines == [
        "WEBVTT\n\n",
        "00:00:00.000 --> 00:00:03.000\ngo (90 %)\n\n",
        "00:00:08.500 --> 00:00:11.500\nR&amp;D (80 %)\n\n",
    ]


def test_a_time_is_rounded_to_milliseconds_and_carries():
    assert text_line(Event(59.9996, "go", 0.505)).startswith("00:01:00.000  go  ")
    assert text_line(Event(3599.9999, "go", 1)) == "01:00:00.000  go  100 %"


def test_a_word_is_the_same_from_a_file_as_from_samples(trained, stream, tmp_path):
    settings = SpotterSettings(threshold=0.4, ignore=())
    soundfile.write(tmp_path / "a.wav", stream[0], 8000, subtype="FLOAT")
    said = Said()
    found = list(spot(trained / "run", tmp_path / "a.wav", threshold=0.4, ignore=(), reporter=said))
    spotter = Spotter(trained / "run", settings)
    assert found == [*spotter(stream[0]), *spotter.finish()]
    assert found
    assert said.said == []
