"""Batches made in advance, by a thread or by several processes."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from sori.errors import SoriError

Arrays = Sequence[npt.NDArray[Any]]
_PATIENCE_S = 300.0
# Libraries that run threads of their own from the moment they are loaded.
_THREADED = ("tensorflow", "jax", "torch")
_AHEAD = 4
# Files here stay in memory; where there is little room, as in some containers, the usual folder is used.
_MEMORY, _ROOM = Path("/dev/shm"), 4 << 30


class InAdvance:
    """The arrays of ``make(step)`` for each step in order, computed a few steps ahead.

    Making begins at once, so that processes are started before the threads of whatever is trained on the batches.

    Parameters
    ----------
    make
        Function of a step that returns arrays.
    steps
        The steps.
    workers
        1: a thread; more: as many processes, each on one thread. On Linux they share the memory of ``make`` if nothing
        that has threads of its own was loaded before; else each has a copy.

    Raises
    ------
    SoriError
        From the iterator, if a batch takes longer than five minutes, or a process was killed.
    """

    def __init__(self, make: Callable[[int], Arrays], steps: range, *, workers: int = 1) -> None:
        self._make: Callable[[int], Any]
        self._take: Callable[[Any], Arrays] | None
        self._coming = iter(steps)
        self._stuck = False
        with ExitStack() as stack:  # closed here if the first batches cannot be asked for
            pool: Executor
            if workers == 1:
                pool = ThreadPoolExecutor(1)
                self._make, self._take = make, None
            else:
                has_room = os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _ROOM
                memory = _MEMORY if has_room else None
                folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=memory, prefix="sori-")))
                # Forked processes share the memory of this one: a bank of pianos is gigabytes. But one that is forked
                # while a thread holds a lock waits for it forever.
                shares = sys.platform == "linux" and not any(name in sys.modules for name in _THREADED)
                context = multiprocessing.get_context("fork" if shares else "spawn")
                pool = ProcessPoolExecutor(workers, context, initializer=_begin, initargs=(make, folder))
                self._make, self._take = partial(_written, folder), _read
            self._pool = pool
            stack.callback(self._stop)
            self._waiting: deque[Future[Any]] = deque()
            self._ask(workers + _AHEAD)
            self._stack = stack.pop_all()

    def _ask(self, count: int) -> None:
        try:
            self._waiting.extend(self._pool.submit(self._make, step) for step in islice(self._coming, count))
        except BrokenExecutor as error:
            raise _broken() from error

    def __iter__(self) -> Iterator[Arrays]:
        return self

    def __next__(self) -> Arrays:
        if not self._waiting:
            raise StopIteration
        try:
            made = self._waiting.popleft().result(timeout=_PATIENCE_S)
            self._ask(1)
        except BrokenExecutor as error:
            raise _broken() from error
        except TimeoutError as error:
            self._stuck = True
            raise SoriError(f"a batch was not made within {_PATIENCE_S:.0f} s; train again: it goes on") from error
        return self._take(made) if self._take else made

    def _stop(self) -> None:
        """Let the pool end, without waiting for one that is stuck."""
        workers = list((getattr(self._pool, "_processes", None) or {}).values()) if self._stuck else []
        self._pool.shutdown(wait=not self._stuck, cancel_futures=True)
        for worker in workers:
            worker.kill()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()


def _broken() -> SoriError:
    return SoriError(
        "a process that makes batches was killed: with fewer workers it needs less memory; a script that starts "
        "workers needs `if __name__ == '__main__':`"
    )


_makes: list[Callable[[int], Arrays]] = []  # of a worker process: what it makes


def _begin(make: Callable[[int], Arrays], folder: Path) -> None:
    """Begin a worker process: on one thread, stopped by the process that began it, never without it."""
    _makes[:] = [make]
    threadpool_limits(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def leave() -> None:
        parent = multiprocessing.parent_process()
        if parent is not None:
            parent.join()
            shutil.rmtree(folder, ignore_errors=True)
            os._exit(1)

    threading.Thread(target=leave, daemon=True).start()


def _written(folder: Path, step: int) -> list[Path]:
    """Write the arrays of a step: files are read faster than a pipe between two processes."""
    files = []
    for i, array in enumerate(_makes[0](step)):
        files.append(folder / f"{step}-{i}.npy")
        np.save(files[-1], array)
    return files


def _read(files: Sequence[Path]) -> Arrays:
    """Open what :func:`_written` wrote; where the system lets an open file go, it is mapped and not copied."""
    arrays = [np.asarray(np.load(file, mmap_mode="r" if os.name == "posix" else None)) for file in files]
    for file in files:
        file.unlink()
    return arrays


def heard_again(
    batches: Iterable[Arrays], *, times: int, seed: int, kept: int = 64, most_bytes: float = 2e9
) -> Iterator[Arrays]:
    """Yield each batch ``times`` times on average: once when it comes, and ``times - 1`` draws of the last ``kept``.

    Fewer are kept if together they would take more than ``most_bytes``.

    >>> [int(batch[0]) for batch in heard_again(([np.array(i)] for i in range(3)), times=2, seed=0)]
    [0, 0, 1, 1, 2, 2]
    """
    rng = np.random.default_rng((seed, 1))
    latest: deque[Arrays] = deque(maxlen=kept)
    for batch in batches:
        yield batch
        if times > 1:
            latest.append(batch)
            while len(latest) > 1 and sum(array.nbytes for one in latest for array in one) > most_bytes:
                latest.popleft()
        for _ in range(times - 1):
            yield latest[int(rng.integers(len(latest)))]
