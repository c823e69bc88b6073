"""Keep tests outside of the repository's tree, and tell what agency.toml must say of them."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

from agent_agency.errors import UsageError
from agent_agency.facts import display_path
from agent_agency.gates.checkout import lies_inside
from agent_agency.gates.tests_of_tree import is_test_module
from agent_agency.gates.withheld_files import WithheldFiles, keep_withheld, read_folder, withheld_folder
from agent_agency.git import Repository
from agent_agency.withheld_settings import WithheldTests


@dataclass(frozen=True, slots=True)
class Kept:
    """What was kept: where it lies, how many files, and the declaration that makes it binding."""

    folder: Path
    files: int
    declaration: WithheldTests


def withhold(repo: Repository, folder: Path, gate: str, spec: str | None) -> Kept:
    """Copy a folder of tests, laid out as in the repository, to where reviews on this machine look for them.

    Raises:
        UsageError: when the folder lies in the repository's work tree, where whoever makes a change sees it.
        FileUnreadableError: when the folder holds what cannot be withheld.
        FileUnwritableError: when the copy cannot be written.
    """
    if repo.root is not None and lies_inside(folder, repo.root):
        raise UsageError(
            f"{display_path(str(folder))} lies in the repository's work tree, where whoever makes a change sees it",
            fix="Keep the tests in a folder of their own elsewhere.",
        )
    withheld = read_folder(folder)
    kept = keep_withheld(withheld_folder(repo.common_dir), withheld)
    return Kept(kept, len(withheld.files), WithheldTests(gate, withheld.digest, _least(withheld), spec))


def _least(withheld: WithheldFiles) -> int:
    """How many tests must run at least: the test functions that Python files name, else one."""
    modules = (data for path, data in withheld.files if path.endswith(".py") and is_test_module(path))
    return max(1, sum(map(_tests_in, modules)))


def _tests_in(source: bytes) -> int:
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return 1
    bodies = [tree.body, *(node.body for node in tree.body if isinstance(node, ast.ClassDef))]
    functions = {
        (index, node.name)
        for index, body in enumerate(bodies)
        for node in body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test")
    }
    return len(functions)
