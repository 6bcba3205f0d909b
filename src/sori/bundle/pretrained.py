"""The trained models that ship with Sori, and the lookup of a model's folder by its name."""

from __future__ import annotations

from pathlib import Path

from sori.errors import check_choice

PRETRAINED = ("keywords", "piano", "sounds")
_WEIGHTS = Path(__file__).parents[1] / "weights"
NOTATION = _WEIGHTS / "notation"  # the two networks of sheet music, which are parts of one task and no models by name


def pretrained(name: str) -> Path:
    """Return the folder of a trained model that ships with Sori, with its model card.

    Raises
    ------
    ParameterError
        If there is none of that name.

    >>> pretrained("keywords").name
    'keywords'
    """
    check_choice("pretrained", name, PRETRAINED)
    return _WEIGHTS / name


def bundle_folder(path_or_name: str | Path) -> Path:
    """Return the folder of a model by its path or a shipped model's name; an existing folder of that name wins."""
    path = Path(path_or_name)
    if str(path_or_name) in PRETRAINED and not (path / "bundle.json").is_file():
        return pretrained(str(path_or_name))
    return path
