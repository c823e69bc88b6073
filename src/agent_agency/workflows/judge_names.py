"""Names of judges as people write them: a misspelt one is refused, so that it does not look like one without data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent_agency.errors import JudgeError
from agent_agency.judging.rubric import JUDGES
from agent_agency.judging.shipped import nearest_judge
from agent_agency.workflows.learning_store import reading

if TYPE_CHECKING:
    from agent_agency.store.database import Database


def check_judge(database: Database, name: str) -> None:
    """Refuse a judge that is not shipped and of which the store has nothing; an empty name means any.

    Raises:
        JudgeError: there is none of that name (``judge.unknown``).
        StoreError: the store cannot be read.
    """
    if not name or name in JUDGES:
        return
    known = [*JUDGES, *_stored(database)]
    if name not in known:
        raise JudgeError(f"There is no judge {name!r}", fix=nearest_judge(name, known), code="judge.unknown")


def _stored(database: Database) -> list[str]:
    """The judges of which there are evaluations, labels or prompts, beside the shipped ones."""
    from agent_agency.store import evaluation_days, labels, prompts

    with reading(database) as connection:
        if connection is None:
            return []
        found = {one[0] for one in labels.counts(connection)}
        found.update(evaluation_days.judges(connection), prompts.judges_with_versions(connection))
    return sorted(found - {*JUDGES})
