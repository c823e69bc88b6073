import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from support.ledgers import lines_of, make_ledger


@pytest.fixture
def schema() -> dict[str, Any]:
    text = files("agent_agency.report").joinpath("schemas", "ledger-entry.v1.json").read_text("utf-8")
    document: dict[str, Any] = json.loads(text)
    return document


def test_every_line_that_the_ledger_writes_fits_the_published_schema(schema: dict[str, Any], tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path / "agency", 2)
    entries = [json.loads(line) for line in lines_of(ledger)]
    assert [entry["kind"] for entry in entries] == ["genesis", "ruling", "ruling"]
    for entry in entries:
        jsonschema_rs.validate(schema, entry)


@pytest.mark.parametrize(
    "change",
    [
        {"seq": 0},
        {"seq": 1},
        {"prev_hash": None},
        {"kind": "genesis"},
        {"chain": "../x"},
        {"signatures": []},
        {"body": []},
        {"ts": "2026-01-31"},
    ],
)
def test_the_schema_refuses_what_the_ledger_would_never_write(
    schema: dict[str, Any], tmp_path: Path, change: dict[str, Any]
) -> None:
    entry = make_ledger(tmp_path / "agency", 1).append("ruling", {}).as_dict()
    assert jsonschema_rs.is_valid(schema, entry)
    assert not jsonschema_rs.is_valid(schema, entry | change)
