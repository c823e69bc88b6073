"""Tells a text that stands in for another one from a text that speaks of such words.

"TODO: describe one invariant" is a placeholder; "TODO comments are reported" is a statement. So a marker counts where
it is the whole text, where it opens the text like a heading, or where it closes it as the value of something.
"""

from __future__ import annotations

import re
from typing import Final

_MARKER: Final = (
    r"(?:TODO|TBD|TBC|FIXME|XXX|CHANGE[ _-]?ME|REPLACE[ _-]?ME|FILL[ _-]?(?:ME[ _-]?)?IN|PLACEHOLDER"
    r"|TO BE (?:DONE|DEFINED|DECIDED|DETERMINED|COMPLETED|WRITTEN))"
)
_ORDERS: Final = (
    "add|choose|complete|confirm|decide|define|describe|document|explain|fill|finish|implement|list|name|replace|set"
    "|specify|state|update|write"
)
_WHOLE: Final = re.compile(
    rf"(?:\W*{_MARKER})+\W*|\.{{3,}}|…|\?{{2,}}|<[^<>]+>|\{{\{{[^{{}}]*\}}\}}|\$\{{[^{{}}]*\}}", re.IGNORECASE
)
_HEADING: Final = re.compile(rf"\W*{_MARKER}\s*(?:[:(\[]|[-\u2013\u2014]\s)", re.IGNORECASE)
_ORDER: Final = re.compile(rf"\W*(?:(?:TODO|FIXME|XXX)\s+(?i:{_ORDERS})\b|TB[DC]\s)")
_VALUE: Final = re.compile(r"(?:[:=]\s*(?:TODO|TBD|TBC|FIXME|XXX)|\b(?:is|are|below|under|within|until)\s+TB[DC])\W*\Z")
_LOREM: Final = re.compile(r"\blorem ipsum\b", re.IGNORECASE)
_IN_PATH: Final = re.compile(r"<[^<>]*>|\A(?:\./)?path/to/|\{\{|\$\{")


def is_placeholder(text: str) -> bool:
    """Does the text stand in for one that was not written yet?"""
    return bool(
        _WHOLE.fullmatch(text)
        or _HEADING.match(text)
        or _ORDER.match(text)
        or _VALUE.search(text)
        or _LOREM.search(text)
    )


def is_placeholder_path(text: str) -> bool:
    """Likewise for a path, in which a part in angle brackets or ``path/to/`` says it too."""
    return is_placeholder(text) or _IN_PATH.search(text) is not None
