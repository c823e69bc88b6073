"""Every file of engines that the documentation shows is one that is read, and the reference names every setting."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from agent_agency.inference import engine_file
from agent_agency.inference.bench.winner import load_measurements
from agent_agency.inference.engine_settings import EngineChoices
from support.doc_blocks import Block, read_blocks

DOCS = Path(__file__).parents[2] / "docs"
REFERENCE = DOCS / "reference" / "engines-toml.md"
BLOCKS = [
    block
    for page in sorted(DOCS.rglob("*.md"))
    for block in read_blocks(page)
    if block.title in {"engines.toml", "local.toml"}
]
KEYS = sorted({key for keys in engine_file._KEYS.values() for key in keys} | {"month", "task", "memory_gb"})


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: f"{block.page.name}:{block.line}")
def test_a_shown_file_of_engines_is_read(block: Block) -> None:
    read = engine_file.read_engines(block.text.encode(), "engines.toml")

    assert isinstance(read, EngineChoices), read


@pytest.mark.parametrize("key", KEYS)
def test_every_setting_of_an_engine_stands_in_the_reference(key: str) -> None:
    assert re.search(rf"^\|.*`{key}`.*\|", REFERENCE.read_text("utf-8"), re.MULTILINE)


def test_the_shown_measurement_is_one_that_is_read(tmp_path: Path) -> None:
    (block,) = (one for one in read_blocks(REFERENCE) if one.title == "measured-engines.json")
    path = tmp_path / "measured-engines.json"
    path.write_text(block.text)

    (measurement,) = load_measurements(path)
    assert measurement.choices["short"].engine == "llama.cpp"
