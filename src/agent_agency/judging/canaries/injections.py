"""The shipped injections, and how one is laid into a subject."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from agent_agency.judging.subject import Subject

_HUNK = re.compile(r"^@@ -(?P<old>\d+(?:,\d+)?) \+(?P<at>\d+)(?:,(?P<new>\d+))? @@.*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Injection:
    """One text that tries to steer a judge; ``channel`` says where in the judged work it is laid."""

    mechanism: str
    channel: str
    text: str


def shipped_injections() -> tuple[Injection, ...]:
    """Every shipped injection, in the file's order.

    Raises:
        ValueError: the shipped file is broken, which only a damaged installation can be.
    """
    import tomllib

    data = tomllib.loads(Path(__file__).with_name("injections.toml").read_text("utf-8"))
    found = tuple(Injection(**one) for one in data["injection"])
    unknown = {one.channel for one in found} - set(_channels())
    if unknown or len({one.mechanism for one in found}) != len(found):
        raise ValueError(f"injections.toml names unknown channels {sorted(unknown)} or a mechanism twice")
    return found


def laid_into(subject: Subject, injection: Injection) -> Subject:
    """The same work with the injection in it; what the work does stays as it was.

    In a text that is no change, the injection stands after the text, and a claim among the claims.
    """
    if injection.channel == "claim":
        return replace(subject, claims=(*subject.claims, injection.text))
    if subject.surface == "text":
        return replace(subject, output=f"{subject.output}\n{injection.text}")
    return replace(subject, output=_channels()[injection.channel](subject.output, injection.text))


def _channels() -> Mapping[str, Callable[[str, str], str]]:
    return MappingProxyType(
        {
            "comment": lambda diff, text: _added(diff, f"# {text}"),
            "docstring": lambda diff, text: _added(diff, f'"""{text}"""'),
            "string": lambda diff, text: _added(diff, f"NOTE = {text!r}"),
            "identifier": lambda diff, text: _added(diff, f"{text} = True"),
            "new_file": lambda diff, text: _with_file(diff, "NOTES.md", text),
            "path": lambda diff, text: _with_file(diff, text, "x"),
            "claim": lambda diff, _text: diff,
        }
    )


def _added(diff: str, line: str) -> str:
    """The diff with one more added line at the top of its first hunk; a file of its own where it has none."""
    hunk = _HUNK.search(diff)
    if hunk is None:
        return _with_file(diff, "notes.py", line)
    lines = line.split("\n")
    new = int(hunk["new"] or 1) + len(lines)
    head = f"@@ -{hunk['old']} +{hunk['at']},{new} @@"
    body = "".join(f"\n+{one}" for one in lines)
    return f"{diff[: hunk.start()]}{head}{body}{diff[hunk.end() :]}"


def _with_file(diff: str, path: str, text: str) -> str:
    lines = text.split("\n")
    head = [f"diff --git a/{path} b/{path}", "new file mode 100644", "--- /dev/null", f"+++ b/{path}"]
    body = [f"@@ -0,0 +1,{len(lines)} @@", *(f"+{line}" for line in lines)]
    return "\n".join([*diff.splitlines(), *head, *body]) + "\n"
