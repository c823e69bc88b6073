"""The judges of a review: the active prompt, the user's engine, and the card of just that version.

They are asked for whole answers only: what a gate reports must quote the change. Before the first of them is asked it
is decided for all in which order, and seen to that each fits its engine: one that does not is refused, and nothing is
sent for it.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent_agency.canonical_json import canonical_json
from agent_agency.clock import Clock
from agent_agency.errors import AgencyError, JudgeError
from agent_agency.inference.priming import PrimingEngine
from agent_agency.judging.cards.standing import shortfalls
from agent_agency.judging.judge import Judge
from agent_agency.judging.room import refuse_no_room
from agent_agency.workflows.active_prompt import active_prompt
from agent_agency.workflows.judge_card import cards_on_record
from agent_agency.workflows.judge_gates import Opinion, Sitting
from agent_agency.workflows.judge_order import choose_orders, in_orders
from agent_agency.workflows.judge_serving import Served, serve
from agent_agency.workflows.learning_store import open_learning_store
from agent_agency.workflows.optimise_judge import final_answer

if TYPE_CHECKING:
    from agent_agency.attestation.keys import PublicKey
    from agent_agency.inference.call_cache import CallCache
    from agent_agency.inference.protocol import Engine, Parameters
    from agent_agency.judging.assessment import Assessment
    from agent_agency.judging.subject import Subject
    from agent_agency.store.database import Database

_SECRET_BYTES = 32
NO_CARD = "this version has no judge card on record"


@dataclass(frozen=True, slots=True)
class Bench:
    """What judges need from outside.

    Args:
        folder: where the command runs; the learning store is found from it.
        environment: the process's variables.
        engine: opens the engine and tells how its answers are drawn; asked once, when the first judge is.
        own: this user's own arbiter keys.
        clock: the time of an evaluation.
        secret: the source of the fences' secret.
        cache: kept answers; ``None`` asks anew.
    """

    folder: Path
    environment: Mapping[str, str]
    engine: Callable[[], tuple[Engine, Parameters]]
    own: Callable[[], Collection[PublicKey]]
    clock: Clock
    secret: Callable[[int], bytes] = os.urandom
    cache: CallCache | None = None


@dataclass(frozen=True, slots=True)
class _Opened:
    """The engine as the judges ask it; ``keeps`` tells whether it computes what prompts share only once."""

    served: Served
    parameters: Parameters
    keeps: bool


class JudgeDesk:
    """Asks the judges of one review, one after the other, each with the prompt that is active now."""

    def __init__(self, bench: Bench, sitting: Sitting) -> None:
        self._bench = bench
        self._sitting = sitting
        self._secret = bench.secret(_SECRET_BYTES)
        self._opened: _Opened | None = None
        self._judges: dict[str, Judge] = {}
        self._refused: dict[str, AgencyError] = {}

    def __call__(self, judge: str, subject: Subject) -> Opinion:
        """Ask one judge.

        Raises:
            AgencyError: no engine is set up, its context is too short for the rubric, the prompt cannot be read, or
                the record cannot be kept.
        """
        served = self._open().served
        asked = self._asked(judge, subject)
        before = served.prefill
        assessment = asked.assess(subject)
        prefill = served.prefill
        self._keep(asked, assessment)
        standing = self._standing(asked.version)
        return Opinion(
            answer=final_answer(assessment),
            version=asked.version,
            engine=asked.engine.name,
            language_model=asked.engine.capabilities().language_model,
            card_passes=not standing,
            card=standing or "its card passes",
            evidence=self._sitting.record.evidence.put(canonical_json(_document(asked, assessment))),
            problem=assessment.problem,
            prompt_tokens=prefill.asked - before.asked,
            computed_tokens=prefill.computed - before.computed,
            kept=bool(assessment.calls) and all(one.cache_hit for one in assessment.calls),
        )

    def _keep(self, judge: Judge, assessment: Assessment) -> None:
        """Record the answer as an evaluation, from which the trends of judges are told."""
        from agent_agency.workflows.evaluation_records import Of, evaluation_of, save_evaluations

        of = Of(run=f"review-{subject_digits(assessment.subject_digest)}")
        save_evaluations(self._store(), [evaluation_of(judge, assessment, self._bench.clock.now(), of)])

    def _store(self) -> Database:
        return open_learning_store(self._bench.folder, self._bench.environment)

    def may_block(self, judge: str) -> bool:
        """Whether the version that would answer has a passing card.

        A server that is down tells no version. Then any version's passing card counts: a judge that blocks must not
        become an adviser because somebody stopped its server. Where the record cannot be read, no card is known.
        """
        try:
            found = self._judges.get(judge)
            versions = [one.version for one in ((found,) if found else self._in_orders(judge))]
        except AgencyError:
            versions = []
        try:
            return any(not self._standing(one) for one in versions) if versions else self._any_passes(judge)
        except AgencyError:
            return False

    def _any_passes(self, judge: str) -> bool:
        cards = cards_on_record(self._sitting.record, self._sitting.principals, self._bench.own())
        return any(one.judge == judge and not shortfalls(one) for one in cards)

    def _asked(self, name: str, subject: Subject) -> Judge:
        """The judge, in the order that was decided on before any was asked.

        Raises:
            AgencyError: it cannot be asked.
        """
        if name not in self._judges and name not in self._refused:
            self._prepare({*self._sitting.judges, name}, subject)
        if name in self._refused:
            raise self._refused[name]
        return self._judges[name]

    def _prepare(self, names: Collection[str], subject: Subject) -> None:
        """Make the judges, choose their orders, and refuse those whose rubric leaves no room in the engine's context.

        What keeps one judge from being asked keeps no other one from it.

        Raises:
            EngineError: the engine cannot be asked.
        """
        opened, found = self._open(), dict[str, tuple[Judge, ...]]()
        for name in sorted(names):
            try:
                found[name] = self._in_orders(name)
            except AgencyError as error:
                self._refused[name] = error
        try:
            chosen = choose_orders(found, subject, lambda one: not self._standing(one.version))
        except JudgeError:  # the subject is too long: each judge says so
            chosen = {name: orders[0] for name, orders in found.items()}
        for name, judge in chosen.items():
            self._judges[name] = judge
            try:
                refuse_no_room(judge.prompt, judge.layout, judge.engine, opened.parameters)
            except AgencyError as error:
                self._refused[name] = error

    def _open(self) -> _Opened:
        if self._opened is None:
            engine, parameters = self._bench.engine()
            keeps = isinstance(engine, PrimingEngine)
            self._opened = _Opened(serve(engine, "review", self._bench.cache), parameters, keeps)
        return self._opened

    def _in_orders(self, name: str) -> tuple[Judge, ...]:
        opened = self._open()
        prompt = active_prompt(self._store(), name)
        shares = opened.keeps and len(self._sitting.judges) > 1
        engine, names = opened.served.engine, self._sitting.names
        return in_orders(prompt, engine, opened.parameters, self._secret, names, shares=shares)

    def _standing(self, version: str) -> str:
        """Why this version may not block; empty where it may."""
        cards = cards_on_record(self._sitting.record, self._sitting.principals, self._bench.own(), version)
        if not cards:
            return NO_CARD
        return "; ".join(shortfalls(cards[-1]))


def subject_digits(digest: str) -> str:
    """The beginning of a digest's digits, enough to tell runs apart."""
    return digest.partition(":")[2][:16]


def _document(judge: Judge, assessment: Assessment) -> dict[str, Any]:
    """What was asked and answered, as evidence."""
    answer = assessment.answer
    return {
        "judge": judge.prompt.judge,
        "version": assessment.judge_version,
        "prompt": judge.prompt.digest,
        "engine": judge.engine.name,
        "identity": dict(judge.engine.identity),
        "parameters": dataclasses.asdict(judge.parameters),
        "subject": assessment.subject_digest,
        "verdict": assessment.verdict,
        "answer": {
            "verdict": answer.verdict,
            "score": answer.score,
            "confidence": answer.confidence,
            "reasoning": answer.reasoning,
            "evidence": list(answer.evidence),
            "suggestions": list(answer.suggestions),
            "abstained_because": answer.abstained_because,
        },
        "counted": [dataclasses.asdict(one) for one in assessment.counted],
        "calls": [_call(one) for one in assessment.calls],
        "repaired": assessment.repaired,
        "problem": assessment.problem,
    }


def _call(call: Any) -> dict[str, Any]:
    """A call without what differs between reviews whose answer is the same.

    That is the prompt's digest, for the fence in it, and what of the work was there already.
    """
    return {
        "model": call.model,
        "model_digest": call.model_digest,
        "tokens": {"in": call.usage.prompt, "out": call.usage.completion},
    }
