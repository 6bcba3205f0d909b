"""Scores of classifiers, spotters and transcribers."""

from sori.evaluation.classes import ClassScores, by_recording, score_classes
from sori.evaluation.events import EventScores, score_events

__all__ = ["ClassScores", "EventScores", "by_recording", "score_classes", "score_events"]
