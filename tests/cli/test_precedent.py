"""Keeping precedents, as people do it: commands, a key with a pass phrase, a terminal."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from support.precedent_world import ADA, BOB, HOLDING, World
from support.principals import principals_toml
from support.terminal import agency_on_terminal
from support.warm_command import agency

PASS_PHRASE = "correct horse battery"  # noqa: S105 - of a key that the test makes


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A base that lists rita, whose key is in this user's folder; every ruling is a month old."""
    world = World.create(tmp_path / "repo")
    world.clock.at = datetime.now(UTC) - timedelta(days=30)
    answers = [("key rita", PASS_PHRASE), ("again", PASS_PHRASE)]
    made = agency_on_terminal("identity", "new", "rita", "--role", "reviewer", cwd=world.repo.path, answers=answers)
    assert made.code == 0, made
    line = (Path(os.environ["XDG_CONFIG_HOME"]) / "agency" / "keys" / "rita.pub").read_text().strip()
    table = f'[[principal]]\nname = "rita"\naddress = "rita@example.org"\nroles = ["reviewer"]\nkeys = ["{line}"]\n'
    world.repo.commit("List", **{".agency/principals.toml": principals_toml([ADA, BOB]) + "\n" + table})
    return world


def test_from_a_final_ruling_to_a_citation_and_an_overruling(world: World) -> None:
    repo = world.repo.path
    first = world.change("one", "shared/money.py", "src/totals.py")
    asked = [("Pass phrase", PASS_PHRASE)]
    done = agency_on_terminal(
        "precedent", "promote", first.ruling_id, "--holding", HOLDING, "--as", "rita", cwd=repo, answers=asked
    )
    assert done.code == 0, done
    assert "in force" in done.out
    name = next(word for word in done.out.split() if word.startswith("P-"))
    world.days(15)
    second = world.change("two", "shared/rates.py", "src/totals.py")
    assert [one["precedent"] for one in second.precedents] == [name]

    listed = agency("precedent", "list", "--json", cwd=repo).document
    assert listed["schema_version"] == 1
    (shown,) = listed["precedents"]
    assert (shown["id"], shown["holding"], shown["promoted_by"]) == (name, HOLDING, ["rita"])
    assert shown["usage"] == {"cited": 1, "followed": 1, "departed": 0, "distinguished": 0}

    like = agency("precedent", "search", "--ruling", second.ruling_id, cwd=repo)
    assert like.code == 0, like.err
    assert "agree: " in like.out
    assert "place=shared" in like.out
    assert "no precedent found" in agency("precedent", "search", "zebra", cwd=repo).out
    by_fact = agency("precedent", "search", "--rule", "scope.boundary", "--fact", "place=shared", cwd=repo)
    assert name in by_fact.out

    whole = agency("precedent", "show", name[:8], cwd=repo)
    assert "promoted by    rita (1 of 1)" in whole.out
    assert "area           shared, src/totals.py" in whole.out or "area " in whole.out
    assert agency("precedent", "check", cwd=repo).code == 0
    assert "1 precedent indexed anew" in agency("precedent", "reindex", cwd=repo).out

    gone = agency_on_terminal(
        *("precedent", "overrule", name, "--by", second.ruling_id, "--reason", "Better since", "--as", "rita"),
        cwd=repo,
        answers=asked,
    )
    assert gone.code == 0, gone
    assert "no precedent found" in agency("precedent", "list", cwd=repo).out
    assert "overruled" in agency("precedent", "list", "--all", cwd=repo).out


def test_without_a_terminal_nobody_promotes(world: World) -> None:
    first = world.change("one", "shared/money.py")
    done = agency("precedent", "promote", first.ruling_id, "--holding", HOLDING, "--as", "rita", cwd=world.repo.path)
    assert done.code == 2
    assert "terminal" in done.err
    assert agency("precedent", "list", "--all", "--json", cwd=world.repo.path).document["precedents"] == []
    forged = ("precedent", "promote", first.ruling_id, "--holding", "a\x1b[2Jb", "--as", "rita")
    done = agency(*forged, cwd=world.repo.path)
    assert done.code == 2
    assert "\x1b" not in done.err


def test_what_cannot_be_answered_is_one_sentence_and_exit_code_2(tmp_path: Path) -> None:
    world = World.create(tmp_path / "repo")
    world.change("one", "shared/money.py")
    for words in (
        ("search", '"'),
        ("search", "--fact", "=x"),
        ("search", "--ruling", "R-none"),
        ("show", "'; DROP TABLE agency_precedents; --"),
        ("promote", "R-none", "--holding", "x"),
        ("overrule", "P-none", "--by", "R-none", "--reason", "x"),
        ("distinguish", "P-none", "--ruling", "R-none", "--because", "x"),
    ):
        done = agency("precedent", *words, cwd=world.repo.path)
        assert (done.code, done.out) == (2, ""), done
        assert done.err.startswith("agency: ")
        assert "Traceback" not in done.err
    told = agency("precedent", "show", "P-none", "--json", cwd=world.repo.path)
    assert told.code == 2
    assert json.loads(told.out)["error"]["code"] == "precedent.unknown"
