"""Separators with one interface: the piano of a mixture."""

from sori.separation.separator import SEPARATORS, separator

__all__ = ["SEPARATORS", "separator"]
