"""The shipped judges: their rubrics, and the prompts that come with them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from importlib.resources import files

from agent_agency.errors import JudgeError
from agent_agency.judging.prompt import Demonstration, JudgePrompt
from agent_agency.judging.rubric import JUDGES, Rubric
from agent_agency.judging.rubric_reader import RubricFile, read_rubric


def shipped_rubric(judge: str) -> Rubric:
    """The rubric of a shipped judge.

    Raises:
        JudgeError: ``judge.unknown``, there is no such judge.
    """
    return _file(judge).rubric


def shipped_prompt(judge: str, demonstrations: Iterable[Demonstration] = ()) -> JudgePrompt:
    """The prompt that is shipped for a judge, with the demonstrations that the caller has.

    Raises:
        JudgeError: ``judge.unknown``, there is no such judge.
    """
    held = _file(judge)
    return JudgePrompt(judge, held.rubric.digest, held.instructions, tuple(demonstrations))


def nearest_judge(name: str, judges: Sequence[str] = JUDGES) -> str:
    """What somebody may have meant who named a judge that there is not, and those that there are."""
    close = get_close_matches(name, judges, n=1)
    meant = f"Did you mean {close[0]}? " if close else ""
    return f"{meant}There are {', '.join(judges)}."


def _file(judge: str) -> RubricFile:
    if judge not in JUDGES:
        raise JudgeError(f"There is no judge {judge!r}", fix=nearest_judge(judge), code="judge.unknown")
    name = f"{judge}.toml"
    return read_rubric(files("agent_agency.judging").joinpath("rubrics", name).read_bytes(), name)
