"""A misspelt judge is refused by whatever asks the store, and never looks like a judge without data."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent_agency.errors import JudgeError
from agent_agency.store.database import Database
from agent_agency.store.labels import AskedLabels, Label
from agent_agency.workflows.evaluation_records import save_evaluations
from agent_agency.workflows.evaluations import asked_for, import_rulings, label_by_hand, list_labels, statistics
from agent_agency.workflows.judge_names import check_judge
from agent_agency.workflows.trends import Kept
from support.evaluations import evaluation

DIGEST = "sha256:" + "0" * 64


class StillClock:
    """Always the same moment."""

    def now(self) -> datetime:
        return datetime(2026, 3, 1, tzinfo=UTC)


ASKED: dict[str, Callable[[Database, str], object]] = {
    "evaluations list": lambda database, name: asked_for(database, judge=name),
    "evaluations stats": statistics,
    "label list": lambda database, name: list_labels(database, AskedLabels(judge=name), 5),
    "label add": lambda database, name: label_by_hand(
        database, StillClock(), Label("", DIGEST, name, "pass", None, "person", "Ada")
    ),
    "label import-rulings": lambda database, name: import_rulings(database, StillClock(), name, ()),
    "trend show": lambda database, name: Kept(database, name).series(),
}


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database.open(f"sqlite:///{tmp_path}/store.db")


@pytest.mark.parametrize("command", ASKED)
def test_a_misspelt_judge_is_refused_with_the_one_that_was_meant(database: Database, command: str) -> None:
    with pytest.raises(JudgeError, match="There is no judge 'saftey'") as refused:
        ASKED[command](database, "saftey")
    assert refused.value.fix.startswith("Did you mean safety?")
    assert not database.exists()


def test_a_judge_that_came_with_an_import_is_known(database: Database) -> None:
    save_evaluations(database, [evaluation(judge="kindness")])
    check_judge(database, "kindness")
    with pytest.raises(JudgeError, match="kindnes'"):
        check_judge(database, "kindnes")
