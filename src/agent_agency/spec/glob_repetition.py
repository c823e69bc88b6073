"""Repeated groups, ``+(…)`` and ``*(…)``, that picomatch refuses to repeat.

Since 4.0.4 it takes a repetition whose branches could make its own engine backtrack for ever as literal text, or as a
plain character class. Parity needs the same answer, although the engine here could run them.
"""

from __future__ import annotations

import re
from itertools import combinations


def repetition_as_text(body: str) -> str | None:
    """Say what a repetition with this body becomes.

    Returns:
        ``None`` when it is repeated as written, an expression that stands for it, or ``""`` for literal text.
    """
    branches = [branch.strip() for branch in split_branches(body)]
    if len(branches) > 1 and (
        any(re.fullmatch(r"[*?]*", branch) for branch in branches) or _share_a_repeated_character(branches)
    ):
        return ""
    for branch in branches:
        single = _sequence_of_single_characters(branch)
        if single:
            return single
        if _repeated_group(branch.strip(), whole=True):
            return ""
    return None


def split_branches(body: str) -> list[str]:
    """Split at each ``|`` that stands in no group, class, quotes or escape."""
    parts = [""]
    bracket = paren = 0
    quoted = escaped = False
    for char in body:
        if escaped or char == "\\":
            escaped = not escaped
        elif char == '"':
            quoted = not quoted
        elif not quoted:
            if char == "[":
                bracket += 1
            elif char == "]" and bracket:
                bracket -= 1
            elif not bracket and char == "(":
                paren += 1
            elif not bracket and char == ")" and paren:
                paren -= 1
            elif char == "|" and not bracket and not paren:
                parts.append("")
                continue
        parts[-1] += char
    return parts


def _plain(branch: str) -> str | None:
    """The branch as text when it holds no pattern; ``@(x)`` around text is taken off."""
    value = branch.strip()
    while re.fullmatch(r"@\([^\\()\[\]{}|]+\)", value):
        value = value[2:-1]
    if re.search(r"[?*+@!()\[\]{}]", re.sub(r"\\.", "", value, flags=re.DOTALL)):
        return None
    return re.sub(r"\\([^\n\r\u2028\u2029])", r"\1", value)


def _share_a_repeated_character(branches: list[str]) -> bool:
    """Whether two branches are runs of one and the same character."""
    values = [value for value in map(_plain, branches) if value]
    runs = [value for value in values if value == value[0] * len(value)]
    return any(one[0] == other[0] for one, other in combinations(runs, 2))


def _sequence_of_single_characters(branch: str) -> str | None:
    """``*(a)*(b)…`` as one class, starred."""
    at = 0
    characters: list[str] = []
    while at < len(branch):
        group = _repeated_group(branch[at:], whole=False)
        if group is None or group[0] != "*":
            return None
        body, length = group[1], group[2]
        inner = split_branches(body)
        character = _plain(inner[0]) if len(inner) == 1 else None
        if not character or len(character) != 1:
            return None
        characters.append(re.sub(r"([-*+?.^${}(|)[\]])", r"\\\1", character))
        at += length
    if not characters:
        return None
    return f"{characters[0]}*" if len(characters) == 1 else f"[{''.join(characters)}]*"


def _repeated_group(text: str, *, whole: bool) -> tuple[str, str, int] | None:
    """Read ``+(…)`` or ``*(…)`` at the start of the text: its sign, its body and its length."""
    if not re.match(r"[+*]\(", text):
        return None
    bracket = paren = 0
    quoted = escaped = False
    for at, char in enumerate(text[1:], start=1):
        if escaped or char == "\\":
            escaped = not escaped
        elif char == '"':
            quoted = not quoted
        elif quoted:
            continue
        elif char == "[":
            bracket += 1
        elif bracket:
            bracket -= char == "]"
        elif char == "(":
            paren += 1
        elif char == ")":
            paren -= 1
            if paren == 0:
                return None if whole and at != len(text) - 1 else (text[0], text[2:at], at + 1)
    return None
