"""What the offline engine sees of a message: measures of its parts, how the parts go together, and their words.

Nothing here knows of any judge or label. Every measure has a name in plain words, so that instructions can name it:
``names in task found in added``, ``lines added``, ``fact files_changed``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

from agent_agency.inference.offline.sections import DiffParts, diff_parts, sections
from agent_agency.inference.offline.words import code_names, names, words

ASKED = "task"
"""The part that says what was asked, and is not judged."""
_MANY = math.log1p(100)
_COUNT_LIMIT = 1.5
_COMMENT = ("#", "//", "/*", "*", '"""')


@dataclass(frozen=True, slots=True)
class Features:
    """One message.

    Args:
        measures: by name, about 0 to 1 each.
        words: of each part, as ``part word``, with their weight; the squares sum to 1.
        quotable: lines of what is judged, without a diff's marks: of the last part that has any, never of the task.
    """

    measures: Mapping[str, float]
    words: Mapping[str, float]
    quotable: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Field:
    words: list[str]
    word_set: frozenset[str]
    name_set: frozenset[str]
    """Names that are code, where the field is prose; all names, where it is code."""


def features_of(text: str) -> Features:
    """Measure one message."""
    parts = sections(text)
    measures: dict[str, float] = {}
    fields: dict[str, _Field] = {}
    quotable: tuple[str, ...] = ()
    several = sum("\n@@ " in part for part in parts.values()) > 1
    for name, part in parts.items():
        diff = diff_parts(part)
        if name.endswith("facts"):
            _facts(part, measures, name.removesuffix("facts"))
        elif diff is None:
            fields[name] = _prose(part)
            if part.strip() and name != ASKED:
                quotable = tuple(part.split("\n"))
            _sizes(name, part, measures)
        else:
            mark = f"{name} " if several else ""
            fields.update({f"{mark}{field}": found for field, found in _code_fields(diff).items()})
            quotable = (*diff.added, *diff.removed, *diff.context) or quotable
            _counts(diff, measures, mark)
    _relations(fields, measures)
    return Features(measures, _word_weights(fields), quotable)


def _prose(text: str) -> _Field:
    found = words(text)
    return _Field(found, frozenset(found), frozenset(code_names(text)))


def _code_fields(diff: DiffParts) -> dict[str, _Field]:
    lines = {"added": diff.added, "removed": diff.removed, "context": diff.context, "paths": diff.paths}
    found = {}
    for name, held in lines.items():
        text = "\n".join(held)
        inside = words(text)
        found[name] = _Field(inside, frozenset(inside), frozenset(names(text)))
    return found


def _facts(text: str, measures: dict[str, float], mark: str) -> None:
    for line in text.split("\n"):
        name, equals, value = line.partition(" = ")
        if not equals:
            name, _, value = line.partition(": ")
            value = value.partition(",")[0]
        number = _number(value)
        measures[f"{mark}fact {name}"] = _scaled(number) if number is not None else 0.0
        if number is None and value:
            measures[f"{mark}fact {name} {value[:40]}"] = 1.0


def _number(value: str) -> float | None:
    if value in {"yes", "met"}:
        return 1.0
    if value in {"no", "not met"}:
        return 0.0
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _scaled(number: float) -> float:
    """Numbers up to 1 as they are, larger ones by their logarithm."""
    size = abs(number)
    return number if size <= 1 else math.copysign(min(_COUNT_LIMIT, 1 + math.log(size) / _MANY), number)


def _log(count: float) -> float:
    return min(_COUNT_LIMIT, math.log1p(count) / _MANY)


def _sizes(name: str, text: str, measures: dict[str, float]) -> None:
    measures[f"words in {name}"] = _log(len(text.split()))
    measures[f"lines in {name}"] = _log(text.count("\n") + 1)


def _counts(diff: DiffParts, measures: dict[str, float], mark: str) -> None:
    added, removed = len(diff.added), len(diff.removed)
    found = {
        "lines added": _log(added),
        "lines removed": _log(removed),
        "lines added beyond removed": _log(max(0, added - removed)),
        "files changed": _log(len(diff.paths)),
        "share of lines removed": removed / (added + removed) if added + removed else 0.0,
        "comment lines added": _log(sum(line.lstrip().startswith(_COMMENT) for line in diff.added)),
        "blank lines added": _log(sum(not line.strip() for line in diff.added)),
        "definitions added": _log(sum(line.lstrip().startswith(("def ", "class ")) for line in diff.added)),
    }
    for path, plus, minus in diff.by_path:
        for part in set(words(path)):
            for what, count in (("added", plus), ("removed", minus)):
                name = f"lines {what} under {part}"
                found[name] = max(found.get(name, 0.0), _log(count))
    measures.update({f"{mark}{name}": value for name, value in found.items()})


def _relations(fields: Mapping[str, _Field], measures: dict[str, float]) -> None:
    """For each ordered pair of parts, how much of the one is found in the other: of its words, and of its names."""
    for one, of in fields.items():
        for other, into in fields.items():
            if one == other:
                continue
            measures[f"words in {one} found in {other}"] = _share(of.word_set, into.word_set)
            if of.name_set:
                measures[f"names in {one} found in {other}"] = _share(of.name_set, into.name_set)


def _share(of: frozenset[str], into: frozenset[str]) -> float:
    return len(of & into) / len(of) if of else 0.0


def _word_weights(fields: Mapping[str, _Field]) -> dict[str, float]:
    counts: dict[str, int] = {}
    for name, field in fields.items():
        for word in _with_pairs(field.words):
            key = f"{name} {word}"
            counts[key] = counts.get(key, 0) + 1
    weights = {key: 1 + math.log(count) for key, count in counts.items()}
    length = math.sqrt(sum(weight * weight for weight in weights.values())) or 1.0
    return {key: weight / length for key, weight in weights.items()}


def _with_pairs(found: list[str]) -> Iterable[str]:
    yield from found
    yield from map(" ".join, pairwise(found))
