"""Attacks on what is told of a ruling, by whoever may write to the record and the evidence of the repository."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from adversary.harness import Attack, Defence, Scene, check, names
from agent_agency.arbitration.constitution.model import Constitution
from agent_agency.arbitration.constitution.serialise import make_constitution
from agent_agency.canonical_json import canonical_json
from agent_agency.evidence import EvidenceState, EvidenceStore
from agent_agency.git import Repository
from agent_agency.ledger.entry import Entry
from agent_agency.ledger.journal import Draft, Ledger
from agent_agency.workflows.record import ledger_of

BAD = {"outside.txt": "x\n"}


def _ledger(scene: Scene) -> Ledger:
    with Repository.discover(scene.repo.path) as repo:
        return ledger_of(repo)


def _store(scene: Scene) -> EvidenceStore:
    return EvidenceStore(scene.repo.path / ".git" / "agency" / "evidence")


def _newest(scene: Scene) -> Entry:
    *_, last = _ledger(scene).of_kinds(("ruling",))
    return last


def _rejected(scene: Scene) -> dict[str, Any]:
    """A recorded rejection: the body of its entry."""
    scene.repo.commit("Work", **BAD)
    assert scene.review()["verdict"] == "rejected"
    return json.loads(json.dumps(dict(_newest(scene).body)))  # type: ignore[no-any-return]  # a plain body


def _write(scene: Scene, body: Mapping[str, Any]) -> None:
    _ledger(scene).append("ruling", body)


def _explained(scene: Scene) -> Any:
    return scene.agency("explain", "latest", "--json").document


def _holds(scene: Scene) -> bool:
    """Whether it is decided again to the same bytes from evidence that is whole, whoever signed it."""
    told = _explained(scene)
    assert "holds" in told, told
    sound = told["reexecution"]["same_bytes"] and all(one["state"] == "ok" for one in told["evidence"])
    return bool(sound)


def evidence_that_was_never_kept(scene: Scene) -> bool:
    """A ruling that names a report of a tool which is not among the evidence."""
    body = _rejected(scene)
    named = [{"gate": "tests", "kind": "report", "part": "report.xml", "digest": f"sha256:{'0' * 64}"}]
    _write(scene, {**body, "evidence": named})
    return _holds(scene)


def a_verdict_of_ones_own(scene: Scene) -> bool:
    """An entry of a rejection and its document written again, as an approval that nobody signed."""
    said = {"verdict": "approved", "caws_verdict": "pass"}
    _write(scene, {**_rewritten(scene, **said, signed_by=None), **said})
    return _holds(scene)


def a_signature_of_somebody_else(scene: Scene) -> bool:
    """A document that says who signed, beside an entry that carries no signature."""
    _write(scene, _rewritten(scene, signed_by={"key_id": "SHA256:judge", "principal": "judge"}))
    return bool(_explained(scene)["holds"])


def _rewritten(scene: Scene, **members: Any) -> dict[str, Any]:
    """The body of an unsigned entry over a document of which some members are others."""
    body = _rejected(scene)
    del body["attestation"]
    told = json.loads(_store(scene).get(body["document"]))
    return {**body, "document": _store(scene).put(canonical_json({**told, **members}))}


def a_constitution_under_the_name_of_another(scene: Scene) -> bool:
    """A rule book without rules that bears the digest of the one in force, and a ruling by it that approves."""
    body = _rejected(scene)
    lax = json.loads(_store(scene).get(body["constitution"]))
    lax["rules"] = [{**rule, "severity": "advice"} for rule in lax["rules"]]
    case = json.loads(_store(scene).get(body["case_file"]))
    case["released"] = sorted(gate["name"] for gate in case["gates"])
    forged = {
        "constitution": _store(scene).put(canonical_json(lax)),
        "case_file": _store(scene).put(canonical_json(case)),
    }
    _write(scene, {**body, **forged, "verdict": "approved", "caws_verdict": "pass"})
    made = _explained(scene)["reexecution"]
    return made["digest"] is not None and not any("the ledger says" in one for one in made["differences"])


def _whatever_it_says(data: bytes) -> Constitution:
    from agent_agency.arbitration.constitution.serialise import _rule

    told = json.loads(data)
    read = make_constitution([_rule(rule) for rule in told["rules"]])
    return Constitution(read.rules, told["digest"])


def a_ruling_written_before_the_arbiter_rules(scene: Scene) -> bool:
    """The coming ruling's entry, written by the judged party with a word of its own, so that none is added."""
    body = _rejected(scene)
    del body["attestation"]
    _write(scene, {**body, "caws_verdict": "pass"})
    scene.review()
    return bool(_newest(scene).body["caws_verdict"] == "pass")


def a_claim_of_a_ruling_of_ones_own(scene: Scene) -> bool:
    """A commit that names a ruling, and an entry for that ruling that nobody signed."""
    _ledger(scene).append_all([Draft("ruling", {"subject": "ruling:R-1", "ruling_id": "R-1", "verdict": "approved"})])
    scene.repo.commit("Work\n\nCAWS-VERDICT-ID: R-1", **{"src/app.py": "one = 1\n"})
    rules = {one["id"]: one["status"] for one in scene.review()["rules"]}
    return bool(rules["claims.verdict"] == "satisfied")


ATTACKS = (
    Attack(
        "evidence that was never kept",
        evidence_that_was_never_kept,
        Defence("workflows.explain_ruling:state_of", lambda *_: EvidenceState.OK),
    ),
    Attack(
        "a verdict of one's own",
        a_verdict_of_ones_own,
        Defence("workflows.explain_ruling:_differences", lambda *_, **__: []),
    ),
    Attack(
        "a signature of somebody else",
        a_signature_of_somebody_else,
        Defence("cli.explain:_unsigned", lambda *_: None),
    ),
    Attack(
        "a constitution under the name of another",
        a_constitution_under_the_name_of_another,
        Defence("arbitration.constitution.serialise:constitution_from", _whatever_it_says),
    ),
    Attack(
        "a ruling written before the arbiter rules",
        a_ruling_written_before_the_arbiter_rules,
        Defence("workflows.record_ruling:is_vouched", lambda *_, **__: True),
    ),
    Attack(
        "a claim of a ruling of one's own",
        a_claim_of_a_ruling_of_ones_own,
        Defence("workflows.review:vouched_by", lambda *_: lambda _: True),
    ),
)


@pytest.mark.parametrize("attack", ATTACKS, ids=names(ATTACKS))
def test_it_fails_until_its_one_defence_is_switched_off(attack: Attack, make_scene: Callable[[str], Scene]) -> None:
    check(attack, make_scene)
