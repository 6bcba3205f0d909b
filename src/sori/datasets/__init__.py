"""From recordings to datasets: catalog, build, store, convert and split."""

from sori.datasets.batches import LiveFeatures, Source, StoredFeatures, augmented_batches
from sori.datasets.build import SILENCE, build, features_of, process
from sori.datasets.catalog import Catalog, Recording, read_catalog
from sori.datasets.clips import read_clips
from sori.datasets.convert import export_json, import_json, import_npz
from sori.datasets.performances import MATERIALS, Clip, Performance, Playing, draw_clip, in_a_room, mixed
from sori.datasets.segmenting import Segmenting
from sori.datasets.split import Split, fold_splits, split
from sori.datasets.store import Dataset, Segments

__all__ = [
    "MATERIALS",
    "SILENCE",
    "Catalog",
    "Clip",
    "Dataset",
    "LiveFeatures",
    "Performance",
    "Playing",
    "Recording",
    "Segmenting",
    "Segments",
    "Source",
    "Split",
    "StoredFeatures",
    "augmented_batches",
    "build",
    "draw_clip",
    "export_json",
    "features_of",
    "fold_splits",
    "import_json",
    "import_npz",
    "in_a_room",
    "mixed",
    "process",
    "read_catalog",
    "read_clips",
    "split",
]
