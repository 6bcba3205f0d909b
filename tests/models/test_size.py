import builtins
import io

import pytest

from sori.errors import ParameterError
from sori.models import size
from sori.models.size import check_memory, check_regularisation, scaled, sized

GIB = 2**30


def test_widths_scale_and_leave_at_least_one():
    assert [scaled(64, width) for width in (0.01, 0.5, 1, 1.51)] == [1, 32, 64, 97]
    for width in (0, -1, 1000, float("nan")):
        with pytest.raises(ParameterError, match="width must be"):
            scaled(64, width)


def test_depth_repeats_or_leaves_out_the_last():
    stages = ["a", "b", "c"]
    assert sized(stages, 0) == stages
    assert sized(stages, 2) == ["a", "b", "c", "c", "c"]
    assert sized(stages, -2) == ["a"]
    assert stages == ["a", "b", "c"]
    for depth in (-3, 21, 0.5, True):
        with pytest.raises(ParameterError, match="depth must be a whole number from -2 to 20"):
            sized(stages, depth)


@pytest.mark.parametrize("bad", [{"dropout": 0.96, "l2": 0}, {"dropout": -0.1, "l2": 0}, {"dropout": 0, "l2": -1}])
def test_regularisation_has_its_range(bad):
    check_regularisation(dropout=0.95, l2=0)
    with pytest.raises(ParameterError, match="must be"):
        check_regularisation(**bad)


def test_what_needs_more_memory_than_is_free_is_refused_with_the_numbers(monkeypatch):
    """A weight takes 24 bytes in training."""
    monkeypatch.setattr(size, "_memory", lambda: 12 * GIB)
    check_memory("wave", GIB // 24 * 10)
    with pytest.raises(ParameterError, match=r"model wave would have 536,870,912 weights") as caught:
        check_memory("wave", GIB // 2)
    assert "12.0 GiB, of which 12.0 are free" in str(caught.value)
    assert "`width`" in str(caught.value)


def test_a_system_that_does_not_tell_its_memory_refuses_nothing(monkeypatch):
    monkeypatch.setattr(size, "_memory", lambda: None)
    check_memory("wave", 10**15)


def test_free_memory_is_what_linux_says(monkeypatch):
    text = "MemTotal:       8000000 kB\nMemFree:  1 kB\nMemAvailable:    3000000 kB\n"
    monkeypatch.setattr(builtins, "open", lambda *arguments, **options: io.StringIO(text))
    assert size._memory() == 3_000_000 * 1024


def test_where_there_is_no_such_file_the_total_is_taken(monkeypatch):
    def none(*arguments, **options):
        raise FileNotFoundError

    monkeypatch.setattr(builtins, "open", none)
    monkeypatch.setattr(size.os, "sysconf", {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 1000}.__getitem__, raising=False)
    assert size._memory() == 4_096_000
