"""Settings as ``git config -z`` tells them."""

from __future__ import annotations

import re
from collections.abc import Mapping

_TRUE = frozenset({"true", "yes", "on"})
_FALSE = frozenset({"false", "no", "off", ""})


def parse_settings(output: bytes) -> dict[str, str | None]:
    """Read ``git config -z --get-regexp``: the last value of each name, ``None`` where a name stands without one."""
    settings: dict[str, str | None] = {}
    for row in output.decode("utf-8", "surrogateescape").split("\0"):
        name, line_break, value = row.partition("\n")
        if name:
            settings[name] = value if line_break else None
    return settings


def truth(settings: Mapping[str, str | None], name: str, *, default: bool) -> bool:
    """A boolean setting, as git-config(1) says: a name alone means true, a number that it is not 0."""
    value = settings.get(name, "true" if default else "false")
    if value is None or value.lower() in _TRUE:
        return True
    if value.lower() in _FALSE:
        return False
    return int(value) != 0 if re.fullmatch(r"[+-]?[0-9]{1,10}", value) else default
