from types import SimpleNamespace

import pytest

from sori.errors import ParameterError
from sori.registry import Registry


@pytest.fixture
def installed(monkeypatch):
    """Install entry points: their names, and what loading each does. Returns the groups that were asked for."""
    asked = []

    def install(**points):
        def entry_points(*, group):
            asked.append(group)
            dist = SimpleNamespace(name="sori-colours")
            return [SimpleNamespace(name=name, load=load, dist=dist) for name, load in points.items()]

        monkeypatch.setattr("importlib.metadata.entry_points", entry_points)
        return asked

    return install


def colours():
    return Registry("colour", "sori.colours", {"red": 1, "blue": 2})


def test_what_another_package_adds_is_found_by_its_name(installed):
    asked = installed(green=lambda: 3)
    registry = colours()
    assert registry["green"] == 3
    assert "green" in registry
    assert list(registry) == ["red", "blue", "green"]
    assert len(registry) == 3
    assert dict(registry) == {"red": 1, "blue": 2, "green": 3}
    assert set(asked) == {"sori.colours"}


def test_its_own_are_found_without_a_search(installed):
    asked = installed()
    assert colours()["red"] == 1
    assert "blue" in colours()
    assert asked == []


def test_it_is_loaded_once(installed):
    loads = []
    installed(green=lambda: loads.append(1) or 3)
    registry = colours()
    assert registry["green"] == registry["green"] == 3
    assert len(loads) == 1


def test_listing_names_loads_nothing(installed):
    def fails():
        raise AssertionError

    installed(green=fails)
    assert list(colours()) == ["red", "blue", "green"]


def test_no_package_takes_the_place_of_its_own(installed):
    installed(red=lambda: 99)
    assert colours()["red"] == 1
    assert list(colours()) == ["red", "blue"]


def test_an_unknown_name_lists_those_of_packages_too(installed):
    installed(green=lambda: 3)
    with pytest.raises(ParameterError, match=r"colour must be one of red, blue, green.*did you mean 'green'"):
        colours()["gren"]


@pytest.mark.parametrize("error", [ImportError("no module named paint"), RuntimeError("out of paint"), KeyError()])
def test_a_package_that_cannot_be_loaded_is_named(installed, error):
    def fails():
        raise error

    installed(green=fails)
    with pytest.raises(ParameterError, match=r"colour green of the package sori-colours") as caught:
        colours()["green"]
    assert caught.value.__cause__ is error
