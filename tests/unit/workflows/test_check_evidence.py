from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agent_agency.canonical_json import digest_bytes
from agent_agency.workflows.check_evidence import EntryEvidence, EvidenceIndex, EvidenceReport, check_evidence
from agent_agency.workflows.prune_evidence import Keep
from support.recorded import Recorded


@pytest.fixture
def recorded(tmp_path: Path) -> Recorded:
    return Recorded.in_folder(tmp_path / "agency")


def check(recorded: Recorded) -> EvidenceReport:
    return check_evidence(recorded.entries(), recorded.store)


def counts(report: EvidenceReport) -> dict[str, int]:
    return {name: count for name, count in report.as_dict().items() if type(count) is int and count}


def test_everything_that_rulings_rest_on_is_hashed_again(recorded: Recorded) -> None:
    recorded.rule("1", b"one", b"two")
    recorded.rule("2", b"two", b"three")
    report = check(recorded)
    assert report.verified
    assert counts(report) == {"ok": 3 + 2 * 2 + 1}  # both were ruled on by the same rules


@pytest.mark.parametrize("what", ["document", "case_file", "constitution", "report"])
def test_a_changed_file_is_named_with_the_ruling_that_rests_on_it(recorded: Recorded, what: str) -> None:
    recorded.rule("1", b"one")
    entry = recorded.entries()[-1]
    digest = digest_bytes(b"one") if what == "report" else str(entry.body[what])
    data = bytearray(recorded.file(digest).read_bytes())
    data[0] ^= 1
    recorded.file(digest).write_bytes(data)
    (problem,) = check(recorded).problems
    assert (problem.digest, problem.state, problem.seq, problem.ruling_id) == (digest, "changed", entry.seq, "R-1")
    named = {"document": "ruling document", "case_file": "case file", "constitution": "rules in force"}
    assert named.get(what, "tests: report of head") in problem.what


def test_a_deleted_file_is_missing_and_a_pruned_one_is_pruned(recorded: Recorded) -> None:
    recorded.rule("1", b"one")
    recorded.rule("2", b"two")
    recorded.pruner.prune(Keep(rulings=1), dry_run=False, unnamed=False)
    assert counts(check(recorded)) == {"ok": 4, "pruned": 3}
    recorded.store.remove(digest_bytes(b"two"))
    report = check(recorded)
    assert counts(report) == {"ok": 3, "pruned": 3, "missing": 1}
    assert not report.verified


def test_what_a_later_ruling_names_again_is_not_excused_by_an_earlier_pruning(recorded: Recorded) -> None:
    recorded.rule("1", b"one")
    recorded.pruner.prune(Keep(rulings=0), dry_run=False, unnamed=False)
    recorded.rule("2", b"one")
    recorded.store.remove(digest_bytes(b"one"))
    (problem,) = check(recorded).problems
    assert (problem.digest, problem.state, problem.ruling_id) == (digest_bytes(b"one"), "missing", "R-2")


def test_an_imported_chain_comes_without_its_evidence(tmp_path: Path, recorded: Recorded) -> None:
    other = Recorded.in_folder(tmp_path / "other")
    other.rule("1", b"one", b"two")
    recorded.store.put(b"one")
    own = EvidenceIndex.of(map(EntryEvidence.of, recorded.entries()))
    report = check_evidence(other.entries(), recorded.store, own)
    assert report.verified
    assert counts(report) == {"ok": 1, "not_here": 4}
    recorded.file(digest_bytes(b"one")).write_bytes(b"forged")
    assert not check_evidence(other.entries(), recorded.store, own).verified


def test_entries_of_any_shape_are_read(recorded: Recorded) -> None:
    bodies: tuple[dict[str, Any], ...] = (
        {"document": 3, "case_file": None, "evidence": "x"},
        {"evidence": [1, {"digest": 2}]},
        {"digests": {}},
    )
    for body in bodies:
        recorded.record.ledger.append("ruling", body)
        recorded.record.ledger.append("evidence_pruned", body)
    recorded.record.ledger.append("ruling", {"document": "../../etc/passwd"})
    report = check(recorded)
    assert [(problem.digest, str(problem.state)) for problem in report.problems] == [("../../etc/passwd", "missing")]
