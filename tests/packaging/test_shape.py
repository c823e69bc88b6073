"""The project's own shape: what a contributor may rely on when opening any file."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
MAX_FILE_LINES = 600
MAX_FUNCTION_LINES = 50


def _tracked(*patterns: str) -> list[Path]:
    done = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *patterns],
        cwd=PROJECT,
        capture_output=True,
        check=False,
    )
    if done.returncode == 0:
        names = [name for name in done.stdout.decode().split("\0") if name]
    else:
        names = [str(path.relative_to(PROJECT)) for pattern in patterns for path in PROJECT.rglob(pattern)]
    return sorted(PROJECT / name for name in names if (PROJECT / name).is_file() and ".venv" not in name)


def _functions(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    tree = ast.parse(path.read_text("utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def test_no_python_file_is_longer_than_600_lines() -> None:
    lengths = {str(path.relative_to(PROJECT)): len(path.read_text("utf-8").splitlines()) for path in _tracked("*.py")}
    assert len(lengths) > 20
    assert {name: length for name, length in lengths.items() if length > MAX_FILE_LINES} == {}


def test_no_function_is_longer_than_50_lines() -> None:
    long = [
        f"{path.relative_to(PROJECT)}:{node.lineno} {node.name}"
        for path in _tracked("*.py")
        for node in _functions(path)
        if (node.end_lineno or node.lineno) - node.lineno + 1 > MAX_FUNCTION_LINES
    ]
    assert long == []


def _collecting_names(module: ast.Module) -> list[str]:
    """Module-level names bound to a fresh list, dict or set, constants apart, and ``global`` statements."""
    found = [f"line {node.lineno}: global" for node in ast.walk(module) if isinstance(node, ast.Global)]
    for node in module.body:
        if not isinstance(node, ast.Assign | ast.AnnAssign):
            continue
        if not isinstance(node.value, ast.List | ast.Dict | ast.Set | ast.ListComp | ast.DictComp | ast.SetComp):
            continue
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        names = [target.id for target in targets if isinstance(target, ast.Name)]
        found += [f"line {node.lineno}: {name}" for name in names if name != "__all__" and name != name.upper()]
    return found


def test_the_product_keeps_no_module_level_state() -> None:
    stateful = {
        str(path.relative_to(PROJECT)): _collecting_names(ast.parse(path.read_text("utf-8")))
        for path in _tracked("src/*.py")
    }
    assert {name: found for name, found in stateful.items() if found} == {}


def test_the_constraints_pin_versions_and_name_no_place() -> None:
    lines = (PROJECT / "constraints.txt").read_text("utf-8").splitlines()
    pins = [line.split("#")[0].strip() for line in lines if line.split("#")[0].strip()]
    assert len(pins) > 30
    for pin in pins:
        assert re.fullmatch(r"[a-z0-9][a-z0-9.-]*==[0-9][0-9a-z.]*( ; [a-z_]+ [<>=!]+ \"[^\"]+\")?", pin), pin


def test_everything_that_pyproject_names_is_pinned() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))
    groups = project["dependency-groups"]
    extras = project["project"]["optional-dependencies"]
    optional = [entry for part in (groups, extras) for group in part.values() for entry in group]
    wanted = project["project"]["dependencies"] + optional
    names = {re.split(r"[<>=!~;\[ ]", entry)[0].lower().replace("_", "-") for entry in wanted}
    pinned = {line.split("==")[0] for line in (PROJECT / "constraints.txt").read_text("utf-8").splitlines()}
    assert names - pinned == set()


@pytest.mark.parametrize("pattern", ["src/*.py", "Makefile", "tools/*", ".ci/*", "docs/*", "README.md"])
def test_no_file_names_a_path_of_somebodys_machine(pattern: str) -> None:
    suspicious = re.compile(r"/(?:root|Users|work)/\w+|/home/(?!you\b)\w+")
    for path in _tracked(pattern):
        if path.suffix in {".png", ".jpg"}:
            continue
        assert suspicious.findall(path.read_text("utf-8")) == [], path
