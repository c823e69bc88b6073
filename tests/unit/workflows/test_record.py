from __future__ import annotations

from pathlib import Path

import pytest

from agent_agency.arbitration.case_file import decision_bytes
from agent_agency.canonical_json import digest_bytes
from agent_agency.workflows.record import UnrecordedRulingError
from support.ledgers import lines_of
from support.recorded import Recorded


@pytest.fixture
def recorded(tmp_path: Path) -> Recorded:
    return Recorded.in_folder(tmp_path / "agency")


def test_an_entry_names_everything_that_its_ruling_rests_on(recorded: Recorded) -> None:
    ruling = recorded.rule("1", b"one", b"two")
    body = recorded.entries()[-1].body
    assert body["case_file"] == digest_bytes(ruling.case_file)
    assert body["decision"] == digest_bytes(decision_bytes(ruling.decision))
    assert [(kept["gate"], kept["kind"], kept["part"], kept["digest"]) for kept in body["evidence"]] == [
        ("tests", "report", "head", digest_bytes(b"one")),
        ("tests", "report", "head", digest_bytes(b"two")),
    ]
    named = {body[name] for name in ("case_file", "document", "constitution")}
    assert recorded.digests() == {*named, digest_bytes(b"one"), digest_bytes(b"two")}


def test_a_stopped_review_is_recorded_and_is_no_ruling(recorded: Recorded) -> None:
    recorded.rule("1")
    gates = {"lint": "pass", "tests": "stopped", "coverage": "not_begun"}
    entry = recorded.record.append_stopped({"base": {}, "head": {}, "tree": "4b82", "spec": None, "gates": gates})
    assert (entry.kind, entry.seq, entry.body["gates"]) == ("review_stopped", 3, gates)
    assert "verdict" not in entry.body
    assert recorded.record.uses_of_waiver("WV-1", except_change="none") == 0


def test_a_ruling_whose_evidence_cannot_be_stored_is_told_and_leaves_the_ledger_as_it_was(recorded: Recorded) -> None:
    recorded.rule("1")
    before = lines_of(recorded.record.ledger)
    moved = recorded.store.folder.rename(recorded.folder / "moved")
    recorded.store.folder.write_text("a file, no folder")
    with pytest.raises(UnrecordedRulingError) as raised:
        recorded.rule("2")
    assert raised.value.ruling.ruling_id == "R-2"
    assert lines_of(recorded.record.ledger) == before
    assert moved.is_dir()
