from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from agent_agency.facts import GateMode, GateResult, GateStatus, Severity
from agent_agency.gates.god_object import count_lines, evaluate
from agent_agency.spec.model import PolicyGate
from support.gate_context import context, copied, end, modified, policy, renamed, rules


def lines(number: int) -> bytes:
    return b"x = 1\n" * number


def run(path: str, now: int, before: int, thresholds: dict[str, Any] | None = None, **more: Any) -> GateResult:
    file = modified(path, max(now - before, 0), max(before - now, 0))
    file = replace(file, new=end(path, size=6 * now), **more)
    law = policy({"god_object": PolicyGate("block", enabled=True, thresholds=thresholds or {})})
    built = context(file, policy=law, read_head={path: lines(now)}.get, read_base={path: lines(before)}.get)
    return evaluate(built, GateMode.BLOCK)


@pytest.mark.parametrize(
    ("path", "now", "before", "expected"),
    [
        ("src/a.py", 1749, 10, []),
        ("src/a.py", 1750, 10, ["god_object.nearly_too_long"]),
        ("src/a.py", 1999, 10, ["god_object.nearly_too_long"]),
        ("src/a.py", 2000, 1999, ["god_object.too_long"]),
        ("src/a.py", 3000, 2999, ["god_object.too_long"]),
        ("src/a.py", 3000, 3000, ["god_object.was_long"]),
        ("src/a.py", 2999, 3000, ["god_object.was_long"]),
        ("tests/a.py", 3499, 10, []),
        ("src/test_a.py", 3999, 10, ["god_object.nearly_too_long"]),
        ("web/a.spec.ts", 4000, 10, ["god_object.too_long"]),
        ("data/a.json", 90_000, 10, []),
        ("package-lock.json", 90_000, 10, []),
    ],
)
def test_a_source_file_that_grew_to_the_limit_fails_and_one_that_was_long_is_advice(
    path: str, now: int, before: int, expected: list[str]
) -> None:
    result = run(path, now, before)
    assert rules(result.findings) == expected
    assert (result.status is GateStatus.FAIL) == (expected == ["god_object.too_long"])


def test_the_policy_sets_the_limits() -> None:
    result = run("src/a.py", 60, 10, {"warning": 40, "critical": 50})
    assert result.status is GateStatus.FAIL
    assert "60 lines, 50 more than before; the limit is 50" in result.findings[0].message


def test_a_critical_limit_below_the_warning_one_holds_all_the_same() -> None:
    assert run("src/a.py", 60, 10, {"critical": 50}).status is GateStatus.FAIL


@pytest.mark.parametrize("value", ["soon", 0, -1, 2.5, True, None])
def test_a_limit_that_is_no_number_of_lines_leaves_the_default_and_is_told(value: object) -> None:
    result = run("src/a.py", 2000, 10, {"critical": value})
    assert rules(result.findings) == ["god_object.too_long", "god_object.threshold_not_applied"]


def test_an_unknown_threshold_is_told_and_changes_nothing() -> None:
    result = run("src/a.py", 10, 5, {"max_methods": 3})
    assert (result.status, rules(result.findings)) == (GateStatus.PASS, ["god_object.threshold_not_applied"])
    assert result.findings[0].severity is Severity.ADVICE


def test_a_generated_file_is_left_alone() -> None:
    assert run("src/a.py", 9000, 10, generated=True).findings == ()


def test_a_long_file_that_only_moved_did_not_grow_and_a_copy_of_it_did() -> None:
    sources = {"src/b.py": lines(3000)}
    for file, status in ((renamed("src/a.py", "src/b.py"), "pass"), (copied("src/a.py", "src/b.py"), "fail")):
        long = replace(file, new=end("src/b.py", size=18_000))
        built = context(long, read_head=sources.get, read_base={"src/a.py": lines(3000)}.get)
        assert evaluate(built, GateMode.BLOCK).status == status


def test_a_file_that_cannot_be_read_is_named_and_the_gate_does_not_pass() -> None:
    file = replace(modified("src/a.py"), new=end("src/a.py", size=50_000))
    result = evaluate(context(file, read_head=lambda _path: None), GateMode.BLOCK)
    assert (result.status, result.reason) == (GateStatus.NOT_RUN, "src/a.py could not be read at the head")


@pytest.mark.parametrize(("data", "number"), [(b"", 0), (b"a", 1), (b"a\n", 1), (b"a\nb", 2), (b"\n\n", 2)])
def test_lines_are_counted_as_git_counts_them(data: bytes, number: int) -> None:
    assert count_lines(data) == number
