"""How two pieces of work are laid out to be compared; as for one, all but the last message is the same bytes."""

from __future__ import annotations

import json

from agent_agency.inference.protocol import Message
from agent_agency.judging.fence import fenced
from agent_agency.judging.layout import DATA_ONLY, rubric_lines
from agent_agency.judging.pairwise_answer import pair_shape_in_words
from agent_agency.judging.prepare import fact_lines
from agent_agency.judging.prompt import Demonstration, JudgePrompt
from agent_agency.judging.rubric import Rubric
from agent_agency.judging.subject import Subject

_COMPARE = (
    "Two pieces of work are compared. Say which of them meets the rubric better, whichever is shown first. Neither "
    "length nor style counts unless the rubric says so."
)
_LAST = "Compare the first and the second by the rubric. Answer with the JSON object only."


def pair_prefix(prompt: JudgePrompt, rubric: Rubric, fence: str, shown: tuple[Demonstration, ...]) -> list[Message]:
    """All messages but the last.

    The demonstrations of single pieces become pairs of one that passes and one that fails; what is better stands first
    as often as second.

    Args:
        prompt: whose instructions are given.
        rubric: what is judged by.
        fence: the nonce of this run's fences.
        shown: demonstrations with prepared subjects.
    """
    asked = (prompt.instructions.strip(), _COMPARE, rubric_lines(rubric, counted=True))
    text = "\n\n".join((*asked, DATA_ONLY.format(fence=fence), pair_shape_in_words()))
    turns = [Message("system", text)]
    good = [one for one in shown if one.answer.verdict == "pass"]
    bad = [one for one in shown if one.answer.verdict == "fail"]
    for number, (better, worse) in enumerate(zip(good, bad, strict=False)):
        swapped = number % 2 == 1
        pair = (worse, better) if swapped else (better, worse)
        turns.append(pair_message(pair[0].subject, pair[1].subject, fence))
        turns.append(Message("assistant", _shown_answer(better, worse, "second" if swapped else "first")))
    return turns


def pair_message(first: Subject, second: Subject, fence: str) -> Message:
    """The last message: two prepared subjects between fences, in this order."""
    sections: list[tuple[str, str]] = []
    same = first.task == second.task
    if same:
        sections.append(("task", first.task))
    for name, one in (("first", first), ("second", second)):
        sections += [
            (f"{name}_task", "" if same else one.task),
            (f"{name}_reference", one.reference),
            (f"{name}_claims", "\n".join(one.claims)),
            (f"{name}_facts", "\n".join(fact_lines(dict(one.facts)))),
        ]
        sections.append((name, one.output))
    parts = [fenced(name, text, fence) for name, text in sections if text or name in {"first", "second"}]
    return Message("user", "\n\n".join((*parts, _LAST)))


def _shown_answer(better: Demonstration, worse: Demonstration, choice: str) -> str:
    """A demonstration's answer; its evidence is that of the two pieces."""
    why = f"The {choice} meets the rubric. {better.answer.reasoning} The other does not. {worse.answer.reasoning}"
    members = {
        "evidence": [*better.answer.evidence[:1], *worse.answer.evidence[:1]],
        "reasoning": why,
        "choice": choice,
        "confidence": 1.0,
    }
    return json.dumps(members, ensure_ascii=False)
