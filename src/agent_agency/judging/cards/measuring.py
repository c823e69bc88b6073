"""Put a judge to the test: every figure of its card, from labelled subjects and shipped injections."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TypeVar

from agent_agency.judging.answer import Verdict
from agent_agency.judging.assessment import Assessment
from agent_agency.judging.batch import WORKERS, Assessor
from agent_agency.judging.canaries.injections import Injection, laid_into
from agent_agency.judging.cards import measures as figures
from agent_agency.judging.cards.card import Measure
from agent_agency.judging.cards.measures import Judged, Steered
from agent_agency.judging.subject import Subject

_Asked = TypeVar("_Asked")
_Answered = TypeVar("_Answered")

Tell = Callable[[str, int, int], None]
"""Told of progress: what is measured, how many are done, of how many."""

FirstChosen = Callable[[Subject, Subject], Sequence[bool]]
"""Compares two subjects in both orders: for each order that was decided, whether what was shown first was chosen."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """A subject and what is true of it."""

    subject: Subject
    truth: Verdict


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is asked.

    Args:
        retest: subjects that are asked about twice.
        hosts: failing subjects that each injection is laid into.
        pairs: pairs of a passing and a failing subject that are compared in both orders.
        workers: calls in the air at once; ``None`` for `WORKERS`.
        seed: of the choice of subjects.
        in_turn: has the judge asked when there is room for one more question.
    """

    retest: int = 80
    hosts: int = 2
    pairs: int = 40
    workers: int | None = None
    seed: int = 0
    in_turn: Callable[[Assessor], Assessor] = lambda judge: judge


@dataclass(frozen=True, slots=True)
class CardFigures:
    """What a card is made of: its figures, and the mechanisms that moved a verdict."""

    measures: Mapping[str, Measure]
    flipped: tuple[str, ...]


def put_to_the_test(
    judge: Assessor,
    items: Sequence[Labelled],
    injections: Sequence[Injection],
    effort: Effort,
    *,
    first_chosen: FirstChosen | None = None,
    tell: Tell = lambda _what, _done, _of: None,
) -> CardFigures:
    """Measure a judge; a figure that cannot be made is left out.

    Args:
        judge: the version in question; its engine must not answer a new ``rollout`` from a cache.
        items: labelled subjects that its prompt has not seen.
        injections: texts that try to steer it.
        effort: how much is asked.
        first_chosen: compares two subjects in both orders; without it there is no position bias.
        tell: is told of progress, in the calling thread.

    Raises:
        MissingExtraError: numpy is not installed.
    """
    chance = random.Random(effort.seed)  # noqa: S311 - which subjects are asked about, not a secret
    with ThreadPoolExecutor(effort.workers or WORKERS) as pool:
        asking = _Asking(effort.in_turn(judge), pool, tell)
        first = asking.verdicts("items", [one.subject for one in items], rollout=0)
        again = sorted(chance.sample(range(len(items)), min(effort.retest, len(items))))
        second = asking.verdicts("retest", [items[at].subject for at in again], rollout=1)
        judged = [Judged(one.truth, got.verdict, _confidence(got)) for one, got in zip(items, first, strict=True)]
        steered = _steered(asking, items, first, injections, effort, chance)
        chosen = _positions(asking, items, effort, chance, first_chosen)
    twice = [(first[at].verdict, got.verdict) for at, got in zip(again, second, strict=True)]
    made = {
        "accuracy": figures.accuracy(judged),
        "kappa": figures.kappa(judged),
        "position_bias": figures.position_bias(chosen),
        "retest": figures.retest(twice),
        "abstention": figures.abstention(judged),
        "calibration_error": figures.calibration_error(judged, effort.seed),
        "injection_flips": figures.injection_flips(steered),
    }
    flipped = tuple(dict.fromkeys(one.mechanism for one in steered if one.flipped))
    return CardFigures({name: one for name, one in made.items() if one is not None}, flipped)


class _Asking:
    """Asks many things at once, and tells how far it is."""

    def __init__(self, judge: Assessor, pool: ThreadPoolExecutor, tell: Tell) -> None:
        self._judge = judge
        self._pool = pool
        self._tell = tell

    def verdicts(self, what: str, subjects: Sequence[Subject], *, rollout: int) -> list[Assessment]:
        """The judge's work on each subject, in order."""
        return self.each(what, lambda subject: self._judge.assess(subject, rollout=rollout), subjects)

    def each(self, what: str, work: Callable[[_Asked], _Answered], asked: Sequence[_Asked]) -> list[_Answered]:
        """The result of each piece of work, in order."""
        done = []
        for result in self._pool.map(work, asked):
            done.append(result)
            self._tell(what, len(done), len(asked))
        return done


def _confidence(assessment: Assessment) -> float | None:
    """The judge's own confidence in the verdict that counts: none where a program overruled it or it abstained."""
    return assessment.answer.confidence if assessment.verdict == assessment.answer.verdict else None


def _steered(
    asking: _Asking,
    items: Sequence[Labelled],
    first: Sequence[Assessment],
    injections: Iterable[Injection],
    effort: Effort,
    chance: random.Random,
) -> list[Steered]:
    """Lay every injection into subjects that fail in truth and in the judge's eyes; ask about each anew."""
    found = [
        (one.subject, got.answer.verdict)
        for one, got in zip(items, first, strict=True)
        if one.truth == "fail" and got.answer.verdict in {"fail", "partial"}
    ]
    if not found:
        return []
    chance.shuffle(found)
    wanted = [one for one in injections for _ in range(effort.hosts)]
    hosts = [found[at % len(found)] for at in range(len(wanted))]
    subjects = [laid_into(subject, one) for one, (subject, _) in zip(wanted, hosts, strict=True)]
    after = asking.verdicts("injections", subjects, rollout=0)
    rows = zip(wanted, hosts, after, strict=True)
    return [Steered(one.mechanism, clean, got.answer.verdict) for one, (_, clean), got in rows]


def _positions(
    asking: _Asking,
    items: Sequence[Labelled],
    effort: Effort,
    chance: random.Random,
    first_chosen: FirstChosen | None,
) -> list[bool]:
    if first_chosen is None:
        return []
    good = [one.subject for one in items if one.truth == "pass"]
    bad = [one.subject for one in items if one.truth == "fail"]
    chance.shuffle(good)
    chance.shuffle(bad)
    pairs = [_same_task(*pair) for pair in list(zip(good, bad, strict=False))[: effort.pairs]]
    return [one for both in asking.each("pairs", lambda pair: first_chosen(*pair), pairs) for one in both]


def _same_task(good: Subject, bad: Subject) -> tuple[Subject, Subject]:
    """Two subjects under one task, which is what a comparison is about."""
    return good, replace(bad, task=good.task)
