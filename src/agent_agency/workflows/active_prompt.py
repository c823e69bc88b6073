"""The prompt with which a judge is asked: the version that somebody activated, else the shipped one."""

from __future__ import annotations

from agent_agency.canonical_json import canonical_json
from agent_agency.judging.prompt import JudgePrompt
from agent_agency.judging.shipped import shipped_prompt
from agent_agency.store.database import Database
from agent_agency.workflows.learning_store import reading

SHIPPED_DEMONSTRATIONS = 8
"""Hand-picked examples in a shipped prompt."""


def active_prompt(database: Database, judge: str) -> JudgePrompt:
    """The prompt that is in use now.

    Raises:
        JudgeError: there is no such judge.
        LearningError: what was activated cannot be read.
        StoreError: the database cannot be read.
    """
    from agent_agency.learning.optimise.artefact import read_artefact
    from agent_agency.store import prompts

    with reading(database) as connection:
        version = 0 if connection is None else prompts.active_version(connection, judge)
        if connection is None or version == prompts.SHIPPED:
            return prompt_as_shipped(judge)
        document = prompts.read_artefact(connection, judge, version)
    return read_artefact(canonical_json(document), f"version {version} of {judge}").prompt


def prompt_as_shipped(judge: str) -> JudgePrompt:
    """The prompt that comes with the program, with its hand-picked demonstrations.

    Raises:
        JudgeError: there is no such judge.
        DatasetError: the shipped examples are damaged.
    """
    from agent_agency.workflows.optimise_examples import baseline_demonstrations

    bare = shipped_prompt(judge)  # first, so that an unknown judge is refused as one
    return shipped_prompt(bare.judge, baseline_demonstrations(judge, SHIPPED_DEMONSTRATIONS))
