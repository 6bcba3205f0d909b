"""Honest scores."""

from sori.evaluation.classes import ClassScores, by_recording, score_classes

__all__ = ["ClassScores", "by_recording", "score_classes"]
