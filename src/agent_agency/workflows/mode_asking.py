"""Ask one judge about many items, and sum up what it took."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent_agency.judging.answer import Verdict
from agent_agency.judging.batch import Bounds, MemoryKeeper, judge_batch

if TYPE_CHECKING:
    from agent_agency.judging.batch import Assessor
    from agent_agency.judging.batch_outcome import Work
    from agent_agency.workflows.judge_items import ItemSet


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens of some calls, as engines count them: of prompts, of these reused, and of answers."""

    calls: int
    prompt: int
    cached: int
    completion: int


@dataclass(frozen=True, slots=True)
class AskedAll:
    """What became of each item, in order; ``seconds`` is the time that all took together."""

    works: tuple[Work, ...]
    seconds: float

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
        return tokens_of(self.works)


def ask_all(
    judge: Assessor,
    items: ItemSet,
    workers: int,
    clock: Callable[[], float],
    told: Callable[[int, int], None] = lambda *_: None,
) -> AskedAll:
    """Ask a judge about all items; nothing is kept."""
    started = clock()
    outcomes = judge_batch(judge, items.records, MemoryKeeper(), Bounds(workers), clock, told)
    return AskedAll(tuple(one.work for one in outcomes), max(0.0, clock() - started))


def tokens_of(works: Iterable[Work]) -> Tokens:
    """The tokens of all calls of some works."""
    calls = [call for one in works for call in (one.assessment or {}).get("calls", ())]
    usages = [call["usage"] for call in calls]
    return Tokens(len(calls), *(_sum(usages, name) for name in ("prompt", "cached", "completion")))


def _sum(usages: Sequence[dict[str, Any]], name: str) -> int:
    return sum(usage[name] or 0 for usage in usages)


def _verdict(work: Work) -> Verdict | None:
    if work.status in {"error", "not_run"} or work.assessment is None:
        return None
    found: Verdict = work.assessment["verdict"]
    return found
