"""The house: imports point down, and the light part stays light."""

import ast
import re
import subprocess
import sys

from tests.conftest import ROOT

SOURCE = ROOT / "src" / "sori"
LAYERS = (
    ("errors",),
    ("folders",),
    ("units", "reporter", "registry", "output", "sessions"),
    ("nn", "audio", "music"),
    ("features", "plots"),
    ("synth",),
    ("augment",),
    ("datasets",),
    ("models", "evaluation"),
    ("bundle",),
    ("notation", "separation"),
    ("inference", "analysis"),
    ("training",),
    ("reports",),
    ("experiments",),
    ("tasks",),
    ("cli", "studio"),
)
# What a lower layer may ask for of a higher one, inside a function alone: how an object shows itself in a notebook, or
# plays itself.
SHOWN = {("datasets", "reports"), ("inference", "reports"), ("analysis", "reports"), ("nn", "plots")}
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


def at_top(file):
    """Lines of a file's imports that are run when it is imported, or checked by a type checker."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    inside = {
        node.lineno
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    return lambda line: line not in inside


def test_imports_point_down():
    files = [file for file in SOURCE.rglob("*.py") if file.parent != SOURCE or file.stem != "__init__"]
    assert len(files) > 30
    for file in files:
        mine, is_top = file.relative_to(SOURCE).parts[0].removesuffix(".py"), at_top(file)
        for module, line in imports(file):
            if module.startswith("sori.") and module.split(".")[1] in RANK:
                other = module.split(".")[1]
                if (mine, other) in SHOWN and not is_top(line):
                    continue
                below = RANK[other] < RANK[mine] or other == mine or RANK[mine] == RANK["units"] == RANK[other]
                assert below, f"{file}:{line}: {mine} must not import {other}"


def test_no_file_imports_another_that_imports_it():
    """Inside a package too, and for type checkers alone too."""
    graph = {}
    for file in SOURCE.rglob("*.py"):
        parts = file.relative_to(SOURCE.parent).with_suffix("").parts
        name, is_top = ".".join(parts), at_top(file)
        if file.stem != "__init__":
            graph[name] = {module for module, line in imports(file) if is_top(line)}
    for name, imported in graph.items():
        for other in imported & graph.keys():
            assert name not in graph[other], f"{name} and {other} import each other"


def test_every_file_belongs_to_a_layer_and_is_short():
    for file in SOURCE.rglob("*.py"):
        part = file.relative_to(SOURCE).parts[0].removesuffix(".py")
        assert part in RANK or part == "__init__", f"{part} has no place in the house"
        assert len(file.read_text(encoding="utf-8").splitlines()) <= 500, file


def test_every_file_has_its_tests_where_they_are_looked_for():
    files = [file.relative_to(SOURCE) for file in SOURCE.rglob("*.py") if file.stem != "__init__"]
    lacking = [str(file) for file in files if not (ROOT / "tests" / file.with_name(f"test_{file.name}")).is_file()]
    assert lacking == []


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
    code = f"import sys, sori.tasks.predict; print([name for name in {HEAVY[:3]} if name in sys.modules])"
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


def test_inference_is_light():
    """What a user of models waits for: nothing that reads datasets, draws or trains."""
    heavy = ("pyarrow", "scipy.signal", "pandas", "matplotlib", "keras", "sklearn", "librosa", "pretty_midi")
    code = f"import sys, sori.inference; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_nothing_below_the_command_line_names_an_option():
    flag = re.compile(r"(?<![\w-])(?<!pip install )--[a-z]")
    for file in SOURCE.rglob("*.py"):
        if file.parent.name == "cli" or file.name in ("page.py", "score.py"):  # whose style sheets have variables
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert not flag.search(node.value), f"{file}:{node.lineno}: {node.value}"


def test_tasks_are_thin_and_functions_short():
    tasks = [len(file.read_text(encoding="utf-8").splitlines()) for file in (SOURCE / "tasks").glob("*.py")]
    assert sum(tasks) < 100 * len(tasks)
    for file in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                body = [line for line in node.body if not isinstance(line, ast.Expr) or line is not node.body[0]]
                length = (body[-1].end_lineno - body[0].lineno + 1) if body else 0
                assert length <= 80, f"{file}:{node.lineno}: {node.name} has {length} lines"
