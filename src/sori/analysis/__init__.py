"""Measure recordings, and what quantising or resampling them loses."""

from sori.analysis.inspection import BANDS, Inspection, View, inspect

__all__ = ["BANDS", "Inspection", "View", "inspect"]
