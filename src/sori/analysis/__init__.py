"""What a recording is, and what degrading it loses."""

from sori.analysis.inspection import BANDS, Inspection, View, inspect

__all__ = ["BANDS", "Inspection", "View", "inspect"]
