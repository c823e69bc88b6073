"""Every piece of ``agency.toml`` that the documentation shows is one that the arbiter reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_agency.config import Config, read_config
from agent_agency.gate_reader import GATE_KEYS, LIMIT_RANGES, SETUP_KEYS
from agent_agency.judge_settings import JUDGES_KEYS
from support.doc_blocks import Block, read_blocks

PROJECT = Path(__file__).parents[2]
REFERENCE = PROJECT / "docs/reference/agency-toml.md"
BLOCKS = [
    block
    for page in (REFERENCE, *sorted((PROJECT / "docs/how-to").glob("*.md")))
    for block in read_blocks(page)
    if block.language == "toml" and block.title in {None, "agency.toml"}
]


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: f"{block.page.name}:{block.line}")
def test_a_shown_piece_of_settings_is_read(block: Block) -> None:
    read = read_config(block.text.encode(), "agency.toml")

    assert isinstance(read, Config), read


@pytest.mark.parametrize(
    "key", sorted({*GATE_KEYS, *SETUP_KEYS, *LIMIT_RANGES, *JUDGES_KEYS, "readable", "required_kinds"})
)
def test_every_setting_stands_in_the_reference(key: str) -> None:
    assert f"| `{key}` |" in REFERENCE.read_text("utf-8")
