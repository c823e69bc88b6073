"""The checks that the reference's hand-written validators of 4.0.0 and 10.2.0 have in common.

Source: ``packages/caws-cli/src/validation/spec-validation.js`` of Paths-Design/coding-agent-working-standard at the two
tags, read for its behaviour. Both decide with JavaScript's loose comparisons, and so does this module: an empty mapping
counts as present, text counts as a list, and a risk tier that is no number is never out of range.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from agent_agency.spec import javascript_values as js
from agent_agency.spec.finding_collector import FindingCollector
from agent_agency.spec.model import Profile, Scope, Spec

REQUIRED = (
    "id",
    "title",
    "risk_tier",
    "mode",
    "blast_radius",
    "operational_rollback_slo",
    "scope",
    "invariants",
    "acceptance",
    "non_functional",
    "contracts",
)
STRICTEST_TIER = 1
LOWEST_TIER = 3
_WAIVER_ID = re.compile(r"WV-[0-9]{4}\Z")


@dataclass(frozen=True, slots=True)
class ReferenceCli:
    """What tells the two validators apart here: the grammar of an id, and its form in words."""

    name: str
    id_pattern: re.Pattern[str]
    id_form: str


def check_presence(found: FindingCollector, root: Any) -> None:
    """Every required field must be there and not count as false."""
    for field in REQUIRED:
        if not js.is_true(js.member(root, field)):
            found.add(
                "required_field",
                (field,),
                f"The required field '{field}' is missing or empty",
                f"Add '{field}' with a value.",
            )


def check_id(found: FindingCollector, cli: ReferenceCli, root: Any) -> None:
    """An id, read as text, must follow the grammar."""
    identifier = js.member(root, "id")
    if js.is_true(identifier) and not cli.id_pattern.match(js.to_text(identifier)):
        found.add(
            "id.format",
            ("id",),
            f"The id '{js.to_text(identifier)}' does not have the form {cli.id_form}",
            f"Write the id as {cli.id_form}, for example FEAT-0042.",
        )


def check_tier_range(found: FindingCollector, root: Any) -> None:
    """A tier that reads as a number below 1 or above 3 is refused; anything else is not looked at."""
    tier = js.member(root, "risk_tier")
    if tier is not js.UNDEFINED and js.is_outside(tier, STRICTEST_TIER, LOWEST_TIER):
        found.add(
            "risk_tier.out_of_range",
            ("risk_tier",),
            f"The risk tier {js.to_text(tier)} is not between 1 and 3",
            "Write 1 (critical), 2 (standard) or 3 (low risk).",
        )


def check_scope_in(found: FindingCollector, root: Any) -> None:
    """``scope.in`` must be there and not be empty; text counts as a list."""
    scope = js.member(root, "scope")
    inside = js.member(scope, "in") if js.is_true(scope) else js.UNDEFINED
    if not js.is_true(inside) or js.is_empty(inside):
        found.add(
            "scope.in_empty",
            ("scope", "in"),
            "The scope admits no path: 'scope.in' is missing or empty",
            "List under 'scope.in' the files and folders that this change may touch.",
        )


def advise_on_lists(found: FindingCollector, root: Any) -> None:
    """Missing invariants and criteria are only a warning in the reference."""
    for field, what in (("invariants", "invariant"), ("acceptance", "acceptance criterion")):
        value = js.member(root, field)
        if not js.is_true(value) or js.is_empty(value):
            found.advise(f"{field}.empty", (field,), f"The spec names no {what}", f"Add at least one {what}.")


def check_tier_duties(found: FindingCollector, root: Any) -> None:
    """Tiers 1 and 2 owe contracts; tier 1 also observability, rollback and security."""
    tier = js.member(root, "risk_tier")
    if js.is_one_of(tier, 1, 2) and _owed(js.member(root, "contracts")):
        found.add(
            "contracts.required",
            ("contracts",),
            f"A change of tier {js.to_text(tier)} needs at least one contract",
            "Add a contract with its type and path, or lower the risk if that is true.",
        )
    if js.is_one_of(tier, 1):
        _check_tier_1(found, root)


def _check_tier_1(found: FindingCollector, root: Any) -> None:
    if not js.is_true(js.member(root, "observability")):
        found.add(
            "observability.required",
            ("observability",),
            "A change of tier 1 needs 'observability'",
            "Say which logs, metrics and traces will show that the change works.",
        )
    if _owed(js.member(root, "rollback")):
        found.add(
            "rollback.required",
            ("rollback",),
            "A change of tier 1 needs rollback steps",
            "List under 'rollback' the steps that undo the change.",
        )
    quality = js.member(root, "non_functional")
    if not js.is_true(quality) or _owed(js.member(quality, "security")):
        found.add(
            "security.required",
            ("non_functional", "security"),
            "A change of tier 1 needs security requirements",
            "List under 'non_functional.security' what must stay protected.",
        )


def _owed(value: Any) -> bool:
    return not js.is_true(value) or js.is_empty(value)


def check_waiver_ids(found: FindingCollector, root: Any) -> None:
    """``waiver_ids``, where it counts as present, must be a list of ``WV-`` and four digits."""
    waivers = js.member(root, "waiver_ids")
    if not js.is_true(waivers):
        return
    if not isinstance(waivers, list):
        found.add(
            "waiver_ids.not_a_list",
            ("waiver_ids",),
            "'waiver_ids' is not a list",
            'Write a list, for example ["WV-0001"].',
        )
        return
    for index, waiver in enumerate(waivers):
        if not _WAIVER_ID.match(js.to_text(waiver)):
            found.add(
                "waiver_ids.format",
                ("waiver_ids", index),
                f"'{js.to_text(waiver)}' is not a waiver id",
                "Write WV- and four digits, for example WV-0001.",
            )


def refuse_document(found: FindingCollector) -> None:
    """A document that is null stops the reference, which then prints the verdict 'fail'."""
    found.add(
        "document.empty",
        (),
        "The document is empty",
        "Write a mapping with the fields of a working spec.",
    )


def refuse_stop(found: FindingCollector) -> None:
    """A value that cannot be compared stops the reference as well."""
    found.add(
        "document.uncomparable",
        (),
        "A mapping with the key 'toString' stands where a number or a text is compared",
        "Write a plain number or text there.",
    )


def reduce_spec(root: dict[str, Any], profile: Profile, lifecycle: str, path: str, digest: str) -> Spec:
    """Reduce a document that the reference passed, reading what is vague in the stricter sense.

    A tier that is no whole number becomes tier 1, and a scope that is neither text nor a list admits nothing.
    """
    root = plain_data(root)
    scope = root["scope"]
    return Spec(
        id=js.to_text(root["id"]),
        title=text_of(root["title"]),
        risk_tier=_tier(root["risk_tier"]),
        mode=text_of(root["mode"]),
        lifecycle=lifecycle,
        scope=Scope(_texts(scope.get("in")), _texts(scope.get("out"))),
        profile=profile,
        path=path,
        digest=digest,
        document=root,
    )


def text_of(value: Any) -> str:
    """A value as text; empty where JavaScript could not say it."""
    try:
        return js.to_text(value)
    except js.JavaScriptTypeError:
        return ""


def plain_data(value: Any) -> Any:
    """Plain data again: dates and bytes as text."""
    if isinstance(value, dict):
        return {key: plain_data(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain_data(item) for item in value]
    return js.to_text(value) if isinstance(value, js.Moment | bytes) else value


def _tier(value: Any) -> int:
    number = js.to_number(value)
    return int(number) if number in {1, 2, 3} else STRICTEST_TIER


def _texts(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()
