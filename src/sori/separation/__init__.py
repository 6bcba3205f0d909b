"""Separators behind one interface: the piano of a recording of more than a piano."""

from sori.separation.separator import SEPARATORS, separator

__all__ = ["SEPARATORS", "separator"]
