"""The judges that there are: rubric, prompt in use, and where it comes from."""

from __future__ import annotations

from dataclasses import dataclass

from agent_agency.judging.prompt import JudgePrompt
from agent_agency.judging.rubric import JUDGES, Rubric
from agent_agency.judging.shipped import shipped_rubric
from agent_agency.store.database import Database
from agent_agency.workflows.active_prompt import active_prompt, prompt_as_shipped


@dataclass(frozen=True, slots=True)
class ShelvedJudge:
    """One judge: what it looks for, and the prompt in use; ``shipped`` tells whether that is the shipped one."""

    rubric: Rubric
    prompt: JudgePrompt
    shipped: bool


def judges_at_hand(database: Database) -> tuple[ShelvedJudge, ...]:
    """All judges, in their usual order.

    Raises:
        AgencyError: a prompt in use cannot be read.
    """
    return tuple(judge_at_hand(database, name) for name in JUDGES)


def judge_at_hand(database: Database, name: str) -> ShelvedJudge:
    """One judge.

    Raises:
        JudgeError: there is no such judge.
        AgencyError: its prompt cannot be read.
    """
    rubric = shipped_rubric(name)
    prompt = active_prompt(database, name)
    return ShelvedJudge(rubric, prompt, prompt.digest == prompt_as_shipped(name).digest)
