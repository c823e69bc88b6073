"""The page about JSON documents names every member of a measurement of engines."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from agent_agency.inference.bench.row import Row

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "json.md").read_text("utf-8")
BENCH = PAGE.partition("## A measurement of engines")[2]


@pytest.mark.parametrize("member", [one.name for one in fields(Row)])
def test_every_member_of_a_row_stands_on_the_page(member: str) -> None:
    assert f"`{member}`" in BENCH.partition("| key of a row |")[2]
