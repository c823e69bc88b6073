"""Changes to small programs with a bug: how many the arbiter judges wrong, and what stopped the bad ones.

The table of all verdicts goes to ``benchmarks/results/programs/verdicts.json``. Budget: no bad change is approved
(issue, section "Proof").
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import perf_counter

from benchmarks.figures import Figure
from benchmarks.programs.corpus import Kind, load
from benchmarks.programs.judging import Judged, judge_all, require_failing_bases

VERDICTS = Path(__file__).resolve().parent / "results" / "programs" / "verdicts.json"


def measure() -> Iterator[Figure]:
    """Judge the whole corpus.

    Raises:
        RuntimeError: when the corpus is not what it says: a program without a failing test, or a bad change that its
            own tests stop already.
    """
    programs = load()
    require_failing_bases(programs)
    started = perf_counter()
    judged = list(judge_all(programs))
    took = perf_counter() - started
    _require_fooled(judged)
    VERDICTS.parent.mkdir(parents=True, exist_ok=True)
    VERDICTS.write_text(json.dumps([item.as_dict() for item in judged], indent=1) + "\n", "utf-8")
    yield from _figures(judged)
    each = 1000 * took / len(judged)
    yield Figure("time for each change, several side by side", "ms", each, each, each, 1)


def _require_fooled(judged: Sequence[Judged]) -> None:
    """A weakened or special-cased change whose own tests fail is no attempt at all."""
    honest = [item.name for item in judged if item.kind in {Kind.WEAKENED, Kind.SPECIAL} and not item.own_tests_pass]
    if honest:
        raise RuntimeError(f"stopped by their own tests: {', '.join(honest)}")


def _figures(judged: Sequence[Judged]) -> Iterator[Figure]:
    good = [item for item in judged if item.kind.good]
    bad = [item for item in judged if not item.kind.good]
    special = [item for item in judged if item.kind is Kind.SPECIAL]
    yield _count("programs", len({item.program for item in judged}))
    yield _count("good changes", len(good))
    yield _count("good changes not approved", sum(item.falsely_rejected for item in good))
    yield _count("bad changes", len(bad))
    yield _count("bad changes that their own tests let pass", sum(item.own_tests_pass for item in bad))
    yield _count("bad changes approved", sum(item.falsely_approved for item in bad), budget=0)
    yield _count("special-cased changes", len(special))
    yield _count("special-cased changes stopped by withheld tests alone", sum(item.only_withheld for item in special))


def _count(name: str, number: int, budget: float | None = None) -> Figure:
    return Figure(name, "", number, number, number, 1, budget=budget)
