"""The constitution: 500 rules over facts in hand, compiling the defaults in a cold process, checking when loaded.

Budgets: shared design, table "Budgets": 500 rules over facts in hand in at most 10 ms at the 95th percentile. The 500
are the default rules ten times over, under other ids and with conditions that differ, so that nothing but ``applies``
is shared; the facts are those of a change of 25 files under 8 gates.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

from agent_agency.arbitration.constitution.default_rules import default_constitution, default_rules
from agent_agency.arbitration.constitution.evaluate import Evaluation
from agent_agency.arbitration.constitution.facts_schema import FactType, lists, records
from agent_agency.arbitration.constitution.model import Constitution
from agent_agency.arbitration.constitution.overlay import constitution_of
from agent_agency.arbitration.constitution.serialise import make_constitution
from benchmarks.figures import Figure, figure_of, milliseconds

RULES = 500
FILES = 25
MANY_FILES = 5_000
GATES = (
    "tests",
    "law",
    "budget_limit",
    "scope_boundary",
    "spec_completeness",
    "secrets",
    "tampering",
    "todo_detection",
)
DAY = date(2026, 6, 1)
_VALUES: dict[FactType, Any] = {
    FactType.BOOL: True,
    FactType.INT: 1,
    FactType.DOUBLE: 0.5,
    FactType.TEXT: "a",
    FactType.TEXTS: [],
}
_COLD = """
import time
started = time.perf_counter()
from datetime import date
from agent_agency.arbitration.constitution.default_rules import default_constitution
from agent_agency.arbitration.constitution.evaluate import evaluate
evaluate(default_constitution(), {}, date(2026, 6, 1))
print((time.perf_counter() - started) * 1000)
"""
_OWN = """
[[rule]]
id = "our.rule{number}"
version = 1
title = "A rule"
category = "process"
severity = "major"
waivable = false
condition = "change.files < {most} || spec.tier > 1"
message = "{{change.files}} files"
remedy = "Split it."
source = "the benchmark"
"""


def measure() -> Iterator[Figure]:
    """Measure evaluation first, then what a process pays before it."""
    yield from _evaluation()
    yield from _long_lists()
    cold = [float(_run_cold()) for _ in range(9)]
    yield figure_of("defaults read, compiled and asked, cold process, imports included", "ms", cold, budget=300)
    own = "".join(_OWN.format(number=number, most=number + 5) for number in range(100)).encode()

    def load() -> None:
        if not isinstance(constitution_of({".agency/rules/ours.toml": own}), Constitution):
            raise TypeError("the benchmark's rules are refused")

    yield figure_of("100 own rules checked and laid over the defaults", "ms", milliseconds(load, repeat=5))


def _long_lists() -> Iterator[Figure]:
    """A change of many files: the defaults, and conditions of a repository's own that go through all of them."""
    facts = _facts(MANY_FILES)
    yield _once_over("defaults", default_constitution(), facts)
    for condition in ("files.exists(f, f.migration)", "files.filter(f, f.migration).size() == 0"):
        rules = make_constitution([replace(default_rules()[0], each="", applies="true", condition=condition)])
        yield _once_over(condition, rules, facts)


def _once_over(name: str, rules: Constitution, facts: dict[str, Any]) -> Figure:
    times = milliseconds(lambda: Evaluation(rules).outcomes(facts, DAY), repeat=7)
    return figure_of(f"{name} over {MANY_FILES:,} files, compiled anew", "ms", times)


def _evaluation() -> Iterator[Figure]:
    facts = _facts()
    defaults = default_rules()
    many = [
        replace(rule, id=f"{rule.id}.n{number}", condition=f"{rule.condition} // {number}")
        for number in range(RULES // len(defaults) + 1)
        for rule in defaults
    ][:RULES]
    for name, rules, budget in (("500 rules", make_constitution(many), 10), ("defaults", default_constitution(), None)):
        evaluation = Evaluation(rules)
        times = milliseconds(lambda held=evaluation: held.outcomes(facts, DAY), repeat=200, warm_up=5)  # type: ignore[misc]
        ordered = sorted(times)
        high = ordered[int(len(ordered) * 0.95)]
        yield Figure(f"{name} over facts in hand, P95", "ms", high, ordered[0], ordered[-1], len(times), budget)


def _facts(files: int = FILES) -> dict[str, Any]:
    def members(name: str) -> dict[str, Any]:
        return {fact.name: _VALUES[fact.type] for fact in {**records(), **lists()}[name]}

    facts: dict[str, Any] = {name: members(name) for name in records()}
    facts["spec"] |= {"tier": 2, "mode": "feature", "lifecycle": "active"}
    gate = {**members("gates"), "kind": "builtin", "status": "pass", "mode": "block", "violations": 0, "firm": 0}
    facts["gates"] = [
        {**gate, "name": name, "kind": "builtin" if number else "tests"} for number, name in enumerate(GATES)
    ]
    file = {**members("files"), "status": "modified", "migration": False, "dependency": False, "pipeline": False}
    facts["files"] = [{**file, "path": f"src/module{number}.py"} for number in range(files)]
    facts["authors"] = [{**members("authors"), "approved_own": False}]
    return facts | {name: [] for name in lists() if name not in facts}


def _run_cold() -> str:
    return subprocess.run([sys.executable, "-c", _COLD], capture_output=True, check=True, text=True).stdout
