"""Arrows point one way: a step never imports a face of the program, a foundation never a step."""

from __future__ import annotations

import ast
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "amgs"

# A package may import those on earlier lines (and itself). Adding one is one line here.
LAYERS: tuple[tuple[str, ...], ...] = (
    ("_version", "errors", "vocabulary"),
    ("scale", "config", "drives", "processes", "provenance", "files", "timepoints"),
    ("workbooks", "csv_cells"),
    ("jobs", "tables"),
    ("cluster",),
    ("images", "video"),
    ("model",),
    ("faces", "scoring"),
    ("extraction", "interop"),
    ("prediction", "cohort"),
    ("image_check",),
    ("figures",),
    ("report",),
    ("store",),
    ("study",),
    ("simulate",),
    ("live",),
    ("demo",),
    ("web",),
    ("cli",),
)
NOT_IN_THE_CORE = {"torch", "cv2", "finder_training"}
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}


def modules() -> list[Path]:
    return sorted(SOURCE.rglob("*.py"))


def package_of(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imported_packages(path: Path) -> set[str]:
    """Every package of amgs that a module imports, also inside functions and for types."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} uses a relative import"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        found |= {name.split(".")[1] for name in names if name.startswith("amgs.")}
    return found


def test_every_package_has_its_place() -> None:
    """A new package must be put into the order above."""
    packages = {package_of(path) for path in modules()} - {"__init__", "__main__"}
    assert packages <= set(RANK)


@pytest.mark.parametrize("path", modules(), ids=lambda p: p.relative_to(SOURCE).as_posix())
def test_arrows_point_one_way(path: Path) -> None:
    """No module imports from a later layer, or from a neighbour in its own."""
    mine = package_of(path)
    if mine in {"__init__", "__main__"}:
        return
    for other in imported_packages(path) - {mine}:
        assert RANK[other] < RANK[mine], f"{path.name} ({mine}) imports {other}"


def module_name(path: Path) -> str:
    parts = path.relative_to(SOURCE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_modules(path: Path, known: set[str]) -> set[str]:
    """Every module of amgs that a module names in an import, wherever the import stands."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                found.add(inner if inner in known else node.module)
    return found & known


def test_no_module_needs_itself_by_a_detour() -> None:
    """No circle of imports, not even by one inside a function or one for types alone."""
    known = {module_name(path) for path in modules()}
    graph = {module_name(path): imported_modules(path, known) for path in modules()}
    TopologicalSorter(graph).prepare()  # raises CycleError with the circle


def test_a_circle_would_be_found(tmp_path: Path) -> None:
    """One by an import inside a function and one for types, as people write them."""
    first, second = tmp_path / "first.py", tmp_path / "second.py"
    first.write_text("def f():\n    from amgs.second import g\n", encoding="utf-8")
    second.write_text("if TYPE_CHECKING:\n    from amgs import first\n", encoding="utf-8")
    known = {"amgs", "amgs.first", "amgs.second"}
    graph = {"amgs.first": imported_modules(first, known)}
    graph["amgs.second"] = imported_modules(second, known)
    with pytest.raises(CycleError):
        TopologicalSorter(graph).prepare()


def test_the_core_never_imports_torch() -> None:
    """Torch is for making networks; a laptop without it runs everything."""
    for path in modules():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                assert not {a.name.split(".")[0] for a in node.names} & NOT_IN_THE_CORE, path
            elif isinstance(node, ast.ImportFrom):
                assert (node.module or "").split(".")[0] not in NOT_IN_THE_CORE, path


def test_importing_amgs_loads_nothing_heavy() -> None:
    """`import amgs` and the command line load no numeric package; --help stays fast."""
    heavy = (
        "numpy",
        "pandas",
        "scipy",
        "sklearn",
        "skimage",
        "onnxruntime",
        "matplotlib",
        "PIL",
        "av",
    )
    code = (
        "import sys, amgs, amgs.cli.main\n"
        f"loaded = [name for name in {heavy!r} if name in sys.modules]\n"
        "sys.exit(', '.join(loaded) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_no_module_and_no_function_is_too_long() -> None:
    """Modules stay under 330 lines and function bodies under 60, so that each can be read whole."""
    for path in modules():
        text = path.read_text(encoding="utf-8")
        assert len(text.splitlines()) <= 330, path
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                body = node.body[1:] if ast.get_docstring(node) else node.body
                if body:
                    length = (body[-1].end_lineno or 0) - body[0].lineno + 1
                    assert length <= 60, f"{path.name}: {node.name} has {length} lines"
