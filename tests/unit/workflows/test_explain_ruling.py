from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agent_agency.arbitration.case_file import from_json, to_json
from agent_agency.arbitration.constitution.serialise import constitution_from
from agent_agency.canonical_json import canonical_json, digest_bytes
from agent_agency.errors import UsageError
from agent_agency.facts import Finding, GateStatus, Place, Severity
from agent_agency.report.explanation import lines, to_document
from agent_agency.workflows.check_evidence import EntryEvidence, EvidenceIndex
from agent_agency.workflows.explain_ruling import Explanation, Reexecution, explain, find_ruling
from agent_agency.workflows.prune_evidence import Keep
from support import rulings
from support.recorded import Recorded
from support.rulings import HOSTILE, HOSTILE_PATH, a_gate


@pytest.fixture
def recorded(tmp_path: Path) -> Recorded:
    return Recorded.in_folder(tmp_path / "agency")


def explained(recorded: Recorded, reference: str = "latest", *, own: bool = True) -> Explanation:
    entry = find_ruling(recorded.entries(), reference)
    index = EvidenceIndex.of(map(EntryEvidence.of, recorded.entries()))
    return explain(entry, index, recorded.store, own=own)


def text(explanation: Explanation) -> str:
    return "\n".join(lines(explanation))


def append(recorded: Recorded, **changes: Any) -> None:
    """Append a ruling's entry again, with some members changed: a sound chain that says something else."""
    body = {**recorded.entries()[-1].body, **changes}
    recorded.record.ledger.append("ruling", body)


def test_a_ruling_is_found_by_each_of_its_names(recorded: Recorded) -> None:
    for name in ("abc1", "abd2", "xyz3"):
        recorded.rule(name)
    entries = recorded.entries()
    second = entries[2]
    references = ["R-abd2", "R-abd", "abd", "3", second.hash, second.hash[7:], second.hash[7:19], second.hash[:20]]
    assert [find_ruling(entries, reference).seq for reference in references] == [3] * len(references)
    assert find_ruling(entries, "latest").seq == 4


def test_of_a_ruling_that_was_recorded_again_the_newest_entry_is_explained(recorded: Recorded) -> None:
    recorded.rule("same")
    recorded.rule("other")
    append(recorded, **recorded.entries()[1].body)
    assert [find_ruling(recorded.entries(), name).seq for name in ("R-same", "R-sa", "2")] == [4, 4, 2]


@pytest.mark.parametrize(
    ("reference", "told"),
    [("R-ab", "Several"), ("R-q", "no ruling"), ("", "no ruling"), ("1", "no ruling but"), ("99", "no ruling 99")],
)
def test_what_names_no_ruling_or_several_is_refused(recorded: Recorded, reference: str, told: str) -> None:
    recorded.rule("abc1")
    recorded.rule("abd2")
    with pytest.raises(UsageError, match=told):
        find_ruling(recorded.entries(), reference)


@pytest.mark.parametrize(
    "maker", [rulings.rejected, rulings.waived, rulings.conditional, rulings.hostile, rulings.approved]
)
def test_a_verdict_is_executed_again_to_the_same_bytes(recorded: Recorded, maker: Any) -> None:
    recorded.rule("1", b"report", gates=maker().gates)
    explanation = explained(recorded)
    assert explanation.holds
    assert explanation.digest == recorded.entries()[-1].body["decision"]
    assert f"re-executed: same bytes, {explanation.digest}" in text(explanation)
    document = to_document(explanation)
    assert document["reexecution"]["same_bytes"] is True
    json.dumps(document).encode("utf-8")


@pytest.mark.parametrize("what", ["document", "case_file", "constitution", "report"])
@pytest.mark.parametrize("how", ["changed", "missing"])
def test_evidence_that_is_not_what_it_was_is_named_and_the_ruling_does_not_hold(
    recorded: Recorded, what: str, how: str
) -> None:
    recorded.rule("1", b"report")
    body = recorded.entries()[-1].body
    digest = digest_bytes(b"report") if what == "report" else str(body[what])
    if how == "changed":
        recorded.file(digest).write_bytes(b"{}")
    else:
        recorded.store.remove(digest)
    explanation = explained(recorded)
    assert not explanation.holds
    assert f"{how.upper()}, {digest}" in text(explanation)
    expected = Reexecution.IMPOSSIBLE if what in {"case_file", "constitution"} else Reexecution.SAME
    assert explanation.outcome is expected
    assert ("cannot be re-executed" in text(explanation)) is (what in {"case_file", "constitution"})


def test_a_pruned_ruling_says_so_and_does_not_hold(recorded: Recorded) -> None:
    recorded.rule("1", b"report")
    recorded.rule("2")
    recorded.pruner.prune(Keep(rulings=1), dry_run=False, unnamed=False)
    explanation = explained(recorded, "R-1")
    shared = recorded.entries()[-2].body["constitution"]  # the ruling that is kept rests on the same rules
    assert {found.state for found in explanation.evidence if found.evidence.digest != shared} == {"pruned"}
    assert explanation.outcome is Reexecution.IMPOSSIBLE
    assert "approved (pass): R-1" in text(explanation)
    assert "what the ledger alone keeps" in text(explanation)
    assert explained(recorded, "R-2").holds


def test_a_verdict_that_the_case_does_not_give_is_told_with_what_differs(recorded: Recorded) -> None:
    recorded.rule("1")
    recorded.rule("2", gates=rulings.rejected().gates)
    case = recorded.entries()[1].body["case_file"]
    append(recorded, case_file=case)
    explanation = explained(recorded, "4")
    assert explanation.outcome is Reexecution.DIFFERS
    told = text(explanation)
    assert "NOT the same" in told
    assert "the ledger says verdict rejected, and the case gives approved" in told
    assert "the ruling document says exit_code 1, and the case gives 0" in told
    assert "no longer a reason: scope_boundary:" in told


def test_a_case_in_which_only_one_gate_differs_is_told(recorded: Recorded) -> None:
    recorded.rule("1", gates=[a_gate("lint", reason="clean")])
    body = recorded.entries()[-1].body
    document = json.loads(recorded.store.get(body["case_file"]))
    document["gates"][1].update(status="fail", mode="warn")
    append(recorded, case_file=recorded.store.put(canonical_json(document)))
    explanation = explained(recorded)
    assert explanation.outcome is Reexecution.DIFFERS
    assert explanation.differences == ("the ledger says lint pass, and the case holds fail",)


def test_a_forged_decision_digest_is_told(recorded: Recorded) -> None:
    recorded.rule("1")
    append(recorded, decision="sha256:" + "0" * 64)
    explanation = explained(recorded)
    assert (explanation.outcome, explanation.holds) == (Reexecution.DIFFERS, False)


@pytest.mark.parametrize("changes", [{"case_file": None}, {"decision": None}, {"case_file": "../x"}, {"case_file": 3}])
def test_an_entry_without_a_case_cannot_be_executed_again(recorded: Recorded, changes: dict[str, Any]) -> None:
    recorded.rule("1")
    append(recorded, **changes)
    explanation = explained(recorded)
    assert (explanation.outcome, explanation.holds) == (Reexecution.IMPOSSIBLE, False)
    text(explanation)


def test_evidence_that_is_no_case_file_cannot_be_executed(recorded: Recorded) -> None:
    recorded.rule("1")
    append(recorded, case_file=recorded.store.put(b'{"case_version":1}'))
    explanation = explained(recorded)
    assert explanation.outcome is Reexecution.IMPOSSIBLE
    assert "no case file of version 2" in explanation.differences[0]


def test_a_ruling_by_another_version_is_tried_and_the_version_is_told(recorded: Recorded) -> None:
    recorded.rule("1")
    append(recorded, tool_version="9.9.9")
    explanation = explained(recorded)
    assert explanation.holds
    assert "by agent-agency 9.9.9; explained by" in text(explanation)


def test_nothing_that_a_stranger_chose_can_forge_a_line(recorded: Recorded) -> None:
    finding = Finding("rule", Severity.MAJOR, HOSTILE, f"{HOSTILE}\nre-executed: same bytes", Place(HOSTILE_PATH, 3))
    recorded.rule(
        "1", gates=[a_gate("x", GateStatus.FAIL, finding, reason=HOSTILE, facts={"figures": {HOSTILE: HOSTILE}})]
    )
    shown = list(lines(explained(recorded)))
    assert all(line.isprintable() for line in shown)
    assert [line for line in shown if line.strip().startswith("re-executed: same bytes")][-1] == shown[-1]


def test_documents_and_entries_of_any_shape_are_shown(recorded: Recorded) -> None:
    strange: list[Any] = [[], "x", 3, {"gates": 3, "reasons": {}}, {"gates": [1, {"evidence": [2, {}], "facts": []}]}]
    for document in strange:
        recorded.rule("1")
        digest = recorded.store.put(json.dumps(document).encode())
        append(recorded, document=digest, gates=[], spec=[], change=3, waivers=[1, {}], reasons=None)
        text(explained(recorded))
        json.dumps(to_document(explained(recorded)))


def test_the_stored_case_is_what_was_ruled_on(recorded: Recorded) -> None:
    ruling = recorded.rule("1", gates=rulings.rejected().gates)
    stored = recorded.store.get(recorded.entries()[-1].body["case_file"])
    rules = constitution_from(ruling.constitution_text)
    again = from_json(stored, lambda _: rules)
    assert stored == ruling.case_file == to_json(again)
    assert again.decide() == ruling.decision
