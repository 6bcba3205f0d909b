import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from sori.errors import SoriError
from sori.training import feeding
from sori.training.feeding import InAdvance, heard_again


def squares(step):
    return [np.full((3, 2), step * step, dtype=np.float32), np.array([step])]


def who_made_it(step):
    return [np.array([step, os.getpid()])]


def no_third(step):
    if step == 2:
        raise ZeroDivisionError
    return [np.array([step])]


def killed_at_the_third(step):
    if step == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return [np.array([step])]


def stuck_at_the_third(step):
    if step == 2:
        time.sleep(20)
        Path(os.environ["WAITED_FOR"]).touch()
    return [np.array([step])]


def until(is_true, seconds=10):
    deadline = time.monotonic() + seconds
    while not is_true() and time.monotonic() < deadline:
        time.sleep(0.01)
    return is_true()


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_batches_come_in_order_and_are_the_same(workers):
    with InAdvance(squares, range(3, 40), workers=workers) as batches:
        for step, (x, y) in zip(range(3, 40), batches, strict=True):
            np.testing.assert_array_equal(x, np.full((3, 2), step * step))
            assert x.dtype == np.float32
            assert y.tolist() == [step]


def test_a_few_are_made_ahead_by_a_thread():
    made, threads = [], []

    def make(step):
        made.append(step)
        threads.append(threading.current_thread())
        return [np.array([step])]

    with InAdvance(make, range(1000)) as batches:
        next(batches)
        assert until(lambda: len(made) == 6)
        assert threading.current_thread() not in threads
    assert made == [0, 1, 2, 3, 4, 5]


def test_processes_make_them_where_asked_for(tmp_path, monkeypatch):
    monkeypatch.setattr(feeding, "_MEMORY", tmp_path)
    monkeypatch.setattr(feeding, "_ROOM", 0)
    with InAdvance(who_made_it, range(20), workers=2) as batches:
        (folder,) = tmp_path.iterdir()
        made = [batch for (batch,) in batches]
        assert not list(folder.iterdir())
    assert [step for step, _ in made] == list(range(20))
    assert os.getpid() not in {process for _, process in made}
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("workers", [1, 2])
def test_what_goes_wrong_in_making_a_batch_goes_wrong_in_the_training(workers):
    with InAdvance(no_third, range(5), workers=workers) as batches:
        assert [int(next(batches)[0][0]) for _ in range(2)] == [0, 1]
        with pytest.raises(ZeroDivisionError):
            next(batches)


def test_a_killed_process_is_told(recwarn):
    with InAdvance(killed_at_the_third, range(50), workers=2) as batches, pytest.raises(SoriError, match="was killed"):
        list(batches)


def test_one_that_is_stuck_is_told_and_not_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr(feeding, "_PATIENCE_S", 2.0)
    monkeypatch.setenv("WAITED_FOR", str(tmp_path / "waited"))
    with InAdvance(stuck_at_the_third, range(50), workers=2) as batches:
        with pytest.raises(SoriError, match="was not made within"):
            list(batches)
    assert not (tmp_path / "waited").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_processes_do_not_outlive_a_killed_training(tmp_path):
    program = (
        "import time\nfrom pathlib import Path\nfrom sori.training import feeding\n"
        "from test_feeding import who_made_it\n"
        f"feeding._MEMORY, feeding._ROOM = Path({str(tmp_path)!r}), 0\n"
        "batches = feeding.InAdvance(who_made_it, range(10**6), workers=2)\n"
        "print(*{int(next(batches)[0][1]) for _ in range(50)}, flush=True)\ntime.sleep(60)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    training = subprocess.Popen([sys.executable, "-c", program], env=environment, stdout=subprocess.PIPE, text=True)
    makers = training.stdout.readline().split()
    assert makers
    training.kill()
    training.wait()
    training.stdout.close()

    def gone(process):
        try:
            return "(zombie)" in Path(f"/proc/{process}/status").read_text()
        except OSError:
            return True

    assert until(lambda: all(gone(process) for process in makers))
    assert until(lambda: not list(tmp_path.iterdir()))


def test_a_batch_is_given_again_among_the_latest():
    batches = [[np.array([i])] for i in range(50)]
    given = [int(batch[0][0]) for batch in heard_again(iter(batches), times=3, seed=1, kept=8)]
    assert given[::3] == list(range(50))
    again = np.array(given).reshape(50, 3)[:, 1:]
    assert (again <= np.arange(50)[:, np.newaxis]).all()
    assert (again > np.arange(50)[:, np.newaxis] - 8).all()
    assert given == [int(batch[0][0]) for batch in heard_again(iter(batches), times=3, seed=1, kept=8)]
    assert list(heard_again(iter(batches), times=1, seed=1)) == batches


def test_fewer_are_kept_where_they_are_large():
    batches = [[np.full(1000, i, dtype=np.float32)] for i in range(50)]
    given = [int(batch[0][0]) for batch in heard_again(batches, times=2, seed=1, most_bytes=8000)]
    assert all(again >= new - 1 for new, again in zip(given[::2], given[1::2], strict=True))


def test_the_main_process_is_not_a_worker():
    assert multiprocessing.parent_process() is None
    assert feeding._makes == []
