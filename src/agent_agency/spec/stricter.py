"""Applies the declared stricter layer (``strict_rules.py``) to a spec of any profile."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from agent_agency.facts import Finding
from agent_agency.spec.blank_text import is_blank
from agent_agency.spec.document import Document
from agent_agency.spec.model import Profile
from agent_agency.spec.strict_case import StrictCase, named
from agent_agency.spec.strict_rules import ENDED
from agent_agency.spec.stricter_scope import check_scope

if TYPE_CHECKING:
    from agent_agency.spec.validate import RepositoryFiles

_STATEMENTS: Final = (
    ("title",),
    ("operational_rollback_slo",),
    ("blast_radius", "modules", "*"),
    ("invariants", "*"),
    ("acceptance", "*", "given"),
    ("acceptance", "*", "when"),
    ("acceptance", "*", "then"),
    ("acceptance_criteria", "*", "given"),
    ("acceptance_criteria", "*", "when"),
    ("acceptance_criteria", "*", "then"),
    ("acceptance_criteria", "*", "description"),
    ("non_functional", "*", "*"),
    ("contracts", "*", "name"),
    ("observability", "*"),
    ("observability", "*", "*"),
    ("rollback", "*"),
    ("migrations", "*"),
    ("threats", "*"),
    ("blockers", "*", "reason"),
    ("successors", "*", "rationale"),
    ("experimental_mode", "rationale"),
    ("evidence", "*", "waiver_reason"),
)
_PATHS: Final = (("scope", "in", "*"), ("scope", "out", "*"), ("scope", "support", "*"), ("contracts", "*", "path"))
_DAY: Final = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_STRICTEST: Final = 1


def check_stricter(
    document: Document, profile: Profile, *, files: RepositoryFiles | None = None, now: datetime | None = None
) -> tuple[Finding, ...]:
    """Judge what the standard lets pass, over whatever part of the spec has the right types.

    Args:
        document: the spec; its shape may have been refused already.
        profile: the profile that judged it.
        files: what the repository holds; without it nothing is said about files that do not exist.
        now: the present moment; without it nothing is said about dates that are past.
    """
    case = StrictCase(document, profile, files, now)
    _check_texts(case)
    _check_criteria(case)
    check_scope(case)
    _check_life(case)
    _check_tier(case)
    _check_contract_files(case)
    return tuple(case.found)


def _check_texts(case: StrictCase) -> None:
    for patterns, stands_in in ((_STATEMENTS, case.is_placeholder), (_PATHS, case.is_placeholder_path)):
        for pattern in patterns:
            for at, text in case.texts(*pattern):
                if is_blank(text):
                    case.report("strict.blank_text", at, f"{named(at)} is blank")
                elif stands_in(text):
                    case.report("strict.placeholder", at, f"{named(at)} is a placeholder: '{text[:60]}'")


def _check_criteria(case: StrictCase) -> None:
    for key in ("acceptance", "acceptance_criteria"):
        first: dict[str, int] = {}
        for at, name in case.texts(key, "*", "id"):
            index = int(at[1])
            if name in first:
                message = f"The criterion id {name} is used twice, first by entry {first[name]}"
                case.report("strict.acceptance.duplicate_id", at, message)
            first.setdefault(name, index)


def _check_life(case: StrictCase) -> None:
    spec = case.spec
    if "superseded_by" in spec and spec["superseded_by"] == spec.get("id"):
        case.report("strict.superseded_by_self", ("superseded_by",), "The spec says that it was replaced by itself")
    if case.profile is Profile.VNEXT and case.state == ENDED and spec.get("blockers"):
        message = f"The spec is {spec['lifecycle_state']} and has blockers"
        case.report("strict.blockers_on_closed", ("blockers",), message, at_key=True)
    experiment = spec.get("experimental_mode")
    if case.now is None or type(experiment) is not dict or experiment.get("enabled") is False:
        return
    ends = _end(experiment.get("expires_at"))
    if ends is not None and ends <= case.now:
        message = f"The experiment ended on {experiment['expires_at']}"
        case.report("strict.experiment_expired", ("experimental_mode", "expires_at"), message)


def _end(written: Any) -> datetime | None:
    """When an experiment ends; a day without a time ends with the day."""
    if type(written) is not str:
        return None
    from agent_agency.spec.datetimes import moment

    return moment(f"{written}T23:59:59Z" if re.fullmatch(_DAY, written) else written)


def _check_tier(case: StrictCase) -> None:
    spec = case.spec
    vnext = case.profile is Profile.VNEXT
    strictest = vnext and type(spec.get("risk_tier")) in {int, float} and spec["risk_tier"] == _STRICTEST
    if strictest and "operational_rollback_slo" not in spec:
        case.report("strict.tier1.slo_required", ("risk_tier",), "A tier 1 spec says not how fast it can be undone")
    if strictest and spec.get("mode") == "chore" and spec.get("contracts") == []:
        case.report("strict.tier1.contracts_required", ("contracts",), "A tier 1 chore has no contract")
    radius = spec.get("blast_radius")
    migrates = type(radius) is dict and radius.get("data_migration") is True
    if migrates and not strictest and not spec.get("rollback"):
        message = "The change migrates data and says not how it gets back"
        case.report("strict.migration.rollback_required", ("blast_radius", "data_migration"), message)


def _check_contract_files(case: StrictCase) -> None:
    if case.files is None or (case.state == ENDED and case.spec.get("resolution") != "completed"):
        return
    for at, path in case.texts("contracts", "*", "path"):
        name = path.partition("#")[0].strip()
        if not name or "://" in name or case.is_placeholder_path(path):
            continue
        if not case.files.exists(name.removeprefix("./")):
            case.report("strict.contract.path_not_found", at, f"{named(at)} is '{name[:60]}', which is not there")
