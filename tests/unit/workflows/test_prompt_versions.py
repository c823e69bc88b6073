from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent_agency.errors import AgencyError, LearningError, PromptError
from agent_agency.judging.rubric import JUDGES
from agent_agency.store import prompts
from agent_agency.store.database import Database
from agent_agency.workflows import prompt_versions as work
from agent_agency.workflows.active_prompt import active_prompt, prompt_as_shipped
from support.prompts import artefact_of


class StillClock:
    """Always the same moment."""

    def now(self) -> datetime:
        return datetime(2026, 3, 1, 12, tzinfo=UTC)


CLOCK = StillClock()


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database.open(f"sqlite:///{tmp_path}/store.db")


def _activate(database: Database, version: str, judge: str = "safety") -> int:
    return work.activate(database, CLOCK, judge, version, who="ada", reason="it is better").version


def test_the_shipped_prompts_are_there_before_anything_is_written(database: Database) -> None:
    found = work.list_versions(database)
    assert [(one.judge, one.active) for one in found] == [(judge, 0) for judge in JUDGES]
    assert work.choose(database, "safety").prompt == active_prompt(database, "safety") == prompt_as_shipped("safety")
    assert work.choose(database, "safety", "shipped").version == 0
    assert not database.exists()


def test_what_was_registered_is_used_once_somebody_says_so(database: Database) -> None:
    artefact = artefact_of("safety", "Look closely.", "a", "b")
    assert work.register(database, CLOCK, artefact, "found by search").version == 1
    assert work.register(database, CLOCK, artefact).version == 1
    assert work.choose(database, "safety").version == 0
    assert _activate(database, "v1") == 1
    assert work.choose(database, "safety").prompt == active_prompt(database, "safety") == artefact.prompt
    (told,) = work.list_versions(database, "safety")
    document = told.as_dict()
    assert [(one["version"], one["active"]) for one in document["versions"]] == [(0, False), (1, True)]
    assert document["versions"][1]["digest"] == artefact.digest
    (act,) = document["history"]
    assert (act["act"], act["version"], act["digest"]) == ("activate", 1, artefact.digest)
    assert (act["who"], act["reason"], act["at"]) == ("ada", "it is better", "2026-03-01T12:00:00.000Z")


def test_a_rollback_walks_back_to_the_shipped_prompt_and_keeps_the_history(database: Database) -> None:
    for number in range(3):
        work.register(database, CLOCK, artefact_of("safety", f"Instructions {number}."))
    for version in ("1", "3", "2"):
        _activate(database, version)
    gone_back = [
        work.rollback(database, CLOCK, "safety", who="bob", reason="worse", expected=expected).version
        for expected in (2, None, 1)
    ]
    assert gone_back == [3, 1, 0]
    assert len(work.list_versions(database, "safety")[0].acts) == 6
    with pytest.raises(PromptError, match="No other version"):
        work.rollback(database, CLOCK, "safety", who="bob", reason="worse")


@pytest.mark.parametrize(
    ("judge", "version", "code"),
    [
        ("safty", "1", "prompt.unknown_judge"),
        ("xyz", "1", "prompt.unknown_judge"),
        ("safety", "2", "prompt.unknown_version"),
        ("safety", "-1", "prompt.unknown_version"),
        ("safety", "newest", "prompt.unknown_version"),
        ("safety", "01", "prompt.unknown_version"),
        ("own", "0", "prompt.unknown_version"),
    ],
)
def test_a_bad_name_changes_nothing_and_says_what_there_is(
    database: Database, judge: str, version: str, code: str
) -> None:
    work.register(database, CLOCK, artefact_of("safety", "Look closely."))
    work.register(database, CLOCK, artefact_of("own", "Look."))
    for act in (lambda: _activate(database, version, judge), lambda: work.choose(database, judge, version)):
        with pytest.raises(PromptError) as caught:
            act()
        assert caught.value.stable_code == code
    assert work.choose(database, "safety").version == 0


def test_what_is_refused_makes_no_database(database: Database) -> None:
    for version, judge in (("1", "safety"), ("0", "safty")):
        with pytest.raises(PromptError):
            _activate(database, version, judge)
    with pytest.raises(PromptError):
        work.rollback(database, CLOCK, "safty", who="ada", reason="why")
    assert not database.exists()


def test_a_near_miss_is_answered_with_the_judge_that_was_meant(database: Database) -> None:
    work.register(database, CLOCK, artefact_of("tidiness", "Look."))
    for given, meant in (("safty", "safety"), ("tidyness", "tidiness")):
        with pytest.raises(PromptError) as caught:
            work.list_versions(database, given)
        assert caught.value.fix == f"Did you mean {meant}?"


@pytest.mark.parametrize(("who", "reason"), [("", "why"), ("ada", " "), ("ada\n", "why"), ("ada", "x" * 1001)])
def test_an_act_of_nobody_or_without_a_reason_does_not_count(database: Database, who: str, reason: str) -> None:
    with pytest.raises(PromptError, match="does not say"):
        work.activate(database, CLOCK, "safety", "0", who=who, reason=reason)
    assert not database.exists()


def test_a_projects_own_judge_has_registered_versions_only(database: Database) -> None:
    work.register(database, CLOCK, artefact_of("own", "Look."))
    (found,) = work.list_versions(database, "own")
    assert (found.shipped, found.active) == ("", 0)
    assert _activate(database, "1", "own") == 1
    assert work.choose(database, "own").prompt.instructions == "Look."


def test_a_prompt_for_another_rubric_or_judge_or_none_at_all_is_not_activated(database: Database) -> None:
    work.register(database, CLOCK, artefact_of("safety", "Look.", rubric="sha256:older"))
    with database.write() as connection:
        prompts.register(connection, "safety", {"format": "something else"}, at="2026-01-01T00:00:00.000Z")
        other = dict(artefact_of("relevance", "Look.").document)
        prompts.register(connection, "safety", other, at="2026-01-01T00:00:00.000Z")
    codes = []
    for version in ("1", "2", "3"):
        with pytest.raises(AgencyError) as caught:
            _activate(database, version)
        codes.append(caught.value.stable_code)
    assert codes == ["prompt.of_another_rubric", "learning.artefact", "prompt.of_another_judge"]
    assert work.choose(database, "safety").version == 0
    with pytest.raises(LearningError):
        work.choose(database, "safety", "2")


def test_a_difference_names_lines_and_demonstrations(database: Database) -> None:
    work.register(database, CLOCK, artefact_of("safety", "One.\nTwo.", "a", "b", "c"))
    work.register(database, CLOCK, artefact_of("safety", "One.\nThree.", "c", "b", "d", parameters={"temperature": 1}))
    old, new = work.choose(database, "safety", "1"), work.choose(database, "safety", "2")
    found = work.differences(old, new)
    assert found["instructions"][2:] == ["@@ -1,2 +1,2 @@", " One.", "-Two.", "+Three."]
    shown = found["demonstrations"]
    assert [one["subject"] for one in shown["added"]] == ["d"]
    assert [one["subject"] for one in shown["removed"]] == ["a"]
    assert (shown["kept"], shown["reordered"], found["same_prompt"]) == (2, True, False)
    assert found["changed"] == {"parameters": [{"temperature": 0}, {"temperature": 1}]}
    same = work.differences(old, old)
    assert (same["same_prompt"], same["instructions"], same["demonstrations"]["added"]) == (True, [], [])
    assert work.differences(work.choose(database, "safety", "shipped"), new)["from"] == 0
