"""One spec before the stricter layer: what the rules read, and where they report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from agent_agency.facts import Finding, Severity
from agent_agency.spec.document import Document
from agent_agency.spec.model import Profile
from agent_agency.spec.strict_rules import ACTIVE, DRAFT, ENDED, STRICT_RULES

if TYPE_CHECKING:
    from agent_agency.spec.validate import RepositoryFiles

Pointer = tuple[str | int, ...]
_ENDED_WORDS: Final = frozenset({"closed", "archived", "completed"})
_EVERY: Final = "*"
_PLACEHOLDER_SIGNS: Final = tuple(
    sign.encode()
    for sign in (
        *(
            "TODO",
            "TBD",
            "TBC",
            "FIXME",
            "XXX",
            "PLACEHOLDER",
            "LOREM IPSUM",
            "PATH/TO/",
            "TO BE D",
            "TO BE C",
            "TO BE W",
        ),
        *("CHANGEME", "CHANGE ME", "CHANGE-ME", "CHANGE_ME", "REPLACEME", "REPLACE ME", "REPLACE-ME", "REPLACE_ME"),
        *("FILLIN", "FILL IN", "FILL-IN", "FILL_IN", "FILLME", "FILL ME", "FILL-ME", "FILL_ME"),
        *("...", "…", "??", "<", "{{", "${"),
    )
)
"""What every placeholder holds, in capitals: a source without any needs no closer look."""


@dataclass(frozen=True, slots=True)
class StrictCase:
    """A document of a known profile; its shape may be wrong, so every reader tells types apart itself.

    ``files`` and ``now`` are ``None`` where nobody knows them; rules that need them then say nothing.
    """

    document: Document
    profile: Profile
    files: RepositoryFiles | None
    now: datetime | None
    found: list[Finding] = field(default_factory=list)
    _may_hold_placeholders: bool = field(init=False)

    def __post_init__(self) -> None:
        source = self.document.source.upper()
        object.__setattr__(self, "_may_hold_placeholders", any(sign in source for sign in _PLACEHOLDER_SIGNS))

    @property
    def spec(self) -> Mapping[str, Any]:
        """The whole spec."""
        value: Mapping[str, Any] = self.document.value
        return value

    @property
    def state(self) -> str:
        """``draft``, ``active`` or ``ended``; a spec without a state binds, so it is active."""
        state = self.spec.get("status" if self.profile is Profile.V10 else "lifecycle_state")
        if isinstance(state, str) and state in _ENDED_WORDS:
            return ENDED
        return DRAFT if state == "draft" else ACTIVE

    def is_placeholder(self, text: str) -> bool:
        """Does the text stand in for one that was not written yet?"""
        if not self._may_hold_placeholders:
            return False
        from agent_agency.spec.placeholder import is_placeholder

        return is_placeholder(text)

    def is_placeholder_path(self, text: str) -> bool:
        """Likewise for a path."""
        if not self._may_hold_placeholders:
            return False
        from agent_agency.spec.placeholder import is_placeholder_path

        return is_placeholder_path(text)

    def texts(self, *pattern: str) -> Iterator[tuple[Pointer, str]]:
        """The texts at a pattern of keys, where ``*`` stands for every entry of a list or object."""
        yield from _texts(self.spec, pattern, ())

    def report(self, rule: str, at: Pointer, message: str, *, remedy: str | None = None, at_key: bool = False) -> None:
        """Report a breach of a declared rule, in the severity that it has in this spec's state."""
        declared = STRICT_RULES[rule]
        self.found.append(
            Finding(
                rule,
                Severity.ADVICE if self.state in declared.advises_when else declared.severity,
                message,
                remedy or declared.remedy,
                self.document.place(at, key=at_key),
                subject="/".join(map(str, at)),
            )
        )


def _texts(value: Any, pattern: tuple[str, ...], at: Pointer) -> Iterator[tuple[Pointer, str]]:
    if not pattern:
        if type(value) is str:
            yield at, value
        return
    step, rest = pattern[0], pattern[1:]
    if type(value) is dict:
        for key in value if step == _EVERY else (step,):
            if key in value:
                yield from _texts(value[key], rest, (*at, key))
    elif type(value) is list and step == _EVERY:
        for index, item in enumerate(value):
            yield from _texts(item, rest, (*at, index))


def named(at: Pointer) -> str:
    """A pointer as people write it: ``'scope.in[2]'``."""
    name = ""
    for part in at:
        name += f"[{part}]" if type(part) is int else f".{part}"
    return f"'{name.lstrip('.')}'"
