"""What the fields of a ``caws-vnext`` spec must mean together, with the reference's rule ids.

Source: the 19 semantic rules of CAWS 12.0.0. They run only over a spec whose shape is right.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from agent_agency.facts import Finding
from agent_agency.spec.blank_text import is_blank
from agent_agency.spec.document import Document
from agent_agency.spec.finding_collector import FindingCollector

_STRICT, _MIDDLE, _LIGHT = 1, 2, 3
_ENDED = frozenset({"closed", "archived"})


def check_semantics(document: Document) -> tuple[Finding, ...]:
    """Check a spec that ``vnext_shape.check_shape`` found right."""
    found = FindingCollector(document, "spec.semantic")
    spec: Mapping[str, Any] = document.value
    _check_tier(found, spec)
    _check_life(found, spec)
    _check_successors(found, spec)
    _check_exclusions(found, spec)
    _check_evidence(found, spec)
    return found.findings


def _check_tier(found: FindingCollector, spec: Mapping[str, Any]) -> None:
    tier = spec["risk_tier"]
    if spec["mode"] != "chore" and tier in {_STRICT, _MIDDLE} and not spec["contracts"]:
        found.add(
            f"tier{int(tier)}.contracts_required",
            ("contracts",),
            f"A tier {int(tier)} spec needs a contract",
            "Add one to 'contracts' with a name and a type: api, schema, contract-test or behavior.",
        )
    if tier == _STRICT:
        _check_strictest(found, spec)
    if "experimental_mode" in spec and tier != _LIGHT:
        found.add(
            "experimental_mode.tier_restricted",
            ("experimental_mode",),
            "Only a tier 3 spec may have 'experimental_mode', even one that is not enabled",
            "Remove 'experimental_mode'.",
            at_key=True,
        )


def _check_strictest(found: FindingCollector, spec: Mapping[str, Any]) -> None:
    needs = (
        ("observability", ("observability",), spec.get("observability"), "a log, metric, trace or alert"),
        ("rollback", ("rollback",), spec.get("rollback"), "a step that undoes the change"),
        ("security", ("non_functional", "security"), spec["non_functional"].get("security"), "a security requirement"),
    )
    for name, pointer, value, what in needs:
        if not value:
            message = f"A tier 1 spec needs an entry in '{'.'.join(pointer)}'"
            found.add(f"tier1.{name}_required", pointer, message, f"Add {what}.")


def _check_life(found: FindingCollector, spec: Mapping[str, Any]) -> None:
    state = spec["lifecycle_state"]
    if "resolution" in spec and state not in _ENDED:
        found.add(
            "resolution.requires_closure",
            ("resolution",),
            f"A spec that is {state} has a 'resolution'",
            "Remove 'resolution', or set lifecycle_state to closed.",
            at_key=True,
        )
    if "resolution" not in spec and state in _ENDED:
        found.add(
            "closed.resolution_required",
            ("lifecycle_state",),
            f"A spec that is {state} has no 'resolution'",
            "Add 'resolution': completed, superseded or abandoned.",
        )
    if spec.get("supersedes") == spec["id"]:
        found.add(
            "supersedes.self_reference",
            ("supersedes",),
            "The spec supersedes itself",
            "Name the spec that this one replaces, or remove 'supersedes'.",
        )


def _check_successors(found: FindingCollector, spec: Mapping[str, Any]) -> None:
    first: dict[str, int] = {}
    for index, successor in enumerate(spec.get("successors", ())):
        at = ("successors", index)
        target = successor["target_spec_id"]
        _check_rationale(found, at, successor)
        _check_absorption(found, at, successor, spec["id"])
        if target == spec["id"]:
            found.add(
                "successor.self_reference",
                (*at, "target_spec_id"),
                "The spec names itself as its successor",
                "Name another spec, or remove the entry.",
            )
        if target in first:
            found.add(
                "successor.duplicate_target",
                (*at, "target_spec_id"),
                f"The successor {target} is declared twice, first as entry {first[target]}",
                "Merge the two entries.",
            )
        first.setdefault(target, index)


def _check_rationale(found: FindingCollector, at: tuple[str | int, ...], successor: Mapping[str, Any]) -> None:
    rationale = successor.get("rationale")
    target = successor["target_spec_id"]
    blank = rationale is not None and is_blank(rationale)
    if successor["disposition"] == "declined" and (rationale is None or blank):
        found.add(
            "successor.declined_rationale_required",
            (*at, "rationale"),
            f"The successor {target} is declined without a reason",
            "Say in 'rationale' why no successor is needed.",
        )
    if blank:
        found.add(
            "successor.rationale_empty",
            (*at, "rationale"),
            f"The rationale for the successor {target} is blank",
            "Write the reason, or remove 'rationale'.",
        )


def _check_absorption(
    found: FindingCollector, at: tuple[str | int, ...], successor: Mapping[str, Any], own_id: str
) -> None:
    absorbed_by = successor.get("absorbed_by")
    target = successor["target_spec_id"]
    if successor["disposition"] == "absorbed" and absorbed_by is None:
        found.add(
            "successor.absorbed_by_required",
            (*at, "absorbed_by"),
            f"The successor {target} is absorbed, but by which spec is not said",
            "Name in 'absorbed_by' the spec that took the work on.",
        )
    if absorbed_by is not None and absorbed_by == own_id:
        found.add(
            "successor.absorbed_by_self_reference",
            (*at, "absorbed_by"),
            "The spec absorbs its own successor",
            "Name the spec that took the work on.",
        )
    if absorbed_by is not None and absorbed_by == target:
        found.add(
            "successor.absorbed_by_equals_target",
            (*at, "absorbed_by"),
            f"The successor {target} is absorbed by itself",
            "Set disposition to required, or name the other spec that took the work on.",
        )


def _check_exclusions(found: FindingCollector, spec: Mapping[str, Any]) -> None:
    """An exclusion may not lie above an admitted entry; equal entries are another matter and pass here."""
    scope = spec["scope"]
    outside: dict[str, tuple[int, str]] = {}
    for index, entry in enumerate(scope.get("out", ())):
        outside.setdefault(_without_slash(entry), (index, entry))
    lengths = sorted({len(entry) for entry in outside})
    for surface in ("in", "support"):
        for entry in scope.get(surface, ()) if outside else ():
            for index, above in _above(_without_slash(entry), outside, lengths):
                found.add(
                    "scope.overbroad_out",
                    ("scope", "out", index),
                    f"The exclusion '{above}' lies above '{entry}' in scope.{surface}, which could never be edited",
                    "Narrow the exclusion, or remove it.",
                )


def _above(entry: str, outside: Mapping[str, tuple[int, str]], lengths: Iterable[int]) -> Iterable[tuple[int, str]]:
    for length in lengths:
        if length >= len(entry):
            return
        if entry[length] == "/" and entry[:length] in outside:
            yield outside[entry[:length]]


def _without_slash(entry: str) -> str:
    return entry[:-1] if len(entry) > 1 and entry.endswith("/") else entry


def _check_evidence(found: FindingCollector, spec: Mapping[str, Any]) -> None:
    known = {criterion["id"] for criterion in spec["acceptance"]}
    for index, entry in enumerate(spec.get("evidence", ())):
        at = ("evidence", index)
        if entry["criterion_id"] not in known:
            found.add(
                "evidence.criterion_id_unknown",
                (*at, "criterion_id"),
                f"There is no criterion {entry['criterion_id']} in 'acceptance'",
                _known_criteria(entry["criterion_id"], known),
            )
        if entry["status"] == "waived" and is_blank(entry.get("waiver_reason", "")):
            found.add(
                "evidence.waiver_reason_required",
                (*at, "waiver_reason"),
                f"The criterion {entry['criterion_id']} is waived without a reason",
                "Say in 'waiver_reason' why, or give another status.",
            )


def _known_criteria(word: str, known: Iterable[str]) -> str:
    from agent_agency.spec.near_miss import did_you_mean

    near = did_you_mean(word, sorted(known))
    hint = f"Did you mean '{near}'? " if near else ""
    shown = 12
    names = sorted(known, key=lambda name: (len(name), name))
    more = ", …" if len(names) > shown else ""
    return f"{hint}Declared are: {', '.join(names[:shown])}{more}."
