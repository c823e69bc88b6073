"""The page of acceptance names tests that exist, and says plainly where there is none."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reference" / "acceptance.md"
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
ROW = re.compile(r"^\| ([AJMOPT]?\d+) \|(.*)\|(.*)\|$", re.MULTILINE)


def _page() -> str:
    return PAGE.read_text(encoding="utf-8")


def _tests_in(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_criterion_and_every_defect_has_its_row() -> None:
    rows = [row for row, _, _ in ROW.findall(_page())]
    criteria = [f"A{number}" for number in range(1, 9)]
    defects = [str(number) for number in range(1, 12)]
    others = {"P": 9, "J": 13, "O": 17, "T": 7, "M": 13}
    assert rows == [
        *criteria,
        *defects,
        *(f"{letter}{number}" for letter, last in others.items() for number in range(1, last + 1)),
    ]


@pytest.mark.parametrize("named", sorted(set(NAMED.findall(_page()))), ids="::".join)
def test_every_test_that_is_named_exists(named: tuple[str, str]) -> None:
    path, name = named
    assert name in _tests_in(ROOT / path)


def test_a_row_names_a_test_or_says_that_it_comes_later() -> None:
    for row, _, held in ROW.findall(_page()):
        assert NAMED.search(held) or "later part" in held, row
    assert all("later part" in held for row, _, held in ROW.findall(_page()) if row in {"A1", "A7"})
