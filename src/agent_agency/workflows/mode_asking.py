"""Ask one judge about many items, and sum up what it took."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from agent_agency.judging.answer import Verdict
from agent_agency.judging.batch import Bounds, MemoryKeeper, judge_batch

if TYPE_CHECKING:
    from agent_agency.judging.batch import Assessor
    from agent_agency.judging.batch_outcome import Work
    from agent_agency.workflows.judge_items import ItemSet


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens of some calls, as engines count them.

    Args:
        calls: that an engine answered; ``kept`` are those that it had not to, as the answer was there or on its way,
            and their tokens are in none of the others.
        prompt: of prompts, as if each had been computed whole.
        cached: of these, what the engine had already.
        completion: of answers.
        kept: see ``calls``.
        primed: computed ahead, for prefixes that prompts share.
    """

    calls: int
    prompt: int
    cached: int
    completion: int
    kept: int = 0
    primed: int = 0

    @property
    def computed(self) -> int:
        """Tokens of prompts that were computed in the end, prefixes ahead included."""
        return self.prompt - self.cached + self.primed

    @property
    def saved(self) -> int:
        """Tokens of prompts that had not to be; negative where prefixes were computed ahead for nothing."""
        return self.prompt - self.computed

    def as_dict(self) -> dict[str, int]:
        """JSON-ready."""
        return {**asdict(self), "computed": self.computed, "saved": self.saved}


NO_TOKENS = Tokens(0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class AskedAll:
    """What became of each item, in order.

    ``seconds`` is the time that all took together, ``primed`` the tokens that were computed ahead.
    """

    works: tuple[Work, ...]
    seconds: float
    primed: int = 0

    @property
    def verdicts(self) -> tuple[Verdict | None, ...]:
        """Each verdict, counting included; ``None`` where the engine gave no answer."""
        return tuple(_verdict(one) for one in self.works)

    @property
    def problem(self) -> str:
        """Why the first that was not answered was not; empty where all were."""
        return next((one.problem for one in self.works if _verdict(one) is None), "")

    @property
    def tokens(self) -> Tokens:
        """Of all calls."""
        return tokens_of(self.works, self.primed)


def ask_all(
    judge: Assessor,
    items: ItemSet,
    workers: int,
    clock: Callable[[], float],
    told: Callable[[int, int], None] = lambda *_: None,
    primed: Callable[[], int] = lambda: 0,
) -> AskedAll:
    """Ask a judge about all items; nothing is kept.

    Args:
        judge: what judges.
        items: what it is asked about.
        workers: calls at once.
        clock: seconds that only go forward.
        told: called with how many are done, and of how many.
        primed: tokens that were computed ahead so far.
    """
    started, ahead = clock(), primed()
    outcomes = judge_batch(judge, items.records, MemoryKeeper(), Bounds(workers), clock, told)
    return AskedAll(tuple(one.work for one in outcomes), max(0.0, clock() - started), primed() - ahead)


def tokens_of(works: Iterable[Work], primed: int = 0) -> Tokens:
    """The tokens of all calls of some works.

    Args:
        works: what was asked.
        primed: tokens that were computed ahead for them.
    """
    calls = [call for one in works for call in (one.assessment or {}).get("calls", ())]
    usages = [call["usage"] for call in calls if not call["cache_hit"]]
    cached = sum(min(one["cached"] or 0, one["prompt"] or 0) for one in usages)
    prompt, completion = (sum(one[name] or 0 for one in usages) for name in ("prompt", "completion"))
    return Tokens(len(usages), prompt, cached, completion, len(calls) - len(usages), primed)


def _verdict(work: Work) -> Verdict | None:
    if work.status in {"error", "not_run"} or work.assessment is None:
        return None
    found: Verdict = work.assessment["verdict"]
    return found
