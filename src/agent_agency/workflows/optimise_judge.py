"""A judge as an optimiser runs it: laid out, asked, read and repaired as in every review; many prompts, one layout."""

from __future__ import annotations

from dataclasses import replace

from agent_agency.errors import JudgeError
from agent_agency.inference.protocol import Engine, Parameters
from agent_agency.judging.answer import Answer
from agent_agency.judging.assessment import Assessment
from agent_agency.judging.fence import fence_for
from agent_agency.judging.judge import Judge
from agent_agency.judging.laid_out import Layout
from agent_agency.judging.prompt import JudgePrompt
from agent_agency.judging.rubric import Rubric
from agent_agency.judging.subject import Subject

_SECRET = b"of a training set of our own"
"""Nobody attacks through examples that we made, and the same bytes must be asked again for a run to be resumed."""
_KEPT = 512


class JudgeRunner:
    """Runs any prompt of one rubric.

    Args:
        rubric: what is judged by.
        parameters: how answers are drawn.
        deadline_s: seconds that one call may take.
    """

    def __init__(self, rubric: Rubric, parameters: Parameters, deadline_s: float) -> None:
        self._layout = Layout(rubric, fence_for(_SECRET, rubric.digest))
        self._parameters = parameters
        self._deadline_s = deadline_s
        self._judges: dict[tuple[int, int], tuple[JudgePrompt, Engine, Judge]] = {}
        self._answers: dict[tuple[int, str], tuple[JudgePrompt, Answer]] = {}

    def __call__(self, engine: Engine, prompt: JudgePrompt, subject: Subject) -> Answer:
        """What the judge says in the end: ``fail`` where counting proved it, whatever the model answered.

        An answer to the same prompt and subject is given again as it was; the cache of calls would give it too, and
        takes longer. One that a failure kept from being given is asked for anew.
        """
        try:
            key = (id(prompt), self._layout.of(subject).digest)
        except JudgeError:  # too long; the judge abstains and says so
            return final_answer(self.judge(engine, prompt).assess(subject))
        held = self._answers.get(key)
        if held is not None:
            return held[1]
        answer = final_answer(self.judge(engine, prompt).assess(subject))
        if not answer.abstained_because:
            self._answers[key] = (prompt, answer)
        return answer

    def shown(self, subject: Subject) -> str:
        """A subject's message, as an engine sees it.

        Raises:
            JudgeError: it is too long.
        """
        return self._layout.of(subject).message.content

    def judge(self, engine: Engine, prompt: JudgePrompt) -> Judge:
        """The judge that a prompt makes; made once for one prompt and engine."""
        key = (id(prompt), id(engine))
        found = self._judges.get(key)
        if found is None:
            if len(self._judges) >= _KEPT:
                self._judges.clear()
            made = Judge(prompt, engine, self._layout, parameters=self._parameters, deadline_s=self._deadline_s)
            found = self._judges[key] = (prompt, engine, made)
        return found[2]


def final_answer(assessment: Assessment) -> Answer:
    """The answer with the verdict that counting makes of it."""
    broken = assessment.broken_by_count
    if not broken:
        return assessment.answer
    told = "; ".join(f"{one.criterion} is not met: {one.said}" for one in broken)
    answer = assessment.answer
    return replace(
        answer,
        verdict="fail",
        score=min(answer.score or 0.0, 0.4),
        confidence=1.0,
        reasoning=answer.reasoning or told,
        abstained_because="",
    )
