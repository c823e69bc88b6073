"""The declared stricter layer: every rule that this project holds over the standard, with severity and remedy.

The standard's own validator lets all of this pass. ``--parity`` switches the layer off. A severity above ``advice``
makes a spec invalid; in the lifecycle states named by ``advises_when`` the rule only advises: a draft may still hold
placeholders, and a spec that has ended binds nothing any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from agent_agency.facts import Severity

DRAFT: Final = "draft"
ACTIVE: Final = "active"
ENDED: Final = "ended"

_ENDED_ONLY: Final = frozenset({ENDED})
_UNLESS_ACTIVE: Final = frozenset({DRAFT, ENDED})
_NEVER: Final[frozenset[str]] = frozenset()


@dataclass(frozen=True, slots=True)
class StrictRule:
    """One rule: what it refuses, why, and what to do about it. ``advises_when`` are the states of only advice."""

    severity: Severity
    refuses: str
    why: str
    remedy: str
    advises_when: frozenset[str] = _ENDED_ONLY


STRICT_RULES: Final[Mapping[str, StrictRule]] = MappingProxyType(
    {
        "strict.placeholder": StrictRule(
            Severity.MODERATE,
            "A text that stands in for one not written yet (TODO, TBD, <describe it>, lorem ipsum, path/to/).",
            "Nobody can hold a change against a text that is not there.",
            "Write what is meant.",
            _UNLESS_ACTIVE,
        ),
        "strict.blank_text": StrictRule(
            Severity.MODERATE,
            "A text of nothing but white space where a statement is needed.",
            "It fills the field and says nothing.",
            "Write what is meant, or remove the entry.",
            _UNLESS_ACTIVE,
        ),
        "strict.acceptance.duplicate_id": StrictRule(
            Severity.MAJOR,
            "Two acceptance criteria with one id.",
            "Evidence for the id would prove both.",
            "Number the criteria apart.",
        ),
        "strict.scope.overbroad": StrictRule(
            Severity.MAJOR,
            "A scope entry that admits every file of the repository, of its root, or of one depth.",
            "A scope that admits everything binds nothing.",
            "Name the folders that the change is about.",
        ),
        "strict.scope.negated_entry": StrictRule(
            Severity.MAJOR,
            "A scope.in or scope.support entry that begins with '!'.",
            "It admits everything but what it names.",
            "Move the path to scope.out and name what is inside.",
        ),
        "strict.scope.absolute_path": StrictRule(
            Severity.MAJOR,
            "A scope entry that is an absolute path.",
            "Paths are held against the scope from the repository's root, so it matches none.",
            "Write the path from the repository's root, without a leading '/'.",
        ),
        "strict.scope.outside_repository": StrictRule(
            Severity.MAJOR,
            "A scope entry with a '..' segment.",
            "It leads out of the repository or hides where it leads, and matches no path.",
            "Write the path from the repository's root, without '..'.",
        ),
        "strict.scope.no_effect_in": StrictRule(
            Severity.MODERATE,
            "A scope.in or scope.support entry that admits nothing by the way it is written ('.', './src', 'src/**/').",
            "What it seems to admit would be refused.",
            "Write the plain path ('src') or a pattern ('src/**').",
        ),
        "strict.scope.no_effect_out": StrictRule(
            Severity.MAJOR,
            "A scope.out entry that excludes nothing by the way it is written ('./src/x', 'src/[x]', '{a,b}').",
            "Exclusions are plain paths; what this one seems to protect stays open.",
            "Write one plain path for each folder or file that is to stay untouched.",
        ),
        "strict.scope.out_not_found": StrictRule(
            Severity.ADVICE,
            "A scope.out entry that names nothing in the repository.",
            "It may be misspelt, or mean something yet to come.",
            "Check the spelling.",
        ),
        "strict.scope.in_is_out": StrictRule(
            Severity.MAJOR,
            "A path that is both admitted and excluded.",
            "The exclusion wins, so the admission is void.",
            "Keep one of the two.",
        ),
        "strict.scope.duplicate_entry": StrictRule(
            Severity.MINOR,
            "A scope entry that is given twice in one list.",
            "One of the two was probably meant to be another path.",
            "Remove or correct one of the two.",
        ),
        "strict.scope.too_large": StrictRule(
            Severity.MAJOR,
            "A scope list of more than 1,000 entries, or an entry of more than 1,000 characters.",
            "Nobody can oversee it, and something that admits everything hides well in it.",
            "Name folders instead of files, or split the change.",
            _NEVER,
        ),
        "strict.scope.prose": StrictRule(
            Severity.MODERATE,
            "A sentence or several paths in one scope entry.",
            "A scope is matched as paths; a sentence matches none.",
            "Write one path or pattern for each entry, and the sentence into 'invariants' or a comment.",
        ),
        "strict.superseded_by_self": StrictRule(
            Severity.MAJOR,
            "A spec that says it was replaced by itself.",
            "Whoever follows the link never arrives.",
            "Name the spec that replaces this one, or remove 'superseded_by'.",
            _NEVER,
        ),
        "strict.blockers_on_closed": StrictRule(
            Severity.MINOR,
            "Blockers on a spec that is closed or archived.",
            "What has ended is not blocked.",
            "Remove 'blockers', or reopen the spec.",
            _NEVER,
        ),
        "strict.experiment_expired": StrictRule(
            Severity.MAJOR,
            "An enabled experiment past its 'expires_at'.",
            "Its reliefs were granted until then.",
            "End the experiment, or give it a new date and a reason.",
        ),
        "strict.tier1.slo_required": StrictRule(
            Severity.MODERATE,
            "A tier 1 spec without 'operational_rollback_slo'.",
            "The standard's own description of the field demands it on tier 1.",
            "Add 'operational_rollback_slo' with the time that undoing the change may take, such as '15m'.",
        ),
        "strict.tier1.contracts_required": StrictRule(
            Severity.MODERATE,
            "A tier 1 chore without a contract.",
            "The mode is no reason to leave the riskiest tier unproven.",
            "Add a contract, or choose the tier that fits.",
        ),
        "strict.migration.rollback_required": StrictRule(
            Severity.MODERATE,
            "A data migration without a rollback.",
            "Migrated data cannot be undone by undoing the commit.",
            "Add to 'rollback' how the data gets back.",
        ),
        "strict.contract.path_not_found": StrictRule(
            Severity.MODERATE,
            "A contract whose file is not in the repository.",
            "While the work goes on the file may still come; once the spec is completed it must be there.",
            "Correct the path, or add the file.",
            frozenset({DRAFT, ACTIVE}),
        ),
    }
)
"""All rules by id."""
