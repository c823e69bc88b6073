"""Which commands of a ``Makefile`` or a ``package.json`` a command line asks for."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

_ASSIGNED = re.compile(r"^(?:export\s+|override\s+)?([A-Za-z_][\w.-]*)\s*(?:\?|::?|\+)?=[ \t]*(.*)$")
_USED = re.compile(r"\$(?:\(([\w.-]+)\)|\{([\w.-]+)\})")
_MOST_PASSES = 5
_LONGEST = 256 * 1024
_NPM_SHORT = frozenset({"test", "start", "stop", "restart"})
_NPM_RUN = frozenset({"run", "run-script", "rum", "urn"})


def makefile_commands(text: str, arguments: Sequence[str]) -> str:
    """The recipes of the targets asked for and of what they need, variables put in.

    Everything where a target is not found: patterns and included files can define it.
    """
    lines = text.replace("\\\n", " ").splitlines()
    variables = {match[1]: match[2] for line in lines if (match := _ASSIGNED.match(line)) is not None}
    variables |= dict(word.split("=", 1) for word in arguments if "=" in word and not word.startswith("-"))
    rules = _rules(lines)
    asked = [word for word in arguments if not word.startswith("-") and "=" not in word] or list(rules)[:1]
    if not all(target in rules for target in asked):
        return _put_in("\n".join(lines), variables)
    chosen, pending = dict[str, None](), list(asked)
    while pending:
        target = pending.pop()
        if target not in chosen:
            chosen[target] = None
            pending += [need for need in rules.get(target, ([], []))[0] if need in rules]
    return _put_in("\n".join(line for target in chosen for line in rules[target][1]), variables)


def npm_commands(text: str, arguments: Sequence[str]) -> str:
    """The scripts of ``package.json`` that are asked for, with those that run before and after."""
    try:
        scripts = json.loads(text)["scripts"]
        told = {str(name): value for name, value in scripts.items() if isinstance(value, str)}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return ""
    words = [word for word in arguments if not word.startswith("-")]
    names = words[1:2] if words[:1] and words[0] in _NPM_RUN else words[:1]
    if not names or (names[0] not in told and names[0] not in _NPM_SHORT):
        return "\n".join(told.values())
    return "\n".join(told[name] for name in (f"pre{names[0]}", names[0], f"post{names[0]}") if name in told)


def _rules(lines: Sequence[str]) -> dict[str, tuple[list[str], list[str]]]:
    """Targets with what they need and their recipes; those of ``.PHONY`` and the like are no targets."""
    rules: dict[str, tuple[list[str], list[str]]] = {}
    current: list[str] = []
    for line in lines:
        if line.startswith("\t"):
            for target in current:
                rules[target][1].append(line[1:])
            continue
        targets, colon, needs = line.split("#", 1)[0].partition(":")
        if colon and not _ASSIGNED.match(line):
            current = [target for target in targets.split() if not target.startswith(".")]
            for target in current:
                rules.setdefault(target, ([], []))[0].extend(needs.lstrip(":").split(";", 1)[0].split())
        elif line.strip():
            current = []
    return rules


def _put_in(text: str, variables: Mapping[str, str]) -> str:
    room = _LONGEST

    def value(match: re.Match[str]) -> str:
        nonlocal room
        found = variables.get(match[1] or match[2])
        if found is None or len(found) > room:
            return match[0]
        room -= len(found)
        return found

    for _ in range(_MOST_PASSES):
        put = _USED.sub(value, text)
        if put == text:
            break
        text = put
    return text
