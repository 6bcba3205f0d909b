"""From recordings to datasets: catalog, build, store, convert and split."""

from sori.datasets.batches import LiveFeatures, Source, StoredFeatures, augmented_batches
from sori.datasets.build import build
from sori.datasets.catalog import Catalog, Recording, read_catalog
from sori.datasets.clips import read_clips
from sori.datasets.convert import export_json, import_json, import_npz
from sori.datasets.split import Split, fold_splits, split
from sori.datasets.store import FACTS, Dataset, Segments, has_dataset, maker_of

__all__ = [
    "FACTS",
    "Catalog",
    "Dataset",
    "LiveFeatures",
    "Recording",
    "Segments",
    "Source",
    "Split",
    "StoredFeatures",
    "augmented_batches",
    "build",
    "export_json",
    "fold_splits",
    "has_dataset",
    "import_json",
    "import_npz",
    "maker_of",
    "read_catalog",
    "read_clips",
    "split",
]
