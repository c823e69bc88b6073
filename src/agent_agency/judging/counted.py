"""What a program can settle of a rubric, so that no model is asked for it.

Each check answers met, not met, or nothing (``None``) where it cannot tell; a criterion that is left open goes to the
model with the rest. Claims are read by few plain patterns: one that is worded otherwise is left to the model, never
counted as kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from types import MappingProxyType

from agent_agency.judging.rubric import Rubric
from agent_agency.judging.subject import Subject
from agent_agency.judging.unified_diff import DiffFile, UnifiedDiff, read_diff

NONE_OF = "none:"
"""Prefix of a check that asks that a fact counted nothing, as ``none:secrets_found``."""


@dataclass(frozen=True, slots=True)
class Counted:
    """What counting says of one criterion: met, not met, or ``None`` where it cannot tell; and why, in words."""

    criterion: str
    met: bool | None
    said: str = ""


_Outcome = tuple[bool | None, str]
_Check = Callable[[Subject, UnifiedDiff], _Outcome]


def counted(rubric: Rubric, subject: Subject) -> tuple[Counted, ...]:
    """Run the checks of a rubric's counted criteria that go for the subject's surface, in the rubric's order.

    Args:
        rubric: whose criteria name checks.
        subject: a prepared one.
    """
    wanted = [one for one in rubric.criteria if one.counted and subject.surface in one.surfaces]
    if not wanted:
        return ()
    diff = read_diff(subject.output) if subject.surface == "code" else UnifiedDiff((), subject.output, 0)
    return tuple(Counted(one.id, *_run(one.counted, subject, diff)) for one in wanted)


def is_check(name: str) -> bool:
    """Whether a rubric may name this check."""
    return name in _checks() or bool(re.fullmatch(rf"{NONE_OF}[a-z][a-z0-9_]*", name))


def check_names() -> tuple[str, ...]:
    """The names that a rubric may give, the pattern of facts last."""
    return (*_checks(), f"{NONE_OF}FACT")


def _run(name: str, subject: Subject, diff: UnifiedDiff) -> _Outcome:
    if name.startswith(NONE_OF):
        return _none_of(subject, name.removeprefix(NONE_OF))
    return _checks()[name](subject, diff)


def _checks() -> Mapping[str, _Check]:
    return MappingProxyType(
        {"claims_about_files": _files, "claims_about_tests": _tests, "no_blank_edits": _blank_edits}
    )


def _none_of(subject: Subject, fact: str) -> _Outcome:
    value = subject.facts.get(fact)
    if value is None or isinstance(value, str):
        return None, ""
    return not value, f"{fact} is {value}"


_ONLY = re.compile(
    r"\bonly (?:changes?|changed|touche?s?|touched|edits?|edited|modifie[sd]|modify)\s+(?:the file\s+)?[`'\"]?"
    r"(?P<path>[\w./-]+\.\w+)",
    re.IGNORECASE,
)
_HOW_MANY = re.compile(r"\b(?P<count>\d{1,4}|one|two|three) files? (?:is |are |was |were )?changed\b", re.IGNORECASE)
_NUMBERS = MappingProxyType({"one": 1, "two": 2, "three": 3})
_RENAMED = re.compile(
    r"\brename[sd]?\s+(?:the file\s+)?[`'\"]?(?P<old>[\w./-]+\.\w+)[`'\"]?"
    r"\s+(?:to|into|as)\s+[`'\"]?(?P<new>[\w./-]+\.\w+)",
    re.IGNORECASE,
)


def _files(subject: Subject, diff: UnifiedDiff) -> _Outcome:
    """Claims on which files, and how many, were changed or renamed."""
    if not diff.files:
        return None, ""
    outcomes = [one for claim in subject.claims for one in _file_claims(claim, diff)]
    return _all_kept(outcomes)


def _file_claims(claim: str, diff: UnifiedDiff) -> list[_Outcome]:
    paths = [file.path for file in diff.files]
    found: list[_Outcome] = []
    if only := _ONLY.search(claim):
        others = [path for path in paths if not _same_file(path, only["path"])]
        found.append((not others, f"the change touches {', '.join(others[:3])} too" if others else f"only {paths[0]}"))
    if many := _HOW_MANY.search(claim):
        said = many["count"].lower()
        number = _NUMBERS[said] if said in _NUMBERS else int(said)
        found.append((number == len(paths), f"the change touches {len(paths)} files"))
    if renamed := _RENAMED.search(claim):
        there = any(_same_file(f.old, renamed["old"]) and _same_file(f.new, renamed["new"]) for f in diff.files)
        found.append((there, f"{renamed['old']} is {'' if there else 'not '}renamed so in the diff"))
    return found


_ADDED_TESTS = re.compile(
    r"\b(?:adds?|added|wrote|writes|includes?|included)\s+(?:(?:a|an|new|unit|regression|more|some|two|three|\d+)\s+)*tests?\b",
    re.IGNORECASE,
)
_KEPT_TESTS = re.compile(
    r"\b(?:no|without (?:changing|touching|editing)(?: any)?(?: of the)?)\s+(?:existing\s+)?tests?\b"
    r"(?:\s+(?:were|was|are)\s+(?:changed|touched|edited|modified))?"
    r"|\btests?\s+(?:are|were)\s+(?:not\s+(?:changed|touched|edited)|untouched|unchanged)",
    re.IGNORECASE,
)


def _tests(subject: Subject, diff: UnifiedDiff) -> _Outcome:
    """Claims that tests were added, or left as they were."""
    if not diff.files:
        return None, ""
    touched = [file for file in diff.files if _is_test(file)]
    outcomes: list[_Outcome] = []
    for claim in subject.claims:
        if _ADDED_TESTS.search(claim):
            added = sum(len(file.added) for file in touched)
            outcomes.append((added > 0 or None if touched else False, f"{added} lines are added in test files"))
        elif _KEPT_TESTS.search(claim):
            outcomes.append((not touched, f"{len(touched)} test files are touched"))
    return _all_kept(outcomes)


def _blank_edits(subject: Subject, diff: UnifiedDiff) -> _Outcome:  # noqa: ARG001 - the shape of a check
    """Lines that are taken out and put back with other blanks only."""
    if not diff.files:
        return None, ""
    count = sum(_blank_only(file) for file in diff.files)
    return count == 0, f"{count} lines differ in blanks only"


def _blank_only(file: DiffFile) -> int:
    if file.path.endswith((".py", ".pyi", ".yaml", ".yml", "Makefile", ".mk")):
        return 0  # blanks have a meaning there
    squeezed = ["".join(line.split()) for line in file.removed if line.strip()]
    left = {line: squeezed.count(line) for line in squeezed}
    count = 0
    for line in file.added:
        bare = "".join(line.split())
        if left.get(bare) and line not in file.removed:
            left[bare] -= 1
            count += 1
    return count


def _all_kept(outcomes: list[_Outcome]) -> _Outcome:
    """Not met as soon as one claim is broken; met where at least one was checked and none is open."""
    broken = [said for met, said in outcomes if met is False]
    if broken:
        return False, "; ".join(broken)
    if not outcomes or any(met is None for met, _ in outcomes):
        return None, ""
    return True, "; ".join(said for _, said in outcomes)


def _is_test(file: DiffFile) -> bool:
    path = PurePosixPath(file.path)
    stem = path.name.lower()
    folders = {part.lower() for part in path.parts[:-1]}
    named = stem.startswith("test_") or re.search(r"(_test|\.test|\.spec|_spec)\.\w+$", stem) is not None
    return named or bool(folders & {"test", "tests", "__tests__", "spec"})


def _same_file(path: str, said: str) -> bool:
    return path == said.lstrip("./") or path.endswith("/" + said.lstrip("./"))
