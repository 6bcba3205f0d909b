import subprocess
import sys


def test_loads_without_a_word():
    code = "from sori.models.backend import keras; print(keras().__name__, keras() is keras())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout.strip(), done.stderr) == ("keras True", "")
