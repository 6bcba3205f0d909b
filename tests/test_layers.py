"""The house: imports point down, and the light part stays light."""

import ast
import subprocess
import sys

from tests.conftest import ROOT

SOURCE = ROOT / "src" / "sori"
LAYERS = (
    ("errors", "progress", "atomic"),
    ("units",),
    ("nn", "audio", "music", "segment"),
    ("features",),
    ("augment",),
    ("datasets",),
    ("models",),
    ("evaluation", "plots"),
    ("training",),
    ("bundle",),
    ("inference", "transcriber"),
    ("tasks",),
    ("cli", "studio"),
)
RANK = {name: rank for rank, layer in enumerate(LAYERS) for name in layer}
HEAVY = ("keras", "tensorflow", "sklearn", "matplotlib", "librosa", "torch", "jax")


def imports(file):
    """Yield (module, line) of every import of ours in a file."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            if node.module == "sori":
                yield from ((f"sori.{alias.name}", node.lineno) for alias in node.names)
            else:
                yield node.module, node.lineno
        elif isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)


def test_imports_point_down():
    files = [file for file in SOURCE.rglob("*.py") if file.parent != SOURCE or file.stem != "__init__"]
    assert len(files) > 30
    for file in files:
        mine = file.relative_to(SOURCE).parts[0].removesuffix(".py")
        for module, line in imports(file):
            if module.startswith("sori.") and module.split(".")[1] in RANK:
                other = module.split(".")[1]
                assert RANK[other] <= RANK[mine], f"{file}:{line}: {mine} must not import {other}"
                assert RANK[other] < RANK[mine] or other == mine or RANK[mine] == 0, f"{file}:{line}: {mine}, {other}"


def test_every_file_belongs_to_a_layer_and_is_short():
    for file in SOURCE.rglob("*.py"):
        part = file.relative_to(SOURCE).parts[0].removesuffix(".py")
        assert part in RANK or part == "__init__", f"{part} has no place in the house"
        assert len(file.read_text(encoding="utf-8").splitlines()) <= 500, file


def test_models_use_keras_alone():
    for file in SOURCE.rglob("*.py"):
        assert not any(module.partition(".")[0] == "tensorflow" for module, _ in imports(file)), file


def test_import_and_help_load_nothing_heavy():
    code = (
        "import sys, sori, sori.cli; sori.features.FrontEnd(kind='mfcc', sr=22050);"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_prediction_loads_no_framework():
    code = f"import sys, sori.tasks.classify; print([name for name in {HEAVY[:3]} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_networks_from_scratch_need_nothing_of_ours_but_errors():
    files = sorted((SOURCE / "nn").glob("*.py"))
    assert len(files) >= 5
    for file in files:
        for module, line in imports(file):
            allowed = module.startswith(("sori.nn", "sori.errors")) or not module.startswith("sori")
            assert allowed, f"{file}:{line}: nn must not import {module}"
            assert module.partition(".")[0] in {"sori", "numpy", *sys.stdlib_module_names}, f"{file}:{line}: {module}"
