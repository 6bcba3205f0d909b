import json

import pytest
import soundfile

from sori.audio import resample
from sori.errors import AudioError
from sori.inference import Event, SpotterSettings
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
    listening = SpotterSettings(threshold=0.4, ignore=())
    events = list(
        spot(
            trained / "run",
            tmp_path / "말.wav",
            settings=listening,
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
