"""The stricter layer over ``scope``: entries that admit too much, exclude nothing, or say nothing as a path.

How an entry works is the standard's kernel's (``scope.py``, ``glob.py``): in ``in`` and ``support`` a text with one of
``*?[](){}!@+|`` is a pattern, any other a literal path and what lies below it; in ``out`` every text is literal.
"""

from __future__ import annotations

import re
from typing import Final

from agent_agency.spec.blank_text import is_blank
from agent_agency.spec.strict_case import Pointer, StrictCase, named
from agent_agency.spec.strict_rules import ENDED

_PATTERN_SIGNS: Final = frozenset("*?[](){}!@+|")
_EXCLUSION_SIGNS: Final = frozenset("*?[](){}|")
_GROUPS: Final = frozenset("({[")
_LOST_BACKSLASH: Final = r"\\(?![*?\[\](){}!@+|\\])"
MOST_ENTRIES: Final = 1000
LONGEST_ENTRY: Final = 1000
_EMPTY_SEGMENTS: Final = frozenset({"", ".", ".."})
_WILD_START: Final = frozenset("*?[({!+@")
_PROBES: Final = (
    ("every file of the root", ("Zq7x", ".k9w", "_j.4v", "8h.Md")),
    ("every file one folder deep", ("Zq7x/.k9w", ".j4/8hm.X", "_b/Tt.q1", "3/w_")),
    ("every file", ("Zq7x/.k9w/j4v.Md", ".h/_8/3/w.q1", "9p/Rr/.u/t", "_c/d.e/7/5/Nn")),
)
"""Unlike paths of three depths: what admits all of one depth admits whatever lies there."""


def check_scope(case: StrictCase) -> None:
    """Check the three lists of the scope, as far as they are lists of texts."""
    lists = {surface: case.texts("scope", surface, "*") for surface in ("in", "support", "out")}
    for surface, entries in lists.items():
        if len(entries) > MOST_ENTRIES:
            message = f"'scope.{surface}' has {len(entries):,} entries"
            case.report("strict.scope.too_large", ("scope", surface), message)
            return
        check = _check_exclusion if surface == "out" else _check_admission
        for at, entry in entries:
            if len(entry) > LONGEST_ENTRY:
                case.report("strict.scope.too_large", at, f"{named(at)} has {len(entry):,} characters")
            elif not is_blank(entry) and not case.is_placeholder_path(entry):
                check(case, at, entry)
        _check_duplicates(case, entries)
    excluded = {_plain(entry) for _, entry in lists["out"]}
    for at, entry in (*lists["in"], *lists["support"]) if excluded else ():
        if _plain(entry) in excluded:
            message = f"{named(at)} is '{_shown(entry)}', which scope.out excludes"
            case.report("strict.scope.in_is_out", at, message)


def is_overbroad(entry: str) -> str | None:
    """What an entry of ``scope.in`` admits beyond any purpose, in words; ``None`` for an entry with bounds."""
    bare = entry.removeprefix("./")
    if not bare or (bare[0] not in _WILD_START and "|" not in bare):
        return None
    from agent_agency.spec.glob import Glob

    glob = Glob(entry)
    wide = [name for name, probes in _PROBES if all(glob.matches(probe) for probe in probes)]
    return wide[-1] if wide else None


def admits_nothing(entry: str) -> bool:
    """Can an entry of ``scope.in`` match no file at all, by the way it is written?

    A pattern with alternatives is left alone, since one of them may match; with groups only its end is judged.
    """
    if _PATTERN_SIGNS.isdisjoint(entry):
        return _is_no_plain_path(entry)
    if "|" in entry:
        return False
    segments = entry.removeprefix("./").split("/")
    if not _GROUPS.isdisjoint(entry):
        return segments[-1] == ""
    return not _EMPTY_SEGMENTS.isdisjoint(segments)


def excludes_nothing(entry: str) -> bool:
    """Does an entry of ``scope.out`` exclude nothing, as long as no file has exactly this odd name?"""
    return _is_no_plain_path(entry) or entry.startswith("!") or not _EXCLUSION_SIGNS.isdisjoint(entry)


def _is_no_plain_path(entry: str) -> bool:
    """Is a literal entry unlike every path that the kernel compares with it (see ``scope.normalize_path``)?"""
    if "\\" in entry or "\0" in entry:
        return True
    return not _EMPTY_SEGMENTS.isdisjoint(entry.removesuffix("/").split("/"))


def _check_admission(case: StrictCase, at: Pointer, entry: str) -> None:
    rule, what = _fault_of_form(entry)
    if rule:
        pass
    elif entry.startswith("!") and not entry.startswith("!("):
        rule, what = "strict.scope.negated_entry", "which admits all but what it names"
    elif wide := is_overbroad(entry):
        rule, what = "strict.scope.overbroad", f"which admits {wide}"
    elif admits_nothing(entry):
        rule, what = "strict.scope.no_effect_in", "which admits nothing as it is written"
    elif re.search(_LOST_BACKSLASH, entry):
        rule, what = "strict.scope.no_effect_in", "in which a backslash divides no folders"
    if rule and not (rule == "strict.scope.prose" and _exists(case, entry)):
        case.report(rule, at, f"{named(at)} is '{_shown(entry)}', {what}", remedy=_plain_remedy(rule, entry))


def _check_exclusion(case: StrictCase, at: Pointer, entry: str) -> None:
    rule, what = _fault_of_form(entry)
    if not rule and excludes_nothing(entry):
        rule, what = "strict.scope.no_effect_out", "which excludes nothing as it is written"
    elif not rule and case.files is not None and case.state != ENDED:
        rule, what = "strict.scope.out_not_found", "which is not there"
    if rule and not _exists(case, entry):
        case.report(rule, at, f"{named(at)} is '{_shown(entry)}', {what}", remedy=_plain_remedy(rule, entry))


def _fault_of_form(entry: str) -> tuple[str, str]:
    """The rule that an entry breaks by being no path from the repository's root, and what it is; empty for none."""
    if entry.startswith(("/", "~/", "file:")) or entry == "~" or entry[1:3] in {":/", ":\\"}:
        return "strict.scope.absolute_path", "an absolute path"
    if ".." in entry.replace("\\", "/").split("/"):
        return "strict.scope.outside_repository", "a path with '..'"
    if len(entry.split(None, 1)) > 1:
        from agent_agency.spec.prose import is_prose

        if is_prose(entry):
            return "strict.scope.prose", "which is prose, not one path"
    return "", ""


def _check_duplicates(case: StrictCase, entries: list[tuple[Pointer, str]]) -> None:
    first: dict[str, int] = {}
    for index, (at, entry) in enumerate(entries):
        if entry in first:
            message = f"{named(at)} repeats '{_shown(entry)}' of entry {first[entry]}"
            case.report("strict.scope.duplicate_entry", at, message)
        first.setdefault(entry, index)


def _plain(entry: str) -> str:
    """The entry as the path that it was probably meant to be."""
    segments = [segment for segment in entry.replace("\\", "/").split("/") if segment not in {"", "."}]
    return "/".join(segments)


def _exists(case: StrictCase, entry: str) -> bool:
    """A file of exactly this name proves that a literal entry works, however odd it looks."""
    return case.files is not None and not _is_no_plain_path(entry) and case.files.exists(entry.removesuffix("/"))


def _plain_remedy(rule: str, entry: str) -> str | None:
    """The entry as it should be written, where that can be told."""
    plain = _plain(entry)
    if "no_effect" not in rule or not plain or excludes_nothing(plain):
        return None
    return f"Write '{_shown(plain)}'."


def _shown(entry: str) -> str:
    limit = 60
    return entry if len(entry) <= limit else entry[: limit - 1] + "…"
