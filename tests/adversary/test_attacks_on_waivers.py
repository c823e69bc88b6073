"""What the judged party tries in order to be excused by a waiver that nobody granted."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from adversary.harness import Attack, Defence, Scene, check, names
from adversary.waiver_scene import (
    ANN,
    BOB,
    MAL,
    MALEX,
    NO_COMMIT,
    OTHER_CHAIN,
    REX,
    ask,
    covered,
    decide,
    ledger_of,
    open_court,
    table,
    terms_of,
    waived,
)
from agent_agency.arbitration import verdict as verdicts
from agent_agency.arbitration.constitution.model import RuleOutcome
from agent_agency.arbitration.verdict import Hearing
from agent_agency.arbitration.waivers import fold
from agent_agency.arbitration.waivers.model import Act, ActKind, WaiverRecord
from agent_agency.attestation.envelope import read_envelope
from agent_agency.attestation.principals import Principals
from agent_agency.attestation.statement import read_statement
from agent_agency.attestation.verify import SignedStatement
from agent_agency.clock import SystemClock
from agent_agency.errors import UsageError
from agent_agency.facts import GateResult
from agent_agency.git import Repository
from agent_agency.ledger.journal import Ledger
from agent_agency.spec.model import Budget
from agent_agency.workflows import law, waiver_evidence
from agent_agency.workflows.anchor import anchor_head
from agent_agency.workflows.law import Law
from agent_agency.workflows.waiver_envelopes import Claimed, Found, Signatures
from support.law import WAIVER
from support.principals import make_principal, principals_toml

EVE = make_principal("eve", ["approver"])
"""Listed nowhere; whoever runs the commands can make such a key."""

APPROVED = "approved"
WEIGHED, GATHERED, RULED_ON = fold._why_not_counted, fold._with_acts, verdicts._of_outcome
LISTED_AT, PUBLISHED_AT = law._LawReader.principals, waiver_evidence._published
TEN_FILES = {f"src/part_{number}.py": f"PART = {number}\n" for number in range(10)}
OWN_RULE = """\
[[rule]]
id = "own.scope"
version = 1
title = "Nobody leaves the scope"
category = "process"
severity = "critical"
waivable = false
each = "gates"
applies = 'it.name == "scope_boundary" && it.binding'
condition = "it.violations == 0"
message = "The change leaves the scope of its spec"
remedy = "Keep to the scope"
source = "the owners"
"""


def nothing(*_: Any, **__: Any) -> tuple[Any, ...]:
    return ()


def none(*_: Any, **__: Any) -> None:
    return None


def as_if(**changed: Any) -> Callable[..., str]:
    """Weigh an approval as if its signer had a role, or nobody had approved before, or the request had no beginning."""

    def weigh(act: Act, record: WaiverRecord, now: datetime, authors: Sequence[str], counted: Sequence[Act]) -> str:
        if "role" in changed:
            act = replace(act, signer=replace(act.signer, roles=act.signer.roles | {changed["role"]}))
        if "begun" in changed:
            record = replace(record, waiver=replace(record.waiver, created_at=changed["begun"]))
        return WEIGHED(act, record, now, authors, changed.get("counted", counted))

    return weigh


def second_key(scene: Scene) -> bool:
    """Ask with one of their keys, and approve with another."""
    court = open_court(scene, listing=table(MAL, MALEX))
    decide(court, ask(court, MAL), MALEX)
    return court.state() == APPROVED


def other_spelling(scene: Scene) -> bool:
    """Commit under another spelling of the address that they approve by."""
    court = open_court(scene, MAL, REX, author="Somebody <Mal+agent@EXAMPLE.org>")
    decide(court, ask(court, REX), MAL)
    return waived(court)


def co_author(scene: Scene) -> bool:
    """Let the agent commit, be a co-author, and approve."""
    court = open_court(scene, MAL, REX, message="Add a note\n\nCo-authored-by: Mallory <mal@example.org>")
    decide(court, ask(court, REX), MAL)
    return waived(court)


def name_alone(scene: Scene) -> bool:
    """Commit by their name with somebody else's address, and approve."""
    mal = make_principal("mal", ["approver"], address="m.lory@example.org")
    court = open_court(scene, mal, REX, author="mal <nobody@nowhere.example>")
    decide(court, ask(court, REX), mal)
    return waived(court)


def own_key(scene: Scene) -> bool:
    """Approve with a key that they made for themselves."""
    court = open_court(scene)
    decide(court, ask(court, REX), EVE)
    return waived(court)


def anybody_is_ann(envelope: Mapping[str, Any], principals: Principals) -> SignedStatement:
    """Take every key that nobody listed for Ann's."""
    read = read_envelope(envelope)
    who = principals.by_key(read.signature.key_id) or ANN.principal
    return SignedStatement(read_statement(read.payload), who, read.signature.key_id)


def other_terms(scene: Scene) -> bool:
    """Use an approval of harmless terms for others under the same id."""
    court = open_court(scene)
    decide(court, ask(court, REX, spec_id="FEAT-2"), ANN)
    ask(court, REX)
    return waived(court)


def of_any_terms(record: WaiverRecord, acts: Sequence[Act]) -> WaiverRecord:
    return GATHERED(record, [replace(act, digest=record.digest) for act in acts])


def other_record(scene: Scene) -> bool:
    """Copy what was asked and approved in a clone, whose record is another."""
    court = open_court(scene)
    decide(court, ask(court, REX, chain=OTHER_CHAIN), ANN, chain=OTHER_CHAIN)
    return waived(court)


def other_repository(scene: Scene) -> bool:
    """Copy what was approved in another repository, and give this record the other's name."""
    court = open_court(scene)
    decide(court, ask(court, REX, base=NO_COMMIT), ANN, base=NO_COMMIT)
    return waived(court)


def every_commit(_repo: Repository, _commit: str, bases: Iterable[str]) -> frozenset[str]:
    return frozenset(bases)


def begins_later(scene: Scene) -> bool:
    """Date the request into the future, so that it lasts beyond what the law allows."""
    court = open_court(scene)
    later = (datetime.now(UTC) + timedelta(days=60)).replace(microsecond=0)
    decide(court, ask(court, REX, created_at=later, expires_at=later + timedelta(days=14)), ANN)
    return court.state() == APPROVED


def longer_than_the_law(scene: Scene) -> bool:
    """Have a request recorded, for somebody to approve, that outlasts the law's longest."""
    court = open_court(scene)
    try:
        return bool(court.request(days=400))
    except UsageError:
        return False


def only_a_reviewer(scene: Scene) -> bool:
    """Approve as somebody who is listed, and not as an approver."""
    mal = make_principal("mal", ["reviewer"])
    court = open_court(scene, ANN, REX, mal)
    decide(court, ask(court, REX), mal)
    return waived(court)


def listed_by_the_change(scene: Scene) -> bool:
    """Put their key on the list in the change itself."""
    listing = principals_toml([ANN, REX, EVE])
    files = {"NOTES.md": "a note\n", ".agency/principals.toml": listing}
    court = open_court(scene, files=files)
    decide(court, ask(court, REX), EVE)
    return covered(court)


def listed_on_the_branch(reader: Any) -> Any:
    return LISTED_AT(law._LawReader(reader.repo, reader.repo.resolve("work"), datetime.now(UTC)))


def no_longer_listed(scene: Scene) -> bool:
    """Use the approval of somebody whom the base lists no longer."""
    court = open_court(scene)
    decide(court, ask(court, REX), BOB)
    court.list_people([ANN, REX])
    return waived(court)


def whoever_was_listed(signatures: Signatures, claim: Claimed) -> Principals:
    return signatures._listed_at(claim.base) or Principals()


def revoker_has_left(scene: Scene) -> bool:
    """Wait until the one who revoked it has left the list."""
    court = open_court(scene)
    digest = ask(court, REX)
    decide(court, digest, ANN)
    decide(court, digest, BOB, ActKind.REVOCATION)
    court.list_people([ANN, REX])
    return waived(court)


def whoever_is_listed(signatures: Signatures, _claim: Claimed) -> Principals:
    return signatures._principals


def quorum_of_one(scene: Scene) -> bool:
    """Be both of the two who must approve."""
    listing = table(replace(MAL, roles=("approver",)), MALEX) + REX.toml
    court = open_court(scene, listing=listing, config="[law.quorum]\n3 = 2\n")
    digest = ask(court, REX)
    decide(court, digest, MAL)
    decide(court, digest, MALEX)
    return court.state() == APPROVED


def revocation_rolled_back(scene: Scene) -> bool:
    """Put back the database as it was before the revocation."""
    court = open_court(scene)
    digest = ask(court, REX)
    decide(court, digest, ANN)
    folder = scene.repo.path / ".git" / "agency"
    shutil.copytree(folder, scene.folder / "before")
    decide(court, digest, ANN, ActKind.REVOCATION)
    with Repository.discover(scene.repo.path) as repo:
        anchor_head(repo, ledger_of(court), make_principal("arbiter", ["arbiter"]).signer, SystemClock())
    shutil.rmtree(folder)
    shutil.copytree(scene.folder / "before", folder)
    return waived(court)


def as_it_stands(_repo: Repository, ledger: Ledger) -> tuple[Found, ...]:
    return tuple(waiver_evidence._of_ledger(ledger))


def denial_outvoted(scene: Scene) -> bool:
    """Approve what another approver denied."""
    court = open_court(scene, ANN, MAL, REX)
    digest = ask(court, REX)
    decide(court, digest, ANN, ActKind.DENIAL)
    decide(court, digest, MAL)
    return waived(court)


def for_everything(scene: Scene) -> bool:
    """Bound the waiver by a glob that means every file."""
    court = open_court(scene)
    decide(court, ask(court, REX, spec_id=None, paths=("**",)), ANN)
    return waived(court)


def spec_of_the_same_prefix(scene: Scene) -> bool:
    """Use the waiver that a person merged for FEAT-12."""
    expires = (datetime.now(UTC) + timedelta(days=3)).strftime("%Y-%m-%dT%H:%M:%SZ")
    began = (datetime.now(UTC) - timedelta(days=3)).strftime("%Y-%m-%dT%H:%M:%SZ")
    text = WAIVER.format(
        id="WV-1", gate="scope_boundary", approver="chief@example.org", expires=expires, spec="FEAT-12"
    )
    scene.repo.checkout("main")
    scene.repo.write(".caws/waivers/WV-1.yaml", text.replace("2026-01-01T00:00:00Z", began))
    court = open_court(scene, listing="")
    return waived(court)


def used_again(scene: Scene) -> bool:
    """Amend the change that used the waiver up, and call it the same."""
    court = open_court(scene)
    decide(court, ask(court, REX, max_uses=1), ANN)
    assert waived(court)
    scene.repo.checkout("work")
    scene.repo.write("NOTES.md", "another note\n")
    scene.repo.git("commit", "-q", "-a", "--amend", "--no-edit")
    return waived(court)


def delta_in_parts(scene: Scene) -> bool:
    """Ask for twice what the law lets waivers add, in two waivers."""
    court = open_court(scene, config="[law]\nmax_delta_files = 1\n", files=TEN_FILES)
    for number in (1, 2):
        digest = ask(court, REX, id=f"WV-{number}", gates=("budget_limit",), delta=Budget(1, 0))
        decide(court, digest, ANN, waiver_id=f"WV-{number}")
    return waived(court)


def budget_taken_away(scene: Scene) -> bool:
    """Waive the budget without saying by how much."""
    court = open_court(scene, files=TEN_FILES)
    decide(court, ask(court, REX, gates=("budget_limit",)), ANN)
    return waived(court)


def what_nobody_may_waive(scene: Scene) -> bool:
    """Have a gate waived, about which the base has a rule that lets no waiver cover it."""
    scene.repo.checkout("main")
    scene.repo.write(".agency/rules/own.toml", OWN_RULE)
    court = open_court(scene)
    decide(court, ask(court, REX), ANN)
    return waived(court)


def all_waivable(outcome: RuleOutcome, hearing: Hearing, gate: GateResult | None) -> Any:
    findings = tuple(replace(finding, waivable=True) for finding in outcome.findings)
    rules = {name: replace(rule, waivable=True) for name, rule in hearing.rules.items()}
    gate = gate and replace(gate, findings=tuple(replace(finding, waivable=True) for finding in gate.findings))
    told = replace(outcome, waivable=True, findings=findings)
    return RULED_ON(told, replace(hearing, rules=rules), gate)


def rule_that_is_not_waivable(scene: Scene) -> bool:
    """Have a request recorded, for somebody to approve, about a rule that lets no waiver cover it."""
    with Repository.discover(scene.repo.path) as repo:
        read: Law = law.read_law(repo, repo.resolve("main"), datetime.now(UTC))
    rule = next(rule.id for rule in read.constitution.rules if not rule.waivable)
    try:
        return bool(open_court(scene).request(gates=(), rules=(rule,)))
    except UsageError:
        return False


def published_by_the_change(scene: Scene) -> bool:
    """Publish, in the change itself, what was approved in another record."""
    court = open_court(scene)
    decide(court, ask(court, REX, chain=OTHER_CHAIN), ANN, chain=OTHER_CHAIN)
    held = [entry.body["attestation"] for entry in ledger_of(court).of_kinds(("waiver_requested", "waiver_approved"))]
    scene.repo.checkout("work")
    scene.repo.commit("Publish", **{".agency/approvals/WV-1.json": json.dumps(held)})
    return covered(court)


def published_on_the_branch(repo: Repository, _commit: str) -> Any:
    return PUBLISHED_AT(repo, repo.resolve("work"))


def asked_by_a_machine(scene: Scene) -> bool:
    """Ask with the arbiter's key, which lies open on the disk."""
    arbiter = make_principal("judge", ["arbiter"])
    court = open_court(scene, ANN, arbiter)
    decide(court, ask(court, arbiter), ANN)
    return waived(court)


def in_anothers_name(scene: Scene) -> bool:
    """Ask in the name of somebody whom the approvers trust."""
    court = open_court(scene, ANN, REX, MAL)
    told = terms_of(court, REX)
    decide(court, ask(court, MAL, requester=told.requester), ANN)
    return waived(court)


FOLD, LAWFUL = "arbitration.waivers.fold", "arbitration.waivers.lawful"
EVIDENCE, ENVELOPES = "workflows.waiver_evidence", "workflows.waiver_envelopes"

ATTACKS: tuple[Attack, ...] = (
    Attack("approve with a second key", second_key, Defence(f"{FOLD}:requesters", nothing)),
    Attack(
        "approve by another spelling of one's address",
        other_spelling,
        Defence("attestation.person:principal", lambda text: text),
    ),
    Attack("approve as a co-author", co_author, Defence("git.history:History._co_authors", lambda *_: [])),
    Attack("approve as an author by name alone", name_alone, Defence("workflows.review:_names", nothing)),
    Attack("approve with a key of one's own", own_key, Defence("attestation.verify:verify_envelope", anybody_is_ann)),
    Attack("use an approval of other terms", other_terms, Defence(f"{FOLD}:_with_acts", of_any_terms)),
    Attack("replay an approval from another record", other_record, Defence(f"{ENVELOPES}:_check_place", none)),
    Attack(
        "replay an approval from another repository",
        other_repository,
        Defence(f"{EVIDENCE}:_in_history", every_commit),
    ),
    Attack(
        "stretch the expiry by a later beginning",
        begins_later,
        Defence(f"{FOLD}:_why_not_counted", as_if(begun=None)),
    ),
    Attack("ask for longer than the law allows", longer_than_the_law, Defence(f"{LAWFUL}:_of_time", nothing)),
    Attack("approve as a reviewer only", only_a_reviewer, Defence(f"{FOLD}:_why_not_counted", as_if(role="approver"))),
    Attack(
        "be listed by the change",
        listed_by_the_change,
        Defence("workflows.law:_LawReader.principals", listed_on_the_branch),
    ),
    Attack(
        "use the approval of somebody who has left",
        no_longer_listed,
        Defence(f"{ENVELOPES}:Signatures._whom_to_ask", whoever_was_listed),
    ),
    Attack(
        "outlast somebody who revoked it",
        revoker_has_left,
        Defence(f"{ENVELOPES}:Signatures._whom_to_ask", whoever_is_listed),
    ),
    Attack(
        "be the whole quorum with two keys",
        quorum_of_one,
        Defence(f"{FOLD}:_why_not_counted", as_if(counted=())),
    ),
    Attack("roll the record back", revocation_rolled_back, Defence(f"{EVIDENCE}:_recorded", as_it_stands)),
    Attack("outvote a denial", denial_outvoted, Defence(f"{FOLD}:may_end", lambda *_: False)),
    Attack("bound a waiver by everything", for_everything, Defence(f"{LAWFUL}:_of_where", nothing)),
    Attack(
        "use the waiver of a spec of the same prefix",
        spec_of_the_same_prefix,
        Defence("spec.waiver_force:_why_not_by_state", none),
    ),
    Attack(
        "use a waiver again for an amended change",
        used_again,
        Defence("workflows.record:Record.uses_of_waiver", lambda *_, **__: 0),
    ),
    Attack(
        "split a delta over two waivers",
        delta_in_parts,
        Defence("spec.budget:_capped", lambda added, _: (added, ())),
    ),
    Attack("take the budget away", budget_taken_away, Defence(f"{LAWFUL}:_of_delta", nothing)),
    Attack(
        "waive what a rule lets nobody waive",
        what_nobody_may_waive,
        Defence("arbitration.verdict:_of_outcome", all_waivable),
    ),
    Attack(
        "ask to waive a rule that is not waivable", rule_that_is_not_waivable, Defence(f"{LAWFUL}:_of_what", nothing)
    ),
    Attack(
        "publish approvals in the change",
        published_by_the_change,
        Defence(f"{EVIDENCE}:_published", published_on_the_branch),
    ),
    Attack("ask with the arbiter's key", asked_by_a_machine, Defence(f"{ENVELOPES}:_why_not_by_signer", none)),
    Attack("ask in somebody else's name", in_anothers_name, Defence(f"{ENVELOPES}:_why_not_by_signer", none)),
)


@pytest.mark.parametrize("attack", ATTACKS, ids=names(ATTACKS))
def test_it_fails_and_succeeds_without_its_defence(attack: Attack, make_scene: Callable[[str], Scene]) -> None:
    check(attack, make_scene)


def test_what_is_granted_as_the_law_says_lets_the_change_through(make_scene: Callable[[str], Scene]) -> None:
    """So the attacks do not fail for want of a working waiver."""
    court = open_court(make_scene("granted"))
    decide(court, ask(court, REX), ANN)
    assert waived(court)
