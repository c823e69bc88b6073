"""What somebody who may write the repository's own files can do to precedents: nothing that guides."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from agent_agency.arbitration.precedents.acts import precedent_id, promotion_statement
from agent_agency.arbitration.precedents.model import PROMOTED, CaseFeatures, Precedent, Status
from agent_agency.arbitration.ruling import Ruling
from agent_agency.attestation.signer import sign_statement
from agent_agency.errors import PrecedentError
from agent_agency.evidence import EvidenceStore
from agent_agency.git import Repository
from agent_agency.ledger.journal import Draft
from agent_agency.workflows import precedent_index
from agent_agency.workflows.precedent_check import CheckReport, check
from agent_agency.workflows.precedent_search import Question, search
from agent_agency.workflows.precedents import Library, guidance
from support.precedent_world import ADA, AUTHOR, EVE, HOLDING, World
from support.principals import TestPrincipal


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ruling, Precedent, Ruling]:
    """A record with one precedent, and a later ruling that cites it."""
    world = World.create(tmp_path_factory.mktemp("world") / "repo")
    first = world.change("one", "shared/money.py", "src/totals.py")
    world.days(15)
    precedent = world.promote(first.ruling_id)
    second = world.change("two", "shared/rates.py", "src/totals.py")
    assert [one["precedent"] for one in second.precedents] == [precedent.id]
    return world.repo.path, first, precedent, second


class Scene:
    """A copy of that record for one attack."""

    def __init__(self, world: World, first: Ruling, precedent: Precedent, second: Ruling) -> None:
        self.world, self.first, self.precedent, self.second = world, first, precedent, second

    def open(self, work: Callable[[Library, EvidenceStore], Any]) -> Any:
        with Repository.discover(self.world.repo.path) as repo:
            return work(self.world.library(repo), self.world.record(repo).evidence)

    def sql(self, *statements: str, **names: str) -> None:
        def run(library: Library, _: EvidenceStore) -> None:
            with library.ledger.database.write() as connection:
                for statement in statements:
                    asked = {name: value for name, value in names.items() if f":{name}" in statement}
                    connection.execute(text(statement), asked)

        self.open(run)

    def cited(self) -> list[str]:
        here = CaseFeatures.read(self.second.features)
        assert here is not None
        return [one.precedent for one in self.open(lambda library, _: guidance(library, here))]

    def check(self) -> CheckReport:
        report: CheckReport = self.open(check)
        return report

    def append(self, kind: str, statement: bytes, person: TestPrincipal, subject: str) -> None:
        body = {"subject": f"precedent:{subject}", "attestation": sign_statement(statement, person.signer)}
        self.open(lambda library, _: library.ledger.append_all([Draft(kind, body)]))


@pytest.fixture
def scene(built: tuple[Path, Ruling, Precedent, Ruling], tmp_path: Path) -> Scene:
    import shutil

    from support.git_repo import GitRepo

    path, first, precedent, second = built
    shutil.copytree(path, tmp_path / "repo")
    world = World(GitRepo(tmp_path / "repo"))
    world.days(40)
    return Scene(world, first, precedent, second)


def test_the_untouched_record_is_sound(scene: Scene) -> None:
    assert scene.cited() == [scene.precedent.id]
    assert scene.check().sound


@pytest.mark.parametrize("person", [EVE, AUTHOR])
def test_a_promotion_written_past_the_commands_by_somebody_who_may_not_guides_nobody(
    scene: Scene, person: TestPrincipal
) -> None:
    entry = str(scene.second.ledger["hash"]) if scene.second.ledger else ""
    forged = precedent_id(scene.second.ruling_id, entry, "Anything goes.")
    statement = promotion_statement(scene.second.ruling_id, entry, "Anything goes.")
    scene.append(PROMOTED, statement, person, forged)
    assert scene.cited() == [scene.precedent.id]
    read = scene.world.read(forged)
    assert read is not None
    assert read.status is Status.VOID
    report = scene.check()
    assert [one.precedent for one in report.troubles] == [forged]
    found = scene.open(lambda library, _: search(library, Question(words="anything")))
    assert found == ()


def test_a_good_promotion_replayed_under_another_subject_makes_no_second_precedent(scene: Scene) -> None:
    made = scene.open(lambda library, _: next(iter(library.ledger.of_kinds({PROMOTED}))))
    body = {"subject": "precedent:P-00000000000000000000", "attestation": made.body["attestation"]}
    scene.open(lambda library, _: library.ledger.append_all([Draft(PROMOTED, body)]))
    read = scene.world.read("P-00000000000000000000")
    assert read is not None
    assert read.status is Status.VOID
    assert scene.cited() == [scene.precedent.id]
    assert scene.check().index.same


def test_hundreds_of_forged_promotions_do_not_crowd_out_a_real_one(scene: Scene) -> None:
    entry = str(scene.second.ledger["hash"]) if scene.second.ledger else ""
    drafts = []
    for number in range(120):
        holding = f"Anything goes, number {number}."
        statement = promotion_statement(scene.second.ruling_id, entry, holding)
        named = precedent_id(scene.second.ruling_id, entry, holding)
        drafts.append(
            Draft(PROMOTED, {"subject": f"precedent:{named}", "attestation": sign_statement(statement, EVE.signer)})
        )
    scene.open(lambda library, _: library.ledger.append_all(drafts))
    assert scene.cited() == [scene.precedent.id]


def test_deleting_rows_of_the_index_hides_nothing_and_resurrects_nothing(scene: Scene) -> None:
    later = scene.second
    scene.world.overrule(scene.precedent.id, later.ruling_id)
    assert scene.cited() == []
    for damage in (
        "DELETE FROM agency_precedents",
        "DELETE FROM agency_precedent_postings",
        "DELETE FROM agency_precedent_index",
    ):
        scene.sql(damage)
        assert scene.cited() == []
        read = scene.world.read(scene.precedent.id)
        assert read is not None
        assert read.status is Status.OVERRULED
    assert scene.check().index.same


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM agency_precedents",
        "DELETE FROM agency_precedent_index",
        "UPDATE agency_precedent_index SET entries = 7, seq = 900, hash = 'x'",
        "UPDATE agency_precedent_index SET precedents = 9",
        "UPDATE agency_precedent_index SET hash = 'sha256:0'",
    ],
)
def test_an_index_that_does_not_follow_the_ledger_is_built_anew_by_its_next_reader(scene: Scene, damage: str) -> None:
    scene.sql(damage)
    assert scene.cited() == [scene.precedent.id]
    assert scene.check().index.same


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM agency_precedent_postings",
        "UPDATE agency_precedent_facts SET shared_by = 50",
        "UPDATE agency_precedents SET words = 'forged'",
        "UPDATE agency_precedents SET compared = ''",
        "UPDATE agency_precedents SET question = 'forged'",
        "UPDATE agency_precedents SET stance = 'forged'",
        "UPDATE agency_precedent_facts SET scope = 'forged' WHERE scope <> ''",
        "UPDATE agency_precedents SET holding = 'forged'",
        "UPDATE agency_precedents SET verdict = 'approved'",
    ],
)
def test_a_changed_row_of_the_index_is_told_by_check_and_mended_by_reindex(scene: Scene, damage: str) -> None:
    scene.sql(damage)
    cited = scene.cited()
    assert cited in ([], [scene.precedent.id])
    assert not scene.check().index.same
    scene.open(lambda library, _: precedent_index.rebuild(library.ledger, library.bench))
    assert scene.check().index.same
    assert scene.cited() == [scene.precedent.id]


def test_a_row_that_no_entry_backs_guides_nobody(scene: Scene) -> None:
    facts = json.dumps({key: list(values) for key, values in (scene.second.features or {})["facts"].items()})
    scene.sql(
        "INSERT INTO agency_precedents "
        "(number, ledger, precedent, ruling, seq, verdict, compared, question, stance, holding, facts, words) "
        "SELECT 99, ledger, 'P-forged', ruling, seq, 'waived', compared, question, stance, 'Anything goes.', facts, "
        "words FROM agency_precedents",
        "UPDATE agency_precedents SET facts = :facts WHERE number = 99",
        "INSERT INTO agency_precedent_postings (fact, number) SELECT fact, 99 FROM agency_precedent_postings",
        "UPDATE agency_precedent_index SET precedents = 2",
        facts=facts,
    )
    assert scene.cited() == [scene.precedent.id]
    found = scene.open(lambda library, _: search(library, Question(every=True)))
    assert [one.precedent.id for one in found] == [scene.precedent.id]
    assert not scene.check().index.same


def test_facts_that_the_index_was_given_do_not_make_a_precedent_alike(scene: Scene) -> None:
    """The row of a real precedent is changed to look like a case that it is not like."""
    far = scene.world.change("far", "vendor/lib/deep/code.py")
    assert far.precedents == ()
    facts = json.dumps({key: list(values) for key, values in (far.features or {})["facts"].items()})
    scene.sql("UPDATE agency_precedents SET facts = :facts", facts=facts)
    here = CaseFeatures.read(far.features)
    assert here is not None
    assert scene.open(lambda library, _: guidance(library, here)) == ()


def test_a_case_file_of_other_facts_is_told_and_a_missing_one_is_a_note(scene: Scene) -> None:
    def file_of(library: Library, evidence: EvidenceStore) -> Path:
        entry = next(iter(library.ledger.about(f"ruling:{scene.first.ruling_id}")))
        digest = str(entry.body["case_file"])
        return evidence.folder / digest[7:9] / digest[9:]

    path: Path = scene.open(file_of)
    path.unlink()
    report = scene.check()
    assert report.sound
    assert [one.precedent for one in report.notes] == [scene.precedent.id]
    assert scene.cited() == [scene.precedent.id]


def test_a_ruling_whose_case_file_is_gone_cannot_be_promoted(scene: Scene) -> None:
    def file_of(library: Library, evidence: EvidenceStore) -> Path:
        entry = next(iter(library.ledger.about(f"ruling:{scene.second.ruling_id}")))
        digest = str(entry.body["case_file"])
        return evidence.folder / digest[7:9] / digest[9:]

    path: Path = scene.open(file_of)
    path.unlink()
    with pytest.raises(PrecedentError, match="case file"):
        scene.world.promote(scene.second.ruling_id)


def test_facts_that_are_not_those_of_the_case_file_cannot_be_promoted(scene: Scene) -> None:
    """A ruling's entry is written anew with other facts, past the commands."""

    def forge(library: Library, _: EvidenceStore) -> None:
        entry = library.ledger.about(f"ruling:{scene.second.ruling_id}")[-1]
        told = json.loads(json.dumps(entry.body["features"]))
        told["facts"]["area"] = ["src/anywhere"]
        library.ledger.append_all([Draft("ruling", {**entry.body, "features": told})])

    scene.open(forge)
    scene.world.days(30)
    with pytest.raises(PrecedentError, match="not those of its case file"):
        scene.world.promote(scene.second.ruling_id)


def test_where_an_arbiter_is_listed_only_its_own_rulings_are_promoted(tmp_path: Path) -> None:
    from support.principals import make_principal

    arbiter = make_principal("judge", ["arbiter"])
    world = World.create(tmp_path / "repo", people=[ADA, arbiter])
    first = world.change("one", "shared/money.py")
    world.days(15)
    with pytest.raises(PrecedentError, match="does not carry the arbiter's signature"):
        world.promote(first.ruling_id)
    world.arbiter = arbiter.signer
    second = world.change("two", "shared/rates.py")
    world.days(15)
    assert world.promote(second.ruling_id, holding=HOLDING).status is Status.IN_FORCE


def test_an_act_and_its_row_are_written_together_or_not_at_all(scene: Scene) -> None:
    """Whatever fails after the entry was written undoes the entry too."""
    from agent_agency.ledger.entry import Entry

    entry = str(scene.second.ledger["hash"]) if scene.second.ledger else ""
    named = precedent_id(scene.second.ruling_id, entry, HOLDING)
    statement = promotion_statement(scene.second.ruling_id, entry, HOLDING)
    body = {"subject": f"precedent:{named}", "attestation": sign_statement(statement, ADA.signer)}

    def failing(library: Library, _: EvidenceStore) -> None:
        write = precedent_index.writer(library.ledger, library.bench)

        def also(connection: Any, chain: str, entries: tuple[Entry, ...]) -> None:
            write(connection, chain, entries)
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            library.ledger.append_all([Draft(PROMOTED, body)], also=also)

    scene.open(failing)
    assert scene.world.read(named) is None
    assert scene.check().sound
    assert scene.check().index.rows == 1


def test_an_index_that_missed_an_entry_reads_on(scene: Scene) -> None:
    entry = str(scene.second.ledger["hash"]) if scene.second.ledger else ""
    named = precedent_id(scene.second.ruling_id, entry, HOLDING)
    scene.append(PROMOTED, promotion_statement(scene.second.ruling_id, entry, HOLDING), ADA, named)
    assert scene.precedent.id in scene.cited()
    report = scene.check()
    assert (report.index.rows, report.index.same) == (2, True)
