"""What the judged party tries in order to have a precedent guide that nobody may have promoted, or none that should."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from adversary.harness import Attack, Defence, Scene, check, names
from agent_agency.arbitration.precedents import fold
from agent_agency.arbitration.precedents.acts import (
    distinction_statement,
    overruling_statement,
    precedent_id,
    promotion_statement,
    read_promotion,
)
from agent_agency.arbitration.precedents.fold import Bench
from agent_agency.arbitration.precedents.model import (
    DISTINGUISHED,
    OVERRULED,
    PROMOTED,
    CaseFeatures,
    Precedent,
    RecordedRuling,
    Status,
)
from agent_agency.arbitration.precedents.similarity import alike, compare
from agent_agency.arbitration.ruling import Ruling
from agent_agency.attestation.envelope import read_envelope
from agent_agency.attestation.principals import Principal, Principals
from agent_agency.attestation.signer import Ed25519Signer, sign_statement
from agent_agency.attestation.statement import read_statement
from agent_agency.attestation.verify import SignedStatement
from agent_agency.git import Repository
from agent_agency.ledger.entry import Entry
from agent_agency.ledger.journal import Draft
from agent_agency.store import precedent_index as index
from agent_agency.workflows import precedent_index
from agent_agency.workflows.precedent_rulings import RulingsOnRecord
from agent_agency.workflows.precedents import Library, guidance
from support.precedent_world import ADA, AUTHOR, BOB, EVE, HOLDING, World
from support.principals import TestPrincipal, make_principal

ADAEX = make_principal("ada's other key", ["reviewer"])
JUDGE = make_principal("judge", ["arbiter"])
ANYTHING = "Anything goes."
MAY, OVERRULE, PROMOTE = fold.why_may_not, fold.why_cannot_overrule, fold.promoted_by
RULING_OF = RulingsOnRecord._read

USUAL = (ADA, BOB, AUTHOR)


class Court:
    """A record with a ruling on the attacker's change, one precedent where asked for, and a later ruling like it."""

    def __init__(self, scene: Scene, *, promoted: bool = True, people: tuple[TestPrincipal, ...] = USUAL) -> None:
        self.world = World.create(scene.folder / "world", people=people)
        self.world.arbiter = JUDGE.signer
        self.first = self.world.change("one", "shared/money.py", "src/totals.py")
        self.world.days(15)
        self.precedent = self.world.promote(self.first.ruling_id) if promoted else None
        self.second = self.world.change("two", "shared/rates.py", "src/totals.py")

    @property
    def name(self) -> str:
        assert self.precedent is not None
        return self.precedent.id

    def open(self, work: Callable[[Library], Any]) -> Any:
        with Repository.discover(self.world.repo.path) as repo:
            return work(self.world.library(repo))

    def sql(self, *statements: str, **values: str) -> None:
        def run(library: Library) -> None:
            with library.ledger.database.write() as connection:
                for one in statements:
                    asked = {name: value for name, value in values.items() if f":{name}" in one}
                    connection.execute(text(one), asked)

        self.open(run)

    def write(self, kind: str, subject: str, statement: bytes, by: Ed25519Signer) -> None:
        """Write an act into the record past the commands."""
        body = {"subject": f"precedent:{subject}", "attestation": sign_statement(statement, by)}
        self.open(lambda library: library.ledger.append_all([Draft(kind, body)]))

    def promotes(self, ruling: Ruling, by: TestPrincipal | Ed25519Signer, holding: str = ANYTHING) -> str:
        """Promote a ruling past the commands; the answer is the precedent's id."""
        entry = entry_of(ruling)
        named = precedent_id(ruling.ruling_id, entry, holding)
        signer = by.signer if isinstance(by, TestPrincipal) else by
        self.write(PROMOTED, named, promotion_statement(ruling.ruling_id, entry, holding), signer)
        return named

    def guides(self, named: str) -> bool:
        """Whether the precedent is cited beside a case like the later one."""
        return named in self.cited(self.second)

    def cited(self, ruling: Ruling) -> list[str]:
        here = CaseFeatures.read(ruling.features)
        assert here is not None
        return [one.precedent for one in self.open(lambda library: guidance(library, here))]

    def status(self, named: str) -> Status | None:
        found = self.world.read(named)
        return found.status if found else None


def entry_of(ruling: Ruling) -> str:
    assert ruling.ledger is not None
    return str(ruling.ledger["hash"])


def none(*_: Any, **__: Any) -> None:
    return None


def promotes_own(scene: Scene) -> bool:
    """Promote the ruling on their own change, as a reviewer who is listed."""
    court = Court(scene, promoted=False)
    return court.guides(court.promotes(court.first, AUTHOR))


def if_listed(principal: Principal, ruling: RecordedRuling) -> str | None:
    return MAY(principal, replace(ruling, authors=("nobody@nowhere.example",)))


def promotes_by_own_key(scene: Scene) -> bool:
    """Promote with a key that nobody listed."""
    court = Court(scene, promoted=False)
    return court.guides(court.promotes(court.first, EVE))


def anybody_is_ada(envelope: Mapping[str, Any], principals: Principals) -> SignedStatement:
    read = read_envelope(envelope)
    who = principals.by_key(read.signature.key_id) or ADA.principal
    return SignedStatement(read_statement(read.payload), who, read.signature.key_id)


def promotes_too_early(scene: Scene) -> bool:
    """Use a promotion before anybody had the time to appeal its ruling."""
    court = Court(scene, promoted=False)
    return court.guides(court.promotes(court.second, ADA))


def copies_a_promotion(scene: Scene) -> bool:
    """Copy a good promotion under another id, so that it seems to be two."""
    court = Court(scene)
    made = court.open(lambda library: next(iter(library.ledger.of_kinds({PROMOTED}))))
    named = "P-00000000000000000000"
    body = {"subject": f"precedent:{named}", "attestation": made.body["attestation"]}
    court.open(lambda library: library.ledger.append_all([Draft(PROMOTED, body)]))
    return court.status(named) is Status.IN_FORCE


def under_any_id(entry: Entry, bench: Bench) -> Any:
    act = read_promotion(read_statement(read_envelope(entry.body["attestation"]).payload))
    return PROMOTE(replace(entry, body={**entry.body, "subject": f"precedent:{act.precedent}"}), bench)


def resurrects(scene: Scene) -> bool:
    """Put the row of an overruled precedent back into the index."""
    court = Court(scene)
    court.world.days(15)
    court.world.overrule(court.name, court.second.ruling_id)
    return court.guides(court.name)


def row_of(library: Library, named: str) -> Precedent | None:
    """Believe the index."""
    mark = library.mark
    if mark is None:
        return None
    with library.ledger.database.read() as connection:
        row = next((one for one in index.all_rows(connection, mark.chain) if one.precedent == named), None)
    if row is None:
        return None
    told, ruling = precedent_index.features_of(row), library.rulings.named(row.ruling)
    believed = Precedent(row.precedent, row.ruling, row.holding, row.verdict, Status.IN_FORCE, row.seq, 1)
    return replace(believed, features=told, last=row.seq, ruling_entry=ruling.entry)


def invents_a_row(scene: Scene) -> bool:
    """Write a precedent into the index that no entry backs."""
    court = Court(scene)
    told = json.dumps({key: list(values) for key, values in (court.second.features or {})["facts"].items()})
    court.sql(
        "INSERT INTO agency_precedents "
        "(number, ledger, precedent, ruling, seq, verdict, compared, question, stance, holding, facts, words) "
        "SELECT 99, ledger, 'P-forged', ruling, seq, 'waived', compared, question, stance, 'Anything goes.', facts, "
        "words FROM agency_precedents",
        "UPDATE agency_precedents SET facts = :facts WHERE number = 99",
        "INSERT INTO agency_precedent_postings (fact, number) SELECT fact, 99 FROM agency_precedent_postings",
        "UPDATE agency_precedent_index SET precedents = 2",
        facts=told,
    )
    return court.guides("P-forged")


def overrules_by_own(scene: Scene) -> bool:
    """Overrule the precedent against them by the ruling on their own change."""
    court = Court(scene)
    court.world.days(15)
    second = court.second
    statement = overruling_statement(court.name, second.ruling_id, entry_of(second), "It was decided better since.")
    court.write(OVERRULED, court.name, statement, AUTHOR.signer)
    return not court.guides(court.name)


def overrules_by_itself(scene: Scene) -> bool:
    """Get somebody to overrule a precedent by the very ruling that it stands for."""
    court = Court(scene)
    first = court.first
    statement = overruling_statement(court.name, first.ruling_id, entry_of(first), "It was decided better since.")
    court.write(OVERRULED, court.name, statement, ADA.signer)
    return not court.guides(court.name)


def distinguishes_own(scene: Scene) -> bool:
    """Say themselves that their case is another than the precedent's."""
    court = Court(scene)
    third = court.world.change("three", "shared/fees.py", "src/totals.py", "docs/fees.md", "vendor/fees.py")
    here, there = (CaseFeatures.read(one.features) for one in (third, court.first))
    assert here is not None
    assert there is not None
    because = compare(here, there, alike).differ
    statement = distinction_statement(court.name, third.ruling_id, entry_of(third), because)
    court.write(DISTINGUISHED, court.name, statement, AUTHOR.signer)
    found = court.world.read(court.name)
    return bool(found and found.distinctions)


def is_the_quorum(scene: Scene) -> bool:
    """Be both of the two who must promote a ruling of the first tier, with two keys."""
    keys = f'"{ADA.signer.public_key.line()}", "{ADAEX.signer.public_key.line()}"'
    world = World.create(scene.folder / "world", config="[law.quorum]\n1 = 2\n", tier=1)
    world.repo.checkout("main")
    listing = f'[[principal]]\nname = "ada"\naddress = "ada@example.org"\nroles = ["reviewer"]\nkeys = [{keys}]\n'
    world.repo.commit("List", **{".agency/principals.toml": listing})
    ruling = world.change("one", "shared/money.py")
    world.days(15)
    named = world.promote(ruling.ruling_id).id
    statement = promotion_statement(ruling.ruling_id, entry_of(ruling), HOLDING)
    body = {"subject": f"precedent:{named}", "attestation": sign_statement(statement, ADAEX.signer)}
    with Repository.discover(world.repo.path) as repo:
        world.library(repo).ledger.append_all([Draft(PROMOTED, body)])
    found = world.read(named)
    return found is not None and found.status is Status.IN_FORCE


def each_key(reading: Any, entry: Entry, bench: Bench) -> None:
    act, _, _ = fold.promoted_by(entry, bench)
    if reading.promotion is None:
        reading.promotion, reading.seq = act, entry.seq
    reading.promoters[entry.body["attestation"]["signatures"][0]["keyid"]] = None


def records_it_anew(court: Court, **changed: Any) -> str:
    """Write the ruling on their change into the record again, with other members, and promote that."""

    def forge(library: Library) -> Entry:
        entry = library.ledger.about(f"ruling:{court.first.ruling_id}")[0]
        change = {**entry.body["change"], "authors": ["nobody@nowhere.example"]}
        ruling = {**entry.body, "change": change, **changed}
        named = {"subject": f"ruling:{ruling['ruling_id']}"}
        (made,) = library.ledger.append_all([Draft("ruling", {**ruling, **named})])
        return made

    made: Entry = court.open(forge)
    told = str(made.body["ruling_id"])
    named = precedent_id(told, made.hash, ANYTHING)
    court.write(PROMOTED, named, promotion_statement(told, made.hash, ANYTHING), AUTHOR.signer)
    court.world.days(15)
    return named


def changes_the_authors(scene: Scene) -> bool:
    """Record the arbiter's ruling on their change again, as if somebody else had made the change."""
    court = Court(scene, promoted=False, people=(ADA, BOB, AUTHOR, JUDGE))
    return court.guides(records_it_anew(court))


def by_this_entry(rulings: RulingsOnRecord, ruling_id: str, entry_hash: str) -> RecordedRuling | None:
    found = RULING_OF(rulings, ruling_id, entry_hash)
    entry = next((one for one in rulings._entries(ruling_id) if one.hash == entry_hash), None)
    return replace(found, authors=tuple(entry.body["change"]["authors"])) if found and entry else None


def forges_a_ruling(scene: Scene) -> bool:
    """Record a ruling of their own making, and promote that."""
    court = Court(scene, promoted=False, people=(ADA, BOB, AUTHOR, JUDGE))
    return court.guides(records_it_anew(court, ruling_id="R-00000000000000000000"))


FOLD = "arbitration.precedents.fold"
READING = "workflows.precedents"

ATTACKS: tuple[Attack, ...] = (
    Attack("promote the ruling on one's own change", promotes_own, Defence(f"{FOLD}:why_may_not", if_listed)),
    Attack(
        "promote with a key of one's own",
        promotes_by_own_key,
        Defence("attestation.verify:verify_envelope", anybody_is_ada),
    ),
    Attack("promote what may still be appealed", promotes_too_early, Defence(f"{FOLD}:is_final", lambda *_: True)),
    Attack("copy a promotion under another id", copies_a_promotion, Defence(f"{FOLD}:promoted_by", under_any_id)),
    Attack("resurrect what was overruled", resurrects, Defence(f"{READING}:Library.read", row_of)),
    Attack("write a row that no entry backs", invents_a_row, Defence(f"{READING}:Library.read", row_of)),
    Attack("overrule by one's own case", overrules_by_own, Defence(f"{FOLD}:why_may_not", if_listed)),
    Attack("overrule a precedent by itself", overrules_by_itself, Defence(f"{FOLD}:why_cannot_overrule", none)),
    Attack("distinguish one's own case", distinguishes_own, Defence(f"{FOLD}:why_may_not", if_listed)),
    Attack("be the whole quorum with two keys", is_the_quorum, Defence(f"{FOLD}:_promoted", each_key)),
    Attack(
        "promote one's own ruling under another author",
        changes_the_authors,
        Defence("workflows.precedent_rulings:RulingsOnRecord._read", by_this_entry),
    ),
    Attack(
        "promote a forged ruling",
        forges_a_ruling,
        Defence("workflows.precedent_rulings:RulingsOnRecord._is_vouched", lambda *_: True),
    ),
)


@pytest.mark.parametrize("attack", ATTACKS, ids=names(ATTACKS))
def test_it_fails_and_succeeds_without_its_defence(attack: Attack, make_scene: Callable[[str], Scene]) -> None:
    check(attack, make_scene)


def test_what_is_promoted_as_the_law_says_guides(make_scene: Callable[[str], Scene]) -> None:
    """So the attacks do not fail for want of a like case."""
    court = Court(make_scene("granted"))
    assert court.guides(court.name)
