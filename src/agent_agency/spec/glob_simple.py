"""Patterns that picomatch reads as a whole: a few forms known by heart, and those with neither folders nor groups."""

from __future__ import annotations

import re

from agent_agency.spec.glob_expressions import ANY, DEEP, GLOBSTAR, NOT_DOTS, NOT_DOTS_HERE, ONE, STAR

SAME_AS = {"***": "*", "**/**": "**", "**/**/**": "**"}


def well_known(pattern: str) -> str | None:
    """Derive patterns like ``*.py`` and ``**/*`` directly: these differ in detail from what the parts would give."""
    source = _well_known_part(SAME_AS.get(pattern, pattern).removeprefix("./"))
    return source and source + r"\/?"


def _well_known_part(text: str) -> str | None:
    table = {
        "*": NOT_DOTS + ONE + STAR,
        ".*": r"\." + ONE + STAR,
        "*.*": NOT_DOTS + STAR + r"\." + ONE + STAR,
        "*/*": NOT_DOTS + STAR + r"\/" + ONE + NOT_DOTS_HERE + STAR,
        "**": NOT_DOTS + GLOBSTAR,
        "**/*": DEEP + NOT_DOTS_HERE + ONE + STAR,
        "**/*.*": DEEP + NOT_DOTS_HERE + STAR + r"\." + ONE + STAR,
        "**/.*": DEEP + r"\." + ONE + STAR,
    }
    suffixes: list[str] = []
    while text not in table:
        split = re.fullmatch(r"(.*?)\.([A-Za-z0-9_]+)", text)
        if split is None:
            return None
        text = split[1]
        suffixes.append(r"\." + split[2])
    return table[text] + "".join(reversed(suffixes))


def plain_expression(pattern: str) -> str:
    """Derive the expression of a pattern without slashes, groups, classes and quotes, which is read more simply."""
    with_backslash = False

    def replace(match: re.Match[str]) -> str:
        nonlocal with_backslash
        escape, run, char, repeats = match[1], match[2], match[3], match[4]
        if char == "\\":
            with_backslash = True
            return match[0]
        if char == "?":
            return escape + "?" + ANY * len(repeats) if escape else ANY * len(run)
        if char == ".":
            return r"\." * len(run)
        if char == "*":
            return escape + "*" + (STAR if repeats else "") if escape else STAR
        return match[0] if escape else "\\" + match[0]

    expression = re.sub(r"(\\?)(([^A-Za-z0-9_])(\3*))", replace, pattern)
    if with_backslash:
        expression = re.sub(r"\\+", lambda run: "\\\\" if len(run[0]) % 2 == 0 else "\\", expression)
    return expression
