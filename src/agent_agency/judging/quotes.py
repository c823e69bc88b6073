"""Whether a judge's evidence stands in the judged text, character by character.

A judge that quotes what is not there has not read what it judges. Quote and text are compared after the same
normalisation, and a run of blanks counts as one, as models do not copy indentation faithfully. A quote must say
something: `SHORTEST` characters besides blanks, or a whole line where the text has only shorter ones.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

SHORTEST = 8
"""Characters, blanks not counted, that a quote must have at least."""

_BLANKS = re.compile(r"\s+")
_MARKERS = re.compile(r"^[+\- ]", re.MULTILINE)


def missing_quote(evidence: Sequence[str], material: str, *, abstained: bool) -> str:
    """What is wrong with an answer's evidence; empty where all of it stands in the material.

    Pass, partial and fail need at least one quote: also what is good can be shown. Only where there is nothing to
    quote may the list be empty. An abstention needs none, but what it quotes must stand there too.

    Args:
        evidence: the quotes.
        material: the judged text as it was shown.
        abstained: whether the answer decides nothing.
    """
    if not evidence:
        needed = not abstained and bool(material.strip())
        return "evidence is empty; quote at least one piece of the judged text" if needed else ""
    text = _compared(material)
    lines = _Lines(material)
    for quote in evidence:
        wanted = _compared(quote)
        if not _says_something(wanted, lines):
            return f"the quote {_shown(quote)} is too short to show anything; quote {SHORTEST} characters or more"
        if wanted not in text and not lines.hold_without_markers(quote):
            return f"the quote {_shown(quote)} does not stand in the judged text; copy it exactly"
    return ""


class _Lines:
    """The lines of the material, compared only when asked for."""

    def __init__(self, material: str) -> None:
        self._material = material

    def whole(self, wanted: str) -> bool:
        return wanted in {_compared(_MARKERS.sub("", line)) for line in self._material.split("\n")} | {
            _compared(line) for line in self._material.split("\n")
        }

    def hold_without_markers(self, quote: str) -> bool:
        """Whether a quote of several lines stands there when the diff's markers are left away on both sides."""
        if "\n" not in quote:
            return False
        bare = _compared(_MARKERS.sub("", self._material))
        return any(_compared(form) in bare for form in (quote, _MARKERS.sub("", quote)))


def _says_something(wanted: str, lines: _Lines) -> bool:
    size = len(wanted.replace(" ", ""))
    return size >= SHORTEST or (size > 0 and lines.whole(wanted))


def _compared(text: str) -> str:
    return _BLANKS.sub(" ", unicodedata.normalize("NFC", text)).strip()


def _shown(quote: str) -> str:
    bare = " ".join(quote.split())
    return f"'{bare[:57]}…'" if len(bare) > 60 else f"'{bare}'"  # noqa: PLR2004 - a sentence's worth
