"""Precedents of real reviews: promoted, cited, distinguished, overruled."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import jsonschema_rs
import pytest

from agent_agency.arbitration.precedents.model import Relation, Status
from agent_agency.errors import PrecedentError
from agent_agency.git import Repository
from agent_agency.report.json_document import to_document
from agent_agency.workflows.precedent_check import check
from agent_agency.workflows.precedent_search import Question, search, show
from support.precedent_world import ADA, AUTHOR, BOB, EVE, HOLDING, World
from support.principals import make_principal


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World.create(tmp_path / "repo")


def test_a_similar_precedent_is_cited_with_what_agrees_and_what_differs(world: World) -> None:
    first = world.change("one", "shared/money.py", "src/totals.py")
    world.days(15)
    precedent = world.promote(first.ruling_id)
    assert precedent.status is Status.IN_FORCE
    second = world.change("two", "shared/rates.py", "src/totals.py", text="OTHER = 2\n" * 30)
    (cited,) = second.precedents
    assert cited["precedent"] == precedent.id
    assert cited["ruling"] == first.ruling_id
    assert cited["holding"] == HOLDING
    assert cited["relation"] == "followed"
    assert {"fact": "place", "value": "shared"} in cited["agree"]
    assert {"fact": "lines", "here": "up to 200", "there": "up to 10"} in cited["differ"]
    assert cited["contradicts"] == []
    schema = files("agent_agency.report").joinpath("schemas", "ruling.v1.json").read_text("utf-8")
    jsonschema_rs.validate(json.loads(schema), to_document(second))


def test_without_a_precedent_nothing_is_cited_and_the_index_is_not_touched(world: World) -> None:
    assert world.change("one", "shared/money.py").precedents == ()


def test_a_change_that_leaves_nothing_open_cites_nothing_and_records_no_features(world: World) -> None:
    first = world.change("one", "shared/money.py")
    world.days(15)
    world.promote(first.ruling_id)
    good = world.change("good", "src/totals.py")
    assert str(good.decision.verdict) == "approved"
    assert good.precedents == ()
    assert good.features is None


def test_a_precedent_of_another_issue_is_not_cited(world: World) -> None:
    first = world.change("one", "shared/money.py")
    world.days(15)
    world.promote(first.ruling_id)
    other = world.change("budget", "src/shared.py", text="VALUE = 1\n" * 200)
    assert other.features is not None
    assert other.precedents == ()


def test_a_precedent_of_the_same_rule_elsewhere_is_not_cited(world: World) -> None:
    first = world.change("one", "shared/money.py")
    world.days(15)
    world.promote(first.ruling_id)
    assert world.change("far", "vendor/lib/deep/code.py").precedents == ()


def test_precedents_change_nothing_that_is_decided(world: World) -> None:
    first = world.change("one", "shared/money.py", "src/totals.py")
    alone = world.change("two", "shared/rates.py", "src/totals.py")
    world.days(15)
    world.promote(first.ruling_id)
    day = world.clock.at.date()
    guided = world.change("three", "shared/rates.py", "src/totals.py", start="two~1")
    assert guided.precedents
    assert guided.decision == alone.decision
    assert guided.outcomes == alone.outcomes
    assert guided.gates == alone.gates
    assert guided.case_file == alone.case_file.replace(b"2026-02-01", str(day).encode())


def test_a_ruling_may_be_promoted_only_when_it_is_final(world: World) -> None:
    first = world.change("one", "shared/money.py")
    with pytest.raises(PrecedentError, match=r"not final: it may be appealed until 2026-02-15"):
        world.promote(first.ruling_id)
    world.days(13.9)
    with pytest.raises(PrecedentError, match="not final"):
        world.promote(first.ruling_id)
    world.days(0.2)
    assert world.promote(first.ruling_id).status is Status.IN_FORCE


def test_nobody_promotes_a_ruling_over_their_own_change(world: World) -> None:
    first = world.change("one", "shared/money.py")
    world.days(15)
    with pytest.raises(PrecedentError, match="author is an author of the change"):
        world.promote(first.ruling_id, AUTHOR)


def test_a_key_that_the_base_does_not_list_promotes_nothing(world: World) -> None:
    first = world.change("one", "shared/money.py")
    world.days(15)
    with pytest.raises(PrecedentError, match="not among those of the listed principals"):
        world.promote(first.ruling_id, EVE)


def test_a_requester_promotes_nothing(tmp_path: Path) -> None:
    rex = make_principal("rex", ["requester"])
    world = World.create(tmp_path / "repo", people=[rex])
    first = world.change("one", "shared/money.py")
    world.days(15)
    with pytest.raises(PrecedentError, match="neither as approver nor as reviewer"):
        world.promote(first.ruling_id, rex)


def test_a_ruling_without_an_issue_is_no_precedent(world: World) -> None:
    good = world.change("good", "src/totals.py")
    world.days(15)
    with pytest.raises(PrecedentError, match="left no question open"):
        world.promote(good.ruling_id)


def test_an_unknown_ruling_is_no_precedent(world: World) -> None:
    world.change("one", "shared/money.py")
    for name in ("R-nothing", "", "R-", "%", "../.."):
        with pytest.raises(PrecedentError, match="ruling"):
            world.promote(name)


@pytest.mark.parametrize("holding", ["", "  ", "x" * 301, "a\x1b[31mb", "bad\ud800"])
def test_a_holding_is_one_line_that_can_be_shown(world: World, holding: str) -> None:
    first = world.change("one", "shared/money.py")
    world.days(15)
    with pytest.raises(PrecedentError, match="holding"):
        world.promote(first.ruling_id, holding=holding)


def test_at_tier_one_a_quorum_promotes_with_the_same_holding(tmp_path: Path) -> None:
    config = "[law]\nquorum = { 1 = 2, 2 = 1, 3 = 1 }\n"
    world = World.create(tmp_path / "repo", tier=1, config=config)
    first = world.change("one", "shared/money.py", "src/totals.py")
    world.days(15)
    proposed = world.promote(first.ruling_id, ADA)
    assert proposed.status is Status.PROPOSED
    assert world.change("two", "shared/rates.py", "src/totals.py").precedents == ()
    with pytest.raises(PrecedentError, match="ada has promoted"):
        world.promote(first.ruling_id, ADA)
    other = world.promote(first.ruling_id, BOB, holding="Something else.")
    assert other.status is Status.PROPOSED
    whole = world.promote(first.ruling_id, BOB)
    assert whole.id == proposed.id
    assert whole.status is Status.IN_FORCE
    assert whole.promoters == ("ada", "bob")
    assert [one["precedent"] for one in world.change("three", "shared/x.py", "src/totals.py").precedents] == [whole.id]


def test_a_precedent_is_overruled_by_a_later_final_ruling_and_cited_no_more(world: World) -> None:
    first = world.change("one", "shared/money.py", "src/totals.py")
    world.days(15)
    precedent = world.promote(first.ruling_id)
    later = world.change("two", "shared/rates.py", "src/totals.py")
    with pytest.raises(PrecedentError, match="not final"):
        world.overrule(precedent.id, later.ruling_id)
    with pytest.raises(PrecedentError, match="no later ruling"):
        world.overrule(precedent.id, first.ruling_id)
    world.days(15)
    with pytest.raises(PrecedentError, match="an author of the change"):
        world.overrule(precedent.id, later.ruling_id, AUTHOR)
    gone = world.overrule(precedent.id, later.ruling_id)
    assert gone.status is Status.OVERRULED
    assert gone.overruled_by == later.ruling_id
    assert world.change("three", "shared/new.py", "src/totals.py").precedents == ()
    with Repository.discover(world.repo.path) as repo:
        library = world.library(repo)
        assert search(library, Question()) == ()
        (found,) = search(library, Question(every=True))
        assert found.precedent.status is Status.OVERRULED
        assert search(library, Question(words="scope")) == ()
    with pytest.raises(PrecedentError, match="guides nobody"):
        world.distinguish(precedent.id, later.ruling_id, "lines")


def test_a_ruling_about_something_else_overrules_nothing(world: World) -> None:
    first = world.change("one", "shared/money.py")
    world.days(15)
    precedent = world.promote(first.ruling_id)
    budget = world.change("budget", "src/shared.py", text="VALUE = 1\n" * 200)
    world.days(15)
    with pytest.raises(PrecedentError, match="no issue in common"):
        world.overrule(precedent.id, budget.ruling_id)


def test_a_case_is_distinguished_by_facts_that_really_differ(world: World) -> None:
    first = world.change("one", "shared/money.py", "src/totals.py")
    world.days(15)
    precedent = world.promote(first.ruling_id)
    second = world.change("two", "shared/rates.py", "src/totals.py", text="OTHER = 2\n" * 30)
    with pytest.raises(PrecedentError, match="do not differ in 'tier'"):
        world.distinguish(precedent.id, second.ruling_id, "tier")
    with pytest.raises(PrecedentError, match="do not differ in 'lines=up to 1000'"):
        world.distinguish(precedent.id, second.ruling_id, "lines=up to 1000")
    with pytest.raises(PrecedentError, match="own ruling"):
        world.distinguish(precedent.id, first.ruling_id, "lines")
    told = world.distinguish(precedent.id, second.ruling_id, "lines=up to 200")
    assert [one.ruling for one in told.distinctions] == [second.ruling_id]
    with Repository.discover(world.repo.path) as repo:
        shown = show(world.library(repo), precedent.id)
    assert (shown.usage.cited, shown.usage.followed, shown.usage.distinguished) == (1, 0, 1)


def test_what_rulings_do_with_a_precedent_is_counted_once_for_each(world: World) -> None:
    first = world.change("one", "shared/money.py", "src/totals.py")
    world.days(15)
    precedent = world.promote(first.ruling_id)
    world.change("two", "shared/rates.py", "src/totals.py")
    world.review("two")
    world.change("three", "shared/other.py", "src/totals.py")
    with Repository.discover(world.repo.path) as repo:
        used = show(world.library(repo), precedent.id).usage
    assert used.as_dict() == {"cited": 2, "followed": 2, "departed": 0, "distinguished": 0}


def test_two_precedents_of_one_case_that_hold_differently_are_reported_wherever_one_is_cited(world: World) -> None:
    first = world.change("one", "shared/money.py", "src/totals.py")
    second = world.change("two", "shared/rates.py", "src/totals.py")
    world.days(15)
    one = world.promote(first.ruling_id)
    other = world.promote(second.ruling_id, holding="Nothing outside the scope may be touched.")
    with Repository.discover(world.repo.path) as repo:
        library = world.library(repo)
        report = check(library, world.record(repo).evidence)
        assert not report.sound
        assert [{pair.one, pair.other} for pair in report.contradictions] == [{one.id, other.id}]
        assert report.troubles == ()
        assert show(library, one.id).contradicts == (other.id,)
    cited = world.change("three", "shared/new.py", "src/totals.py").precedents
    assert {told["precedent"]: told["contradicts"] for told in cited} == {one.id: [other.id], other.id: [one.id]}


def test_precedents_that_agree_are_sound(world: World) -> None:
    first = world.change("one", "shared/money.py", "src/totals.py")
    second = world.change("two", "shared/rates.py", "src/totals.py")
    world.days(15)
    world.promote(first.ruling_id)
    world.promote(second.ruling_id)
    with Repository.discover(world.repo.path) as repo:
        report = check(world.library(repo), world.record(repo).evidence)
    assert report.sound, report
    assert (report.precedents, report.in_force, report.index.rows) == (2, 2, 2)


def test_search_finds_by_words_by_facts_and_by_a_like_ruling(world: World) -> None:
    first = world.change("one", "shared/money.py", "src/totals.py")
    second = world.change("two", "shared/rates.py", "src/totals.py")
    world.days(15)
    precedent = world.promote(first.ruling_id)
    with Repository.discover(world.repo.path) as repo:
        library = world.library(repo)

        def ids(asked: Question) -> list[str]:
            return [found.precedent.id for found in search(library, asked)]

        assert ids(Question("moving files")) == [precedent.id]
        assert ids(Question("zebra")) == []
        assert ids(Question(facts=(("place", "shared"),))) == [precedent.id]
        assert ids(Question(facts=(("place", "shared"), ("tier", "1")))) == []
        assert ids(Question("moving", (("rule", "scope.boundary"),))) == [precedent.id]
        assert ids(Question(ruling=second.ruling_id)) == [precedent.id]
        assert ids(Question("unrelated", ruling=second.ruling_id)) == []
        assert ids(Question(ruling=first.ruling_id)) == []


def test_the_relation_of_another_verdict_is_departed_unless_the_same_difference_was_distinguished(
    world: World,
) -> None:
    from agent_agency.arbitration.precedents.model import CaseFeatures
    from agent_agency.workflows.precedents import relation

    first = world.change("one", "shared/money.py", "src/totals.py")
    world.days(15)
    precedent = world.promote(first.ruling_id)
    second = world.change("two", "shared/rates.py", "src/totals.py", text="OTHER = 2\n" * 30)
    told = world.distinguish(precedent.id, second.ruling_id, "lines")
    here = CaseFeatures.read(second.features)
    assert here is not None
    assert relation(here, precedent) is Relation.FOLLOWED
    assert relation(replace(here, verdict="waived"), precedent) is Relation.DEPARTED
    assert relation(replace(here, verdict="waived"), told) is Relation.DISTINGUISHED
    small = CaseFeatures.read(first.features)
    assert small is not None
    assert relation(replace(small, verdict="waived"), told) is Relation.DEPARTED


def test_precedents_guide_on_postgres_as_on_sqlite(
    tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGENCY_STORE_URL", postgres_url)
    world = World.create(tmp_path / "repo")
    first = world.change("one", "shared/money.py", "src/totals.py")
    world.days(15)
    precedent = world.promote(first.ruling_id)
    (cited,) = world.change("two", "shared/rates.py", "src/totals.py").precedents
    assert (cited["precedent"], cited["relation"]) == (precedent.id, "followed")
    with Repository.discover(world.repo.path) as repo:
        library = world.library(repo)
        assert check(library, world.record(repo).evidence).sound
        assert [one.precedent.id for one in search(library, Question(words="moving"))] == [precedent.id]
        assert show(library, precedent.id[:6]).precedent.id == precedent.id
