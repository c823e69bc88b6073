"""The pieces of regular expression that picomatch 4.0 builds patterns from (``dot: true``), in ECMAScript's syntax."""

from __future__ import annotations

import re

STAR = "[^/]*?"
ANY = "[^/]"
ONE = "(?=.)"
END = r"(?:\/|$)"
DOTS_END = r"\.{1,2}" + END
NOT_DOTS_HERE = f"(?!{DOTS_END})"
NOT_DOTS = rf"(?!(?:^|\/){DOTS_END})"
NOT_DOT_END = rf"(?!\.{{0,1}}{END})"
GLOBSTAR = f"(?:(?:{NOT_DOTS}.)*?)"
DEEP = f"(?:{NOT_DOTS}{GLOBSTAR}\\/)?"


def escape(text: str) -> str:
    """Escape what has a meaning in an expression."""
    return re.sub(r"([-*+?.^${}(|)[\]])", r"\\\1", text)
