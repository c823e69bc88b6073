"""The outcome of judging a tool's report, and the parts that every kind's outcome is put together from."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from agent_agency.facts import Finding, GateStatus, Place, Severity, display_path
from agent_agency.gate_settings import STANDARD_THRESHOLDS, ConfiguredGate

SHOWN = 20
LONGEST_MESSAGE = 300


@dataclass(frozen=True, slots=True)
class ToolVerdict:
    """The judged outcome of one tool: ``figures`` are JSON-ready numbers."""

    status: GateStatus
    reason: str
    findings: tuple[Finding, ...] = ()
    figures: Mapping[str, Any] | None = None


def gate_finding(
    gate: ConfiguredGate,
    rule: str,
    severity: Severity,
    message: str,
    remedy: str,
    *,
    place: Place | None = None,
    subject: str = "",
) -> Finding:
    """A finding of one gate; its rule is ``gate.NAME.RULE``."""
    return Finding(f"gate.{gate.name}.{rule}", severity, message, remedy, place or Place(), subject=subject)


def see(gate: ConfiguredGate) -> str:
    """The sentence that tells how to see for oneself what the gate saw."""
    return f"See it with: {shlex.join(gate.command)}"


def first_line(message: str) -> str:
    """The first line of what a tool says, cut, with nothing in it that a terminal would act upon."""
    lines: Sequence[str] = message.strip().splitlines()
    text = lines[0][:LONGEST_MESSAGE] if lines else "no message"
    return text if text.isprintable() else "".join(char if char.isprintable() else "?" for char in text)


def ranges(lines: Iterable[int], most: int = 10) -> str:
    """Line numbers as people write them, ``3-5, 9``; no more than ``most`` ranges are named."""
    found: list[list[int]] = []
    for line in sorted(lines):
        if found and line == found[-1][1] + 1:
            found[-1][1] = line
        else:
            found.append([line, line])
    shown = ", ".join(f"{first}" if first == last else f"{first}-{last}" for first, last in found[:most])
    return shown if len(found) <= most else f"{shown} and {len(found) - most:,} more ranges"


def at(path: str, lines: Iterable[int]) -> str:
    """A file and lines in it as ``path:3-5, 9``."""
    return f"{display_path(path)}:{ranges(lines)}"


def counted(number: int, one: str, many: str = "") -> str:
    """A number with its noun: ``1 test``, ``3 tests``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def left_over(shown: int, total: int) -> str:
    """What to add to a list that was cut; empty when it was not."""
    return f" and {total - shown:,} more" if total > shown else ""


def softened(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The same findings as advice: what the change did not cause."""
    return tuple(replace(found, severity=Severity.ADVICE) for found in findings)


def with_more(
    verdict: ToolVerdict, figures: Mapping[str, Any], told: str = "", findings: Iterable[Finding] = ()
) -> ToolVerdict:
    """A verdict with further figures, words and findings; its status stays."""
    return replace(
        verdict,
        reason=verdict.reason + told,
        findings=(*verdict.findings, *findings),
        figures={**(verdict.figures or {}), **figures},
    )


def eased(verdict: ToolVerdict, figures: Mapping[str, Any], told: str) -> ToolVerdict:
    """A failed verdict that a ratchet lets pass: the change made nothing worse, and what was found becomes advice.

    The figure ``eased`` marks it.
    """
    passed = replace(verdict, status=GateStatus.PASS, findings=softened(verdict.findings))
    return with_more(passed, {**figures, "eased": True}, told)


def threshold_of(gate: ConfiguredGate, tier: int) -> float:
    """A gate's threshold at a tier, or the standard's for its kind."""
    return gate.threshold.get(tier, STANDARD_THRESHOLDS.get(gate.kind, {}).get(tier, 0))


def percent(part: int, whole: int) -> float:
    """A share from 0 to 100."""
    return 100 * part / whole


def shown_percent(share: float, least: float) -> float:
    """A share fit for reading: two digits, and never rounded up to a threshold that it does not reach."""
    import math

    rounded = round(share, 2)
    return math.floor(share * 100) / 100 if rounded >= least > share else rounded
