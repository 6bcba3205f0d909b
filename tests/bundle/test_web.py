import functools
import http.server
import json
import os
import re
import shutil
import threading

import numpy as np
import pytest

from sori import audio
from sori.bundle.web import export_web
from sori.errors import BundleError, DatasetError
from sori.inference import Classifier
from tests.conftest import ROOT

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def page_folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("web") / "쪽"
    export_web("keywords", out)
    return out


def test_the_folder_is_whole(page_folder):
    names = {path.name for path in page_folder.iterdir()}
    assert {"index.html", "app.js", "style.css", "model.onnx", "model.json", "ort-wasm-simd-threaded.wasm"} <= names
    assert not any(name.endswith(".xz") for name in names)
    facts = json.loads((page_folder / "model.json").read_text(encoding="utf-8"))
    assert (facts["sr"], facts["samples"], len(facts["classes"])) == (16000, 16000, 12)
    assert (page_folder / "ort-wasm-simd-threaded.wasm").read_bytes()[:4] == b"\0asm"


def test_a_page_is_replaced_only_if_asked_and_other_folders_never(page_folder, tmp_path):
    with pytest.raises(DatasetError, match="overwrite"):
        export_web("keywords", page_folder)
    export_web("keywords", page_folder, overwrite=True)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(DatasetError, match=r"thesis\.txt"):
        export_web("keywords", tmp_path / "mine", overwrite=True)


def test_what_is_no_classifier_leaves_nothing(tmp_path):
    with pytest.raises(BundleError, match="not a classifier"):
        export_web("piano", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_page_withholds_answers_only_if_asked(trained, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(trained / "run", run)
    facts = json.loads((run / "bundle.json").read_text(encoding="utf-8"))
    facts["training"]["threshold"] = 0.6
    (run / "bundle.json").write_text(json.dumps(facts), encoding="utf-8")
    for asked, threshold in ((False, 0.0), (True, 0.6)):
        export_web(run, tmp_path / "page", none_of_these=asked, overwrite=True)
        assert json.loads((tmp_path / "page" / "model.json").read_text(encoding="utf-8"))["threshold"] == threshold
    with pytest.raises(BundleError, match="has no learned threshold"):
        export_web("keywords", tmp_path / "none", none_of_these=True)


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="module")
def address(page_folder):
    handler = functools.partial(Quiet, directory=str(page_folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """Noise and a chirp, at another rate than the model's, in stereo."""
    sr = 22050
    t = np.arange(2 * sr) / sr
    y = 0.3 * np.sin(2 * np.pi * (300 + 400 * t) * t) * (t % 0.7 < 0.4)
    path = tmp_path_factory.mktemp("sound") / "소리.wav"
    audio.save(path, y.astype(np.float32), sr=sr)
    return path


@pytest.fixture(scope="module")
def browser(sound):
    if CHROMIUM is None and not os.environ.get("SORI_TEST_ALL"):
        pytest.skip("Chromium is not installed")
    sync_api = pytest.importorskip("playwright.sync_api")
    fake = [
        "--no-sandbox",
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={sound}",
    ]
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=fake)
        yield browser
        browser.close()


@pytest.fixture
def page(browser, address):
    page = browser.new_page(locale="en-GB")
    errors = []
    page.on("pageerror", lambda error: errors.append(error))  # playwright cannot wrap a built-in method
    page.goto(address)
    page.wait_for_function("document.querySelector('#status').textContent === 'Ready.'")
    yield page
    assert not errors
    page.close()


def test_the_page_answers_as_sori_does(page, sound):
    page.set_input_files("#file", str(sound))
    page.wait_for_function("document.querySelector('#status').textContent.includes('windows')")
    assert page.inner_text("#status") == "소리.wav: 2.0 s, 3 windows"
    classifier = Classifier("keywords")
    y, _ = audio.load(sound, sr=16000)
    size = classifier.preprocessor.samples
    starts = (0, size // 2, len(y) - size)
    expected = classifier.predict_clips(np.stack([y[at : at + size] for at in starts])).mean(axis=0)
    best = int(expected.argmax())
    assert page.inner_text("#top") == classifier.bundle.classes[best]
    assert float(page.inner_text("#sure").rstrip(" %")) == pytest.approx(100 * expected[best], abs=3)
    assert page.locator("#player").is_visible()
    assert page.locator("#timeline svg .cursor").count() == 1


def test_the_page_listens_until_it_is_told_to_stop(page):
    page.click("#listen")
    page.wait_for_function("document.querySelectorAll('#timeline .cell').length >= 16")
    assert page.inner_text("#status") == "Listening…"
    page.click("#listen")
    page.wait_for_function("document.querySelector('#status').textContent === 'Ready.'")
    assert page.get_attribute("#listen", "aria-pressed") == "false"


def test_what_is_no_sound_and_a_refused_microphone_are_told_in_a_line(page, tmp_path):
    (tmp_path / "letter.wav").write_text("Dear Sir")
    page.set_input_files("#file", str(tmp_path / "letter.wav"))
    page.wait_for_selector("#status.bad")
    assert "letter.wav cannot be read as sound here" in page.inner_text("#status")
    refuse = "async () => { throw new DOMException('', 'NotAllowedError'); }"
    page.evaluate(f"() => {{ navigator.mediaDevices.getUserMedia = {refuse}; }}")
    page.click("#listen")
    page.wait_for_function("document.querySelector('#status').textContent.includes('NotAllowedError')")
    assert page.locator("#status.bad").count() == 1


def test_the_page_speaks_korean_and_fits_a_phone(browser, address):
    page = browser.new_page(locale="ko-KR", viewport={"width": 380, "height": 700})
    page.goto(address)
    page.wait_for_function("document.querySelector('#status').textContent === '준비되었습니다.'")
    assert page.inner_text("#listen") == "듣기"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.close()


@pytest.mark.parametrize("name", ["deploy.md", "deploy.ko.md"])
def test_the_example_in_javascript_answers(page, page_folder, name):
    (code,) = re.findall(r"```js\n(.*?)```", (ROOT / "docs" / name).read_text(encoding="utf-8"), re.DOTALL)
    size = json.loads((page_folder / "model.json").read_text(encoding="utf-8"))["samples"]
    found = page.evaluate(f"async () => {{ {code}; return await classify(new Float32Array({size})); }}")
    expected = Classifier("keywords").predict_clips(np.zeros((1, size), dtype=np.float32))[0]
    assert found["name"] == "silence"
    assert found["probability"] == pytest.approx(float(expected.max()), abs=1e-3)


def test_without_its_model_the_page_says_what_to_do(browser, address):
    page = browser.new_page(locale="en-GB")
    page.route("**/model.json", lambda route: route.abort())
    page.goto(address)
    page.wait_for_selector("#status.bad")
    assert "python -m http.server" in page.inner_text("#status")
    page.close()
