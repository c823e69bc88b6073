"""The facts that a rule may ask about: one typed schema, of which conditions are checked when they are loaded.

A fact that could not be measured is left out of the case's facts, and a rule that needs it is ``unknown``. A fact that
does not exist by nature (the budget of a change without a spec) is told by a flag beside it (``spec.present``), so that
a rule can say that it does not apply.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class FactType(StrEnum):
    """The type of one fact."""

    BOOL = "bool"
    INT = "int"
    DOUBLE = "double"
    TEXT = "string"
    TEXTS = "list<string>"


@dataclass(frozen=True, slots=True)
class Fact:
    """One named fact: its type and what it says."""

    name: str
    type: FactType
    about: str


def _facts(**named: tuple[FactType, str]) -> tuple[Fact, ...]:
    return tuple(Fact(name, kind, about) for name, (kind, about) in named.items())


_B, _I, _D, _T, _L = FactType.BOOL, FactType.INT, FactType.DOUBLE, FactType.TEXT, FactType.TEXTS


def records() -> Mapping[str, tuple[Fact, ...]]:
    """The facts that stand once in a case, by record."""
    return MappingProxyType(
        {
            "review": _facts(
                day=(_T, "day of the review in UTC, as 2026-01-31"),
                head_kind=(_T, "commit, index or worktree"),
            ),
            "spec": _facts(
                present=(_B, "whether a working spec governs the change"),
                valid=(_B, "whether that spec is valid"),
                id=(_T, "its id"),
                tier=(_I, "its risk tier: 1, 2 or 3"),
                mode=(_T, "its mode: feature, refactor, fix, doc, chore"),
                lifecycle=(_T, "active, draft, closed or archived"),
                chosen_by=(_T, "how it was chosen: option, trailer, branch or only_active"),
                contracts=(_L, "the kinds of contract that it declares"),
                rollback=(_B, "whether it says how the change is rolled back"),
                migrations=(_B, "whether it declares a data migration"),
                invariants=(_I, "how many invariants it states"),
                acceptance=(_I, "how many acceptance criteria it states"),
            ),
            "change": _facts(
                files=(_I, "files that differ"),
                added=(_I, "lines added"),
                deleted=(_I, "lines deleted"),
                lines=(_I, "lines added and deleted"),
                authors=(_I, "different authors"),
                empty=(_B, "whether nothing differs"),
                only_law=(_B, "whether it does nothing but edit law"),
                migrations=(_I, "files among them that are database migrations and are not deleted"),
                dependencies=(_I, "files among them that declare or lock dependencies"),
            ),
            **_circumstances(),
        }
    )


def _circumstances() -> Mapping[str, tuple[Fact, ...]]:
    """The records about law, provenance and evidence."""
    return {
        "budget": _facts(
            known=(_B, "whether a budget binds the change"),
            max_files=(_I, "files allowed, waivers included"),
            max_lines=(_I, "lines allowed, waivers included"),
            used_files=(_I, "files that count"),
            used_lines=(_I, "lines that count"),
        ),
        "law": _facts(
            in_force=(_B, "whether the base holds law"),
            digest=(_T, "digest of all that binds; missing where the base holds no law"),
            readable=(_B, "whether all of it could be read"),
            waiver_days=(_I, "the longest that a waiver may last, in days"),
            weakened=(_L, "default rules that the repository disabled or loosened"),
            weakened_without_leave=(_L, "those of them that the policy does not allow to be weakened"),
            principals=(_I, "principals that the base lists"),
            signed_approvals=(_B, "whether a waiver needs signed approvals"),
        ),
        "provenance": _facts(
            commits=(_I, "commits between merge base and head"),
            without_author=(_I, "of them without an author's address"),
            agents=(_L, "agents named in trailers of the commits (Assisted-by, Co-authored-by of a known agent)"),
            spec_trailers=(_L, "specs named in trailers of the commits"),
        ),
        "evidence": _facts(
            binding=(_I, "binding gates; missing where there is none, because then nothing was measured"),
            measured=(_I, "binding gates whose result was measured in this review"),
            reused=(_I, "binding gates whose result was measured before, on the same inputs"),
            flaky=(_I, "binding gates that passed only when run again"),
        ),
    }


def lists() -> Mapping[str, tuple[Fact, ...]]:
    """The facts that stand many times in a case: each list with the facts of its elements."""
    return MappingProxyType(
        {
            "gates": _facts(
                name=(_T, "its name"),
                kind=(_T, "builtin, or the kind in agency.toml: tests, coverage, mutation, lint, types, security…"),
                status=(_T, "pass, fail, not_run or error"),
                passed=(_B, "whether it passed; missing where it gave no result"),
                binding=(_B, "whether it applies and blocks"),
                mode=(_T, "block, warn or skip"),
                reason=(_T, "why the status is what it is"),
                violations=(_I, "findings above advice; missing where it gave no result"),
                firm=(_I, "of them not waivable; missing where it gave no result"),
                mendable=(_B, "whether the author alone can mend a missing result"),
                reused=(_B, "whether the result was measured before, on the same inputs"),
                flaky=(_B, "whether it passed only when run again"),
                evidence=(_L, "digests of what its tools left"),
            ),
            "findings": _facts(
                rule=(_T, "id of what was found"),
                gate=(_T, "the gate that found it"),
                severity=(_T, "advice, minor, moderate, major or critical"),
                path=(_T, "the file, or empty"),
                waivable=(_B, "whether a waiver may cover it"),
                binding=(_B, "whether its gate binds and it is above advice"),
                fingerprint=(_T, "stable over line moves"),
            ),
            "files": _facts(
                path=(_T, "where it is at the head, or was at the base"),
                old_path=(_T, "where a moved file was, or empty"),
                status=(_T, "added, modified, deleted, renamed, copied, type_changed"),
                added=(_I, "lines added"),
                deleted=(_I, "lines deleted"),
                binary=(_B, "whether git counts no lines in it"),
                mode_from=(_T, "git mode at the base, or empty"),
                mode_to=(_T, "git mode at the head, or empty"),
                generated=(_B, "whether gitattributes call it generated"),
                counted=(_B, "whether it counts in the budget"),
                migration=(_B, "whether its place is that of a database migration"),
                dependency=(_B, "whether it declares or locks dependencies"),
                pipeline=(_B, "whether it configures continuous integration"),
            ),
            **_people_and_law(),
        }
    )


def _people_and_law() -> Mapping[str, tuple[Fact, ...]]:
    """The lists about law, waivers and people."""
    return {
        "governance": _facts(
            path=(_T, "the file that is edited"),
            kind=(_T, "law, ci, hooks, tests_config, tool_config or agent_settings"),
            detail=(_T, "what the edit does"),
        ),
        "waivers": _facts(
            id=(_T, "its id"),
            gates=(_L, "gates that it covers"),
            rules=(_L, "rules that it covers"),
            needed=(_B, "whether the verdict needs it"),
            days=(_I, "days that it lasts in all"),
            approvals=(_I, "distinct approvers, neither author nor requester"),
            quorum=(_I, "approvers that the risk tier needs"),
            signed=(_B, "whether the approvals are signatures of listed principals"),
            bounded=(_B, "whether it is for one spec or stated paths"),
        ),
        "authors": _facts(
            address=(_T, "e-mail address in the commits"),
            listed=(_B, "whether the base lists that principal"),
            approved_own=(_B, "whether they approved a waiver that the verdict needs"),
        ),
        "claims": _facts(
            kind=(
                _T,
                "verdict (a ruling that a commit names), verdict_elsewhere (one not on record here) or spec",
            ),
            text=(_T, "what is claimed"),
            holds=(_B, "whether what was measured or recorded bears it out"),
        ),
    }
