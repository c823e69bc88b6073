"""A judge: a prompt for a rubric, and an engine that answers it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

from agent_agency.canonical_json import digest_json
from agent_agency.errors import EngineError, JudgeError
from agent_agency.inference.protocol import Cancel, Engine, Message, Parameters, Reply, Request
from agent_agency.judging.answer import Answer
from agent_agency.judging.answer_schema import answer_schema
from agent_agency.judging.assessment import Assessment, CallRecord
from agent_agency.judging.laid_out import LaidOut, Layout
from agent_agency.judging.layout import prefix_messages
from agent_agency.judging.prompt import JudgePrompt
from agent_agency.judging.read_answer import MAX_TEXT, Refused, read_answer
from agent_agency.judging.subject import Subject

_SHOWN_TO_REPAIR = 8_000
REPAIR = (
    "That answer cannot be used: {problem}. Answer again for the same subject: one JSON object of the shape that was "
    "asked for, and nothing else."
)
REFUSING = frozenset({"engine.timeout", "engine.cancelled", "engine.prompt_cut", "engine.prompt_too_long"})
"""Codes of engine failures that belong to one call and say nothing of the server's health."""


def judge_version(prompt: JudgePrompt, identity: Mapping[str, str], parameters: Parameters) -> str:
    """``sha256:…`` that names a judge: its prompt, what runs it, and how answers are drawn.

    A figure that was measured of one version says nothing of another: the same weights behind another server, or at
    another quantisation, are another judge.
    """
    return digest_json({"prompt": prompt.digest, "engine": dict(identity), "parameters": asdict(parameters)})


class Judge:
    """Asks an engine about one subject after the other; may be used from several threads at once.

    Args:
        prompt: what is said beside the subject.
        engine: what answers.
        layout: lays subjects out for the rubric, with this run's fence; one may serve several judges.
        parameters: how answers are drawn.
        deadline_s: seconds that one call may take.

    Raises:
        JudgeError: the prompt is written for another rubric, or a demonstration is too long.
    """

    def __init__(
        self,
        prompt: JudgePrompt,
        engine: Engine,
        layout: Layout,
        *,
        parameters: Parameters | None = None,
        deadline_s: float = 120.0,
    ) -> None:
        if prompt.rubric_digest != layout.rubric.digest:
            raise JudgeError(
                f"The prompt of {prompt.judge!r} is written for another rubric",
                fix="Write the prompt anew for the rubric as it is now.",
                code="judge.prompt_of_another_rubric",
            )
        self.prompt = prompt
        self.engine = engine
        self.parameters = parameters or Parameters()
        self.version = judge_version(prompt, engine.identity, self.parameters)
        self.prompt_digest = prompt.digest
        self.parameters_digest = digest_json(asdict(self.parameters))
        self._layout = layout
        self._deadline_s = deadline_s
        self._prefix = prefix_messages(prompt, layout.rubric, layout.fence, lambda subject: layout.of(subject).message)
        self._schema = answer_schema()

    def assess(self, subject: Subject, *, rollout: int = 0, cancel: Cancel | None = None) -> Assessment:
        """Judge one subject; whatever the engine or the subject does, the outcome is an assessment.

        A failing engine, a text that is too long and an answer that cannot be used twice are abstentions, each with
        its reason. No score is made up.

        Args:
            subject: as it came from the worker.
            rollout: differs between calls that no cache may answer alike, as in a retest.
            cancel: ends the call from another thread.
        """
        work = _Work(subject, self.version)
        try:
            laid_out = self._layout.of(subject)
            work.laid_out = laid_out
            return self._asked(work, laid_out, rollout, cancel)
        except EngineError as error:
            return work.abstention(word_for(error), error.message)
        except JudgeError as error:
            return work.abstention(error.stable_code.removeprefix("judge."), error.message)

    def _asked(self, work: _Work, laid_out: LaidOut, rollout: int, cancel: Cancel | None) -> Assessment:
        """Ask, and once more with what was wrong."""
        messages = (*self._prefix, laid_out.message)
        problem = Refused("invalid", "")
        for attempt in range(2):
            request = Request(messages, self.parameters, self._schema, self._deadline_s, rollout)
            reply = self.engine.generate(request, cancel)
            work.called(request, reply)
            read = _cut(reply) or read_answer(reply.text, laid_out.material)
            if isinstance(read, Answer):
                return work.done(read, repaired=attempt > 0)
            problem = read
            again = Message("user", REPAIR.format(problem=read.problem.rstrip(".")))
            messages = (*messages, Message("assistant", reply.text[:_SHOWN_TO_REPAIR] or "{}"), again)
        return work.abstention(problem.reason, problem.problem)


class _Work:
    """What is known so far of one assessment."""

    def __init__(self, subject: Subject, version: str) -> None:
        self._subject = subject
        self._version = version
        self._calls: list[CallRecord] = []
        self.laid_out: LaidOut | None = None

    def called(self, request: Request, reply: Reply) -> None:
        digest = request.prompt_digest
        made = (reply.model, reply.model_digest, reply.usage, reply.latency_s, reply.cache_hit)
        self._calls.append(CallRecord(digest, *made))

    def done(self, answer: Answer, *, repaired: bool) -> Assessment:
        return self._assessment(answer, repaired=repaired, problem="")

    def abstention(self, reason: str, problem: str) -> Assessment:
        answer = Answer("abstain", None, None, abstained_because=reason)
        return self._assessment(answer, repaired=False, problem=problem)

    def _assessment(self, answer: Answer, *, repaired: bool, problem: str) -> Assessment:
        laid_out = self.laid_out
        digest = laid_out.digest if laid_out else self._subject.digest
        counted = laid_out.counted if laid_out else ()
        return Assessment(digest, self._version, answer, counted, tuple(self._calls), repaired, problem)


def _cut(reply: Reply) -> Refused | None:
    if reply.finish == "stop":
        return None
    return Refused("invalid", f"it was cut off after {min(len(reply.text), MAX_TEXT):,} characters; write less")


def word_for(error: EngineError) -> str:
    """The reason of an abstention: what is of one call (`REFUSING`) by its own name, all else ``engine``."""
    code = error.stable_code
    return code.removeprefix("engine.") if code in REFUSING else "engine"
