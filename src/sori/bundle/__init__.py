"""A trained model on disk: one schema and one reader for every task."""

from sori.bundle.bundle import TASKS, Bundle, save_bundle
from sori.bundle.onnx import export_onnx
from sori.bundle.pretrained import PRETRAINED, bundle_folder, pretrained

__all__ = [
    "PRETRAINED",
    "TASKS",
    "Bundle",
    "bundle_folder",
    "export_onnx",
    "pretrained",
    "save_bundle",
]
