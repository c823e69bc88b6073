"""What the judged party tries to have a ruling overturned, or held for overturned, that nobody heard rightly."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from adversary.harness import Attack, Defence, Scene, check, names
from agent_agency.arbitration.appeals import admission, fold
from agent_agency.arbitration.appeals.labels import Label, labels_of
from agent_agency.arbitration.appeals.model import (
    LABEL,
    Appeal,
    AppealedRuling,
    Appeals,
    Bar,
    CountedReview,
    Court,
    Parties,
    State,
    Vote,
)
from agent_agency.attestation.envelope import read_envelope
from agent_agency.attestation.principals import PRINCIPALS_PATH, Principal, Principals
from agent_agency.attestation.statement import Statement, read_statement
from agent_agency.attestation.verify import SignedStatement
from agent_agency.errors import AgencyError
from agent_agency.evidence import EvidenceStore
from agent_agency.ledger.entry import Entry
from agent_agency.workflows.appeal_sources import AppealSources
from agent_agency.workflows.principals_at import principals_at
from support.appeal_entries import NEW, OLD, Docket, a_claim
from support.appeals import Town, make_town
from support.principals import make_principal, principals_toml

WRITER = make_principal("writer", ["requester"])
ROBOT = make_principal("robot", ["agent"])
MAL = make_principal("mal", ["requester", "reviewer"])
MALEX = make_principal("mal's other key", ["reviewer"])
JUDGES = [make_principal(f"judge{number}", ["reviewer"]) for number in range(1, 5)]
EVE = make_principal("eve", ["reviewer"])
"""Listed nowhere."""

TWO_KEYS = Principal("mal", "mal@example.org", frozenset(MAL.roles), (MAL.signer.public_key, MALEX.signer.public_key))
EVERYBODY = Principals((WRITER.principal, ROBOT.principal, TWO_KEYS, *(judge.principal for judge in JUDGES)))
BY_MAL = Parties(authors=("mal@example.org",))

BARRED, COUNTED, DECIDED = admission._barred, fold._counted, fold._decided
LIMITS_AT, COURT_AT = AppealSources._read_limits, AppealSources._read_court


def docket(parties: Parties = BY_MAL) -> Docket:
    """An empty record, whose change is by the attacker unless others are given."""
    return Docket(EVERYBODY, parties)


def filed(record: Docket, appeal_id: str) -> bool:
    """Whether the appeal is to be heard."""
    return record.appeals.named(appeal_id) is not None


def heard(record: Docket, appeal_id: str) -> bool:
    """Whether the panel counts as full."""
    found = record.appeals.named(appeal_id)
    return found is not None and found.heard


def overturned(record: Docket, appeal_id: str) -> bool:
    """Whether the ruling counts as overturned."""
    found = record.appeals.named(appeal_id)
    return found is not None and found.state in {State.OVERTURNED, State.FINAL}


def nothing(*_: Any, **__: Any) -> tuple[Any, ...]:
    return ()


def none(*_: Any, **__: Any) -> None:
    return None


def files_by_own_key(_: Scene) -> bool:
    """File with a key that nobody listed."""
    record = docket()
    return filed(record, record.file(record.rule("R-1"), EVE.signer))


def anybody_is_listed(envelope: Mapping[str, Any], principals: Principals) -> SignedStatement:
    read = read_envelope(envelope)
    who = principals.by_key(read.signature.key_id) or JUDGES[0].principal
    return SignedStatement(read_statement(read.payload), who, read.signature.key_id)


def files_without_standing(_: Scene) -> bool:
    """Let an agent that has no part in the matter file."""
    record = docket()
    return filed(record, record.file(record.rule("R-1"), ROBOT.signer))


def files_late(_: Scene) -> bool:
    """File when the ruling can be appealed no longer."""
    record = docket()
    ruling = record.rule("R-1")
    record.wait(15)
    return filed(record, record.file(ruling, MAL.signer))


def asks_another_panel(_: Scene) -> bool:
    """Appeal the same ruling again, after it was upheld, so that one reviewer decides and not three."""
    record = docket()
    ruling = record.rule("R-1")
    record.heard(ruling, MAL.signer, [JUDGES[0].signer], "rejected", "R-2")
    again = record.file(ruling, MAL.signer, nonce="2")
    record.review(again, JUDGES[1].signer)
    return heard(record, again)


def old_as_new(_: Scene) -> bool:
    """Call new what the ruling rested on."""
    record = docket()
    return filed(record, record.file(record.rule("R-1"), MAL.signer, a_claim(evidence=OLD)))


def earlier_as_new(_: Scene) -> bool:
    """Bring to the second level what the first has admitted."""
    record = docket()
    record.heard(record.rule("R-1"), MAL.signer, [JUDGES[0].signer], "conditional", "R-2")
    return filed(record, record.file(record.newest("R-2"), JUDGES[1].signer, a_claim(evidence=NEW)))


def with_own_parties(ruling: AppealedRuling, _before: Appeal | None) -> AppealedRuling:
    return ruling


def hears_own_appeal(_: Scene) -> bool:
    """File as a reviewer, and be the panel."""
    record = docket(Parties(authors=("writer@example.org",)))
    appeal_id = record.file(record.rule("R-1"), MAL.signer)
    record.review(appeal_id, MALEX.signer)
    return heard(record, appeal_id)


def hears_own_change(_: Scene) -> bool:
    """Write the change under another spelling of their address, and be the panel."""
    record = docket(Parties(authors=("Mallory <Mal+agent@EXAMPLE.org>",)))
    appeal_id = record.file(record.rule("R-1"), JUDGES[0].signer)
    record.review(appeal_id, MAL.signer)
    return heard(record, appeal_id)


def hears_it_again(_: Scene) -> bool:
    """Sit on the second panel as well."""
    record = docket(Parties(authors=("writer@example.org",)))
    record.heard(record.rule("R-1"), WRITER.signer, [MAL.signer], "rejected", "R-2")
    appeal_id = record.file(record.newest("R-2"), WRITER.signer)
    for judge in (MAL, *JUDGES[:2]):
        record.review(appeal_id, judge.signer, level=2)
    return heard(record, appeal_id)


def barred_below(ruling: AppealedRuling, _before: Appeal | None, appellant: Principal) -> Iterable[Bar]:
    return BARRED(ruling, None, appellant)


def hears_thrice(_: Scene) -> bool:
    """Be the whole second panel, with two keys."""
    record = docket(Parties(authors=("writer@example.org",)))
    record.heard(record.rule("R-1"), WRITER.signer, [JUDGES[0].signer], "rejected", "R-2")
    appeal_id = record.file(record.newest("R-2"), WRITER.signer)
    for key in (MAL, MALEX, MAL):
        record.review(appeal_id, key.signer, level=2)
    return heard(record, appeal_id)


def each_review(reviews: Iterable[CountedReview]) -> tuple[CountedReview, ...]:
    return tuple(reviews)


def hears_as_requester(_: Scene) -> bool:
    """Review without the role of a reviewer."""
    record = docket()
    appeal_id = record.file(record.rule("R-1"), MAL.signer)
    record.review(appeal_id, ROBOT.signer)
    return heard(record, appeal_id)


def hears_late(_: Scene) -> bool:
    """Add the missing review once the appeal has lapsed, when somebody who was asked has found the time."""
    record = docket()
    appeal_id = record.file(record.rule("R-1"), MAL.signer)
    record.wait(31)
    record.review(appeal_id, JUDGES[0].signer)
    return heard(record, appeal_id)


def at_any_time(appeal: Appeal, timed: Any, court: Court) -> CountedReview:
    return COUNTED(replace(appeal, due=timed.at + timedelta(days=1)), timed, court)


def replays_a_review(_: Scene) -> bool:
    """Copy the review of another appeal, of another change, under this one."""
    record = docket()
    other = record.file(record.rule("R-1"), MAL.signer)
    record.review(other, JUDGES[0].signer)
    appeal_id = record.file(record.rule("R-9"), MAL.signer, nonce="2")
    record.add("appeal_reviewed", {**record.entries[1].body, "subject": f"appeal:{appeal_id}"})
    return heard(record, appeal_id)


def of_any_appeal(appeal: Appeal, timed: Any, court: Court) -> CountedReview:
    statement: Statement = read_statement(read_envelope(timed.entry.body["attestation"]).payload)
    named = str(statement.predicate["subject"]).removeprefix("appeal:")
    return COUNTED(replace(appeal, id=named, payload_digest=statement.predicate["appeal"]), timed, court)


def decides_before_the_panel(_: Scene) -> bool:
    """Write the decision when one of three has spoken."""
    record = docket()
    record.heard(record.rule("R-1"), MAL.signer, [JUDGES[0].signer], "rejected", "R-2")
    appeal_id = record.file(record.newest("R-2"), MAL.signer)
    record.review(appeal_id, JUDGES[1].signer, level=2)
    record.decide(appeal_id, "approved", "R-3", admitted=[0])
    return overturned(record, appeal_id)


def a_panel_of_those_who_spoke(appeal: Appeal, timed: Any) -> Appeal:
    return DECIDED(replace(appeal, size=len(appeal.reviews), needed=len(appeal.reviews)), timed)


def decides_against_the_votes(_: Scene) -> bool:
    """Write that a claim was admitted which the panel refused."""
    record = docket()
    appeal_id = record.file(record.rule("R-1"), MAL.signer)
    record.review(appeal_id, JUDGES[0].signer, Vote.REFUSE)
    record.decide(appeal_id, "approved", "R-2", admitted=[0])
    return overturned(record, appeal_id)


def every_claim(appeal: Appeal) -> tuple[int, ...]:
    return tuple(range(len(appeal.filing.claims)))


def claims_a_level(_: Scene) -> bool:
    """Forge a ruling that says it follows from an appeal, so that its own appeal is of no level that anybody heard."""
    record = docket()
    record.rule("R-1")
    return filed(record, record.file(record.rule("R-2", appeal_of="R-1"), MAL.signer))


def never_before(_found: Appeals, _ruling: AppealedRuling, _entry: Entry) -> None:
    return None


def forges_a_label(_: Scene) -> bool:
    """Teach the judges that their rejected change was to be approved."""
    record = docket()
    ruling = record.rule("R-1")
    appeal_id = record.file(ruling, MAL.signer)
    told = {"label": "approved", "was": "rejected", "source": "appeal", "level": 1, "case": ruling.case}
    record.add(LABEL, {"subject": "ruling:R-1", "entry": ruling.entry, "appeal": appeal_id, **told})
    return bool(labels_of(record.entries, record.appeals))


def as_it_says(entry: Entry, _appeals: Appeals) -> Label:
    said = entry.body
    return Label("R-1", said["entry"], said["label"], said["was"], said["appeal"], 1, said["case"], final=True)


def decided_by(town: Town, filed_by: str, judge: str) -> bool:
    """Whether one appeal with one reviewer decides over the ruling."""
    ruling = town.ruling
    try:
        appeal = town.file(ruling.ruling_id, [town.false_positive(ruling)], by=filed_by)
        return town.vote(appeal, judge).result is not None
    except AgencyError:
        return False


def shrinks_the_panel(scene: Scene) -> bool:
    """Let the change itself say that one reviewer is enough."""
    town = make_town(scene.folder / "town", config="[law]\nappeal_reviewers = [3, 4, 5]\n")
    town.git.commit("Hurry", **{"agency.toml": "[law]\nappeal_reviewers = [1, 2, 3]\n"})
    return decided_by(town, "author", "judge1")


def limits_of_the_change(sources: AppealSources, _commit: str) -> Any:
    return LIMITS_AT(sources, sources._repo.resolve("work"))


def brings_a_judge(scene: Scene) -> bool:
    """List a reviewer in the change itself."""
    town = make_town(scene.folder / "town")
    town.people["eve"] = EVE
    town.git.commit("List", **{PRINCIPALS_PATH: principals_toml(town.people.values())})
    return decided_by(town, "author", "eve")


def court_of_the_change(sources: AppealSources, name: str, commit: str | None) -> Court | None:
    found = COURT_AT(sources, name, commit)
    return found and replace(found, principals=principals_at(sources._repo, sources._repo.resolve("work")))


def edits_the_old_ruling(scene: Scene) -> bool:
    """Take their name out of the stored ruling, and hear the appeal of their own change."""
    town = make_town(scene.folder / "town")
    town.git.git("-c", "user.email=judge1@example.org", "commit", "-q", "--amend", "--no-edit", "--reset-author")
    ruling = town.ruling
    with town.registry() as registry:
        entry = registry.sources.entries_of(ruling.ruling_id)[-1]
        place = registry.record.evidence.place(str(entry.body["document"]))
    place.chmod(0o644)
    place.write_bytes(place.read_bytes().replace(b"judge1@example.org", b"nobody@example.org"))
    return decided_by(town, "judge2", "judge1")


def unchecked(store: EvidenceStore, digest: str) -> bytes:
    return store.place(digest).read_bytes()


ADMISSION, FOLD = "arbitration.appeals.admission", "arbitration.appeals.fold"
PANEL, LABELS = "arbitration.appeals.panel", "arbitration.appeals.labels"

ATTACKS: tuple[Attack, ...] = (
    Attack(
        "file with a key of one's own", files_by_own_key, Defence(f"{ADMISSION}:verify_envelope", anybody_is_listed)
    ),
    Attack("file without standing", files_without_standing, Defence(f"{ADMISSION}:standing", lambda *_: "author")),
    Attack("file after the deadline", files_late, Defence(f"{ADMISSION}:_check_time", none)),
    Attack("ask another panel of one", asks_another_panel, Defence(f"{ADMISSION}:_check_time", none)),
    Attack("call old evidence new", old_as_new, Defence(f"{ADMISSION}:_check_new", none)),
    Attack(
        "call new what an earlier level admitted",
        earlier_as_new,
        Defence(f"{ADMISSION}:_with_matter", with_own_parties),
    ),
    Attack("hear one's own appeal", hears_own_appeal, Defence(f"{ADMISSION}:_barred", nothing)),
    Attack("hear the appeal of one's own change", hears_own_change, Defence(f"{PANEL}:reason_barred", none)),
    Attack("hear a matter twice", hears_it_again, Defence(f"{ADMISSION}:_barred", barred_below)),
    Attack("be the whole panel", hears_thrice, Defence(f"{FOLD}:current_reviews", each_review)),
    Attack("review as an agent", hears_as_requester, Defence(f"{FOLD}:why_not_on_panel", none)),
    Attack("review what has lapsed", hears_late, Defence(f"{FOLD}:_counted", at_any_time)),
    Attack("replay the review of another appeal", replays_a_review, Defence(f"{FOLD}:_counted", of_any_appeal)),
    Attack(
        "decide before the panel is full",
        decides_before_the_panel,
        Defence(f"{FOLD}:_decided", a_panel_of_those_who_spoke),
    ),
    Attack("decide against the votes", decides_against_the_votes, Defence(f"{FOLD}:expected_admissions", every_claim)),
    Attack("claim a level that nobody heard", claims_a_level, Defence(f"{ADMISSION}:_before", never_before)),
    Attack(
        "shrink the panel by the change",
        shrinks_the_panel,
        Defence("workflows.appeal_sources:AppealSources._read_limits", limits_of_the_change),
    ),
    Attack(
        "list a reviewer in the change",
        brings_a_judge,
        Defence("workflows.appeal_sources:AppealSources._read_court", court_of_the_change),
    ),
    Attack("edit the old ruling", edits_the_old_ruling, Defence("evidence:EvidenceStore.get", unchecked)),
    Attack("forge a label", forges_a_label, Defence(f"{LABELS}:_counted", as_it_says)),
)


@pytest.mark.parametrize("attack", ATTACKS, ids=names(ATTACKS))
def test_it_fails_and_succeeds_without_its_defence(attack: Attack, make_scene: Callable[[str], Scene]) -> None:
    check(attack, make_scene)
