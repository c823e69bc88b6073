"""One spec before the stricter layer: what the rules read, and where they report."""

from __future__ import annotations

from collections.abc import Mapping
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
_PLACEHOLDER_SIGNS: Final = (
    *("TODO", "TBD", "TBC", "FIXME", "XXX", "PLACEHOLDER", "LOREM IPSUM", "PATH/TO/", "TO BE D", "TO BE C", "TO BE W"),
    *("CHANGEME", "CHANGE ME", "CHANGE-ME", "CHANGE_ME", "REPLACEME", "REPLACE ME", "REPLACE-ME", "REPLACE_ME"),
    *("FILLIN", "FILL IN", "FILL-IN", "FILL_IN", "FILLME", "FILL ME", "FILL-ME", "FILL_ME"),
    *("...", "…", "??", "<", "{{", "${"),
)
"""What every placeholder holds, in capitals: a text without any needs no closer look."""
_WRITTEN_SIGNS: Final = tuple((sign, sign.encode()) for sign in _PLACEHOLDER_SIGNS)


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
    _signs: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        source = self.document.source.upper()
        object.__setattr__(self, "_signs", tuple(sign for sign, written in _WRITTEN_SIGNS if written in source))

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
        if not self._has_sign(text):
            return False
        from agent_agency.spec.placeholder import is_placeholder

        return is_placeholder(text)

    def is_placeholder_path(self, text: str) -> bool:
        """Likewise for a path."""
        if not self._has_sign(text):
            return False
        from agent_agency.spec.placeholder import is_placeholder_path

        return is_placeholder_path(text)

    def _has_sign(self, text: str) -> bool:
        if not self._signs:
            return False
        capitals = text.upper()
        return any(sign in capitals for sign in self._signs)

    def texts(self, *pattern: str) -> list[tuple[Pointer, str]]:
        """The texts at a pattern of keys, where ``*`` stands for every entry of a list or object."""
        level: list[tuple[Pointer, Any]] = [((), self.spec)]
        for step in pattern:
            level = [child for at, value in level for child in _children(at, value, step)]
        return [(at, value) for at, value in level if type(value) is str]

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


def _children(at: Pointer, value: Any, step: str) -> list[tuple[Pointer, Any]]:
    if type(value) is dict:
        if step == _EVERY:
            return [((*at, key), child) for key, child in value.items()]
        return [((*at, step), value[step])] if step in value else []
    if type(value) is list and step == _EVERY:
        return [((*at, index), child) for index, child in enumerate(value)]
    return []


def named(at: Pointer) -> str:
    """A pointer as people write it: ``'scope.in[2]'``."""
    name = ""
    for part in at:
        name += f"[{part}]" if type(part) is int else f".{part}"
    return f"'{name.lstrip('.')}'"
