"""The adapter that is pinned: DSPy's signatures become our prompts, so that what is optimised is what is run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from agent_agency.errors import LearningError
from agent_agency.extras import require
from agent_agency.inference.protocol import Engine, Parameters, Request
from agent_agency.judging.answer import Answer
from agent_agency.judging.prompt import Demonstration, JudgePrompt
from agent_agency.judging.subject import Subject
from agent_agency.learning.optimise.dspy_bridge import EXTRA, LmAsEngine, from_dspy
from agent_agency.learning.optimise.example import (
    Example,
    answer_document,
    decode_answer,
    decode_subject,
    encode,
    subject_document,
)
from agent_agency.learning.optimise.limits import Halt

Judge = Callable[[Engine, JudgePrompt, Subject], Answer]
"""Runs a judge with a prompt: asks, reads, repairs once, abstains. It never raises for what a model answers."""

PROPOSAL = Parameters(temperature=1.0, max_tokens=1500)


class JudgeAdapter:
    """What DSPy calls in place of an adapter of its own.

    The judge's signature goes through ``judge``, which lays out and reads as in every review. Other signatures are
    those of DSPy's proposer of instructions: they go through ``ChatAdapter``, whatever DSPy's default becomes, with
    their rollout kept, so that our cache does not answer two different draws alike.

    DSPy scores an item 0 when an exception comes out of it, and goes on. No failure is a score here: it halts the run.

    Args:
        seed: the prompt whose judge, rubric and version every candidate shares.
        judge: runs it.
    """

    def __init__(self, seed: JudgePrompt, judge: Judge) -> None:
        self._seed = seed
        self._judge = judge
        self._prompts: dict[tuple[str, tuple[tuple[str, str], ...]], JudgePrompt] = {}
        self._subjects: dict[str, Subject] = {}
        self._engines: dict[int, tuple[Any, Engine]] = {}
        self._demonstrations: dict[tuple[str, str], Demonstration] = {}

    def __call__(
        self,
        lm: Any,
        lm_kwargs: Mapping[str, Any],  # noqa: ARG002 - what is drawn, and how, belongs to the judge
        signature: Any,
        demos: Sequence[Mapping[str, Any]],
        inputs: Mapping[str, Any],
    ) -> list[dict[str, Any]]:
        """Answer one call of a predictor.

        Raises:
            Halt: something failed that no judge can answer for.
        """
        try:
            if set(signature.output_fields) == {"answer"}:
                return self._judged(lm, signature, demos, inputs)
            return self._foreign(lm, signature, demos, inputs)
        except Exception as error:
            raise Halt("failure", str(error), error) from error

    def _judged(
        self, lm: Any, signature: Any, demos: Sequence[Mapping[str, Any]], inputs: Mapping[str, Any]
    ) -> list[dict[str, Any]]:
        prompt = self.prompt(signature.instructions, demos)
        answer = self._judge(self._engine(lm), prompt, self._subject(inputs["subject"]))
        return [{"answer": encode(answer_document(answer)), "prompt_characters": prompt_characters(prompt)}]

    def prompt(self, instructions: str, demos: Iterable[Mapping[str, Any]]) -> JudgePrompt:
        """The judge's prompt that a predictor of DSPy stands for; for equal ones it is the same object."""
        shown = tuple((one["subject"], one["answer"]) for one in demos)
        found = self._prompts.get((instructions, shown))
        if found is None:
            found = JudgePrompt(
                judge=self._seed.judge,
                rubric_digest=self._seed.rubric_digest,
                instructions=instructions,
                demonstrations=tuple(self._demonstration(*pair) for pair in shown),
                schema_version=self._seed.schema_version,
            )
            self._prompts[instructions, shown] = found
        return found

    def _demonstration(self, subject: str, answer: str) -> Demonstration:
        found = self._demonstrations.get((subject, answer))
        if found is None:
            found = Demonstration(self._subject(subject), decode_answer(answer))
            self._demonstrations[subject, answer] = found
        return found

    def _engine(self, lm: Any) -> Engine:
        """The same engine for the same model, so that a judge is made once for both."""
        found = self._engines.get(id(lm))
        if found is None:
            found = self._engines[id(lm)] = (lm, LmAsEngine(lm))
        return found[1]

    def _subject(self, text: str) -> Subject:
        found = self._subjects.get(text)
        if found is None:
            found = self._subjects[text] = decode_subject(text)
        return found

    @staticmethod
    def _foreign(
        lm: Any, signature: Any, demos: Sequence[Mapping[str, Any]], inputs: Mapping[str, Any]
    ) -> list[dict[str, Any]]:
        chat = require("dspy", extra=EXTRA).ChatAdapter()
        asked = require("dspy.lm15", extra=EXTRA).request_from_openai_chat(
            {"model": lm.model, "messages": chat.format(signature, list(demos), dict(inputs))}
        )
        rollout = int(lm.kwargs.get("rollout_id") or 0)
        request = Request(from_dspy(asked).messages, PROPOSAL, rollout=rollout)
        reply = LmAsEngine(lm).generate(request)
        return [_parsed(chat, signature, reply.text)]


def _parsed(chat: Any, signature: Any, text: str) -> dict[str, Any]:
    """The fields of an answer; where just one is asked for, a model that forgets the markers has still given it."""
    errors = require("dspy.utils.exceptions", extra=EXTRA)
    try:
        return dict(chat.parse(signature, text))
    except errors.AdapterParseError:
        names = list(signature.output_fields)
        return {names[0]: text.strip()} if len(names) == 1 else dict.fromkeys(names, "")


def prompt_characters(prompt: JudgePrompt) -> int:
    """How long a prompt is without its subject: the measure of what each call costs."""
    return len(prompt.instructions) + sum(_characters(one) for one in prompt.demonstrations)


def _characters(one: Demonstration) -> int:
    subject, answer = one.subject, one.answer
    parts = (subject.task, subject.output, subject.reference, *subject.claims, answer.reasoning, *answer.evidence)
    return sum(len(part) for part in (*parts, *answer.suggestions))


def predictor(prompt: JudgePrompt) -> Any:
    """A ``dspy.Predict`` that stands for a judge's prompt.

    Raises:
        MissingExtraError: DSPy is not installed.
    """
    dspy = require("dspy", extra=EXTRA)
    fields = {"subject": (str, dspy.InputField()), "answer": (str, dspy.OutputField())}
    made = dspy.Predict(dspy.Signature(fields, prompt.instructions))
    made.demos = [dspy_demonstration(one) for one in prompt.demonstrations]
    return made


def dspy_demonstration(one: Demonstration) -> Any:
    """A demonstration as DSPy holds it."""
    dspy = require("dspy", extra=EXTRA)
    fields = {"subject": encode(subject_document(one.subject)), "answer": encode(answer_document(one.answer))}
    return dspy.Example(**fields).with_inputs("subject")


def dspy_examples(examples: Iterable[Example]) -> list[Any]:
    """Labelled subjects as DSPy holds them."""
    return [dspy_demonstration(one.demonstration) for one in examples]


def answer_of(prediction: Any) -> Answer:
    """The answer in a prediction of DSPy.

    Raises:
        LearningError: it holds none.
    """
    text = prediction.get("answer") if hasattr(prediction, "get") else None
    if not isinstance(text, str):
        raise LearningError("DSPy handed on a prediction without an answer", fix="Report this: it is a defect.")
    return decode_answer(text)
