"""A judge: a prompt for a rubric, and an engine that answers it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

from agent_agency.canonical_json import digest_json
from agent_agency.errors import EngineError, JudgeError
from agent_agency.inference.protocol import Cancel, Engine, Message, Parameters, Reply, Request
from agent_agency.judging.answer import Answer
from agent_agency.judging.assessment import Assessment
from agent_agency.judging.laid_out import Asked, LaidOut, Layout
from agent_agency.judging.prompt import JudgePrompt
from agent_agency.judging.read_answer import MAX_TEXT, Refused
from agent_agency.judging.subject import Subject
from agent_agency.judging.working import Working

_SHOWN_TO_REPAIR = 8_000
REPAIR = (
    "That answer cannot be used: {problem}. Answer again for the same subject: one JSON object of the shape that was "
    "asked for, and nothing else."
)
REFUSING = frozenset(
    {"engine.timeout", "engine.cancelled", "engine.prompt_cut", "engine.prompt_too_long", "engine.no_labels"}
)
"""Codes of engine failures that belong to one call and say nothing of the server's health."""


def judge_version(
    prompt: JudgePrompt, identity: Mapping[str, str], parameters: Parameters, asked: Mapping[str, str] | None = None
) -> str:
    """``sha256:…`` that names a judge: its prompt, what runs it, and how answers are drawn.

    A figure that was measured of one version says nothing of another: the same weights behind another server, at
    another quantisation, in another mode or with another order of the prompt, are another judge.

    Args:
        prompt: its prompt.
        identity: of its engine.
        parameters: how answers are drawn.
        asked: what else belongs to it, see `ways`; nothing for whole answers with the rubric first.
    """
    own = {"prompt": prompt.digest, "engine": dict(identity), "parameters": asdict(parameters)}
    return digest_json({**own, "asked": dict(asked)} if asked else own)


def ways(layout: Layout) -> dict[str, str]:
    """How a layout differs from the usual one, as a part of a judge's version."""
    form = layout.form
    found: dict[str, str] = {} if form.mode == "full" else {"mode": form.mode, "form": form.digest}
    return found if layout.order == "rubric-first" else {**found, "order": layout.order}


def check_prompt(prompt: JudgePrompt, layout: Layout) -> None:
    """Refuse a prompt that is not written for the layout's rubric.

    Raises:
        JudgeError: ``judge.prompt_of_another_rubric``.
    """
    if prompt.rubric_digest != layout.rubric.digest:
        raise JudgeError(
            f"The prompt of {prompt.judge!r} is written for another rubric",
            fix="Write the prompt anew for the rubric as it is now.",
            code="judge.prompt_of_another_rubric",
        )


class Judge:
    """Asks an engine about one subject after the other; may be used from several threads at once.

    The form of its layout says which answer is asked for, a whole one or a short one.

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
        check_prompt(prompt, layout)
        self.prompt = prompt
        self.engine = engine
        self.parameters = parameters or Parameters()
        self.version = judge_version(prompt, engine.identity, self.parameters, ways(layout))
        self.prompt_digest = prompt.digest
        self.parameters_digest = digest_json(asdict(self.parameters))
        self.layout = layout
        self._deadline_s = deadline_s
        self._form = layout.form
        self._arrange = layout.arranged(prompt)

    def asked(self, subject: Subject) -> Asked:
        """The whole prompt for a subject, and how much of it is also that of other prompts.

        Raises:
            JudgeError: ``judge.too_long``.
        """
        return self._arrange(self.layout.of(subject))

    def assess(self, subject: Subject, *, rollout: int = 0, cancel: Cancel | None = None) -> Assessment:
        """Judge one subject; whatever the engine or the subject does, the outcome is an assessment.

        A failing engine, a text that is too long and an answer that cannot be used twice are abstentions, each with
        its reason. No score is made up.

        Args:
            subject: as it came from the worker.
            rollout: differs between calls that no cache may answer alike, as in a retest.
            cancel: ends the call from another thread.
        """
        work = Working(subject, self.version, self._form.mode)
        try:
            laid_out = self.layout.of(subject)
            work.laid_out = laid_out
            return self._asked(work, laid_out, rollout, cancel)
        except EngineError as error:
            return work.abstention(word_for(error), error.message)
        except JudgeError as error:
            return work.abstention(error.stable_code.removeprefix("judge."), error.message)

    def _asked(self, work: Working, laid_out: LaidOut, rollout: int, cancel: Cancel | None) -> Assessment:
        """Ask, and once more with what was wrong."""
        asked = self._arrange(laid_out)
        messages = asked.messages
        problem = Refused("invalid", "")
        for attempt in range(2):
            request = Request(
                messages,
                self.parameters,
                self._form.schema,
                self._deadline_s,
                rollout,
                shared=asked.shared,
                fresh=rollout > 0,
            )
            reply = self.engine.generate(request, cancel)
            work.called(request.prompt_digest, reply)
            read = _cut(reply) or self._form.read(reply.text, laid_out.material)
            if isinstance(read, Answer):
                return work.done(read, repaired=attempt > 0)
            problem = read
            again = Message("user", REPAIR.format(problem=read.problem.rstrip(".")))
            messages = (*messages, Message("assistant", reply.text[:_SHOWN_TO_REPAIR] or "{}"), again)
        return work.abstention(problem.reason, problem.problem)


def _cut(reply: Reply) -> Refused | None:
    if reply.finish == "stop":
        return None
    return Refused("invalid", f"it was cut off after {min(len(reply.text), MAX_TEXT):,} characters; write less")


def word_for(error: EngineError) -> str:
    """The reason of an abstention: what is of one call (`REFUSING`) by its own name, all else ``engine``."""
    code = error.stable_code
    return code.removeprefix("engine.") if code in REFUSING else "engine"
