"""Makes bytes into text that the parser reads as the reference's reader would.

Two readers of one format differ in small things: which characters end a line, which may stand in a comment, how an
escaped surrogate pair and a stray tab are taken. What differs is substituted before parsing, one character for one,
so that lines and columns stay true, and put back in the values.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

_ODD: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_GLUED_MARKER: Final = re.compile(r"(?:[ \t]*(?:#.*)?\r?\n)*(---)(?=[^ \t\r\n])")
"""``---`` without a blank after it, which the reference takes for the marker before the document all the same."""
_BREAKS_ELSEWHERE: Final = frozenset("\x85\u2028\u2029\ufeff")
_ESCAPED_SURROGATE: Final = r"(?s)\\(?:u([dD][89a-fA-F][0-9a-fA-F]{2})|.)"
_MAYBE_SURROGATE: Final = ("\\ud", "\\uD")
_SURROGATE_BLOCKS: Final = ("e", "f")


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Why the bytes are no text: the parts of a refusal."""

    rule: str
    message: str
    remedy: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Prepared:
    """Text ready for the parser.

    ``substitutes`` maps stand-ins back to the characters they stand for, ``block`` is the first hex digit of the
    stand-ins for escaped surrogates (empty: none), ``tabs`` maps lines (from 0) to the
    column of a tab after a list dash that was made a space: no block may begin behind it. ``long_keys`` asks for the
    parser that bounds no key.
    """

    text: str
    substitutes: Mapping[str, str]
    block: str = ""
    tabs: Mapping[int, int] = field(default_factory=dict)
    reread: int = 0
    long_keys: bool = False

    @property
    def odd(self) -> bool:
        """Must values be put back?"""
        return bool(self.substitutes) or self.block != ""

    def restore(self, value: str, style: str | None) -> str | None:
        """Put a scalar's own characters back; ``None`` for one with a character that its style does not allow."""
        for stand_in, char in self.substitutes.items():
            if stand_in in value:
                if char < " " or (style not in {"'", '"'} and char not in _BREAKS_ELSEWHERE):
                    return None
                value = value.replace(stand_in, char)
        if not self.block:
            return value
        return _join_surrogates(value, self.block) if style == '"' else _show_surrogates(value, self.block)


def prepare(data: bytes) -> Prepared | Unreadable:
    """Decode UTF-8 (a byte-order mark is dropped) and substitute what the two readers take differently."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        return _not_utf8(data, error.start)
    text = text.removeprefix("\ufeff")
    if not text.endswith(("\n", "\r")):
        text += "\n"  # as the reference does, so that a block scalar at the very end has its last line break
    if text.startswith(("-", "#", " ", "\n", "\r")) and (marker := _GLUED_MARKER.match(text)):
        text = text[: marker.start(1)] + "   " + text[marker.end(1) :]
    substitutes: dict[str, str] = {}
    if _ODD.search(text):
        if "\x00" in text:
            return _at(text, text.index("\x00"), "parse_failed", "The file holds a null byte", "Save it as plain text.")
        text, substitutes = _substitute(text)
    block = _free_block(text) if any(sign in text for sign in _MAYBE_SURROGATE) else ""
    if block:
        text = _hide_surrogates(text, block)
    return Prepared(text, substitutes, block)


def _not_utf8(data: bytes, offset: int) -> Unreadable:
    before = data[:offset].decode("utf-8", "replace")
    return _at(before, len(before), "not_utf8", "The file is not UTF-8 text", "Save the file in UTF-8.")


def _at(text: str, index: int, rule: str, message: str, remedy: str) -> Unreadable:
    line = text.count("\n", 0, index) + 1
    return Unreadable(rule, message, remedy, line, index - text.rfind("\n", 0, index))


def _substitute(text: str) -> tuple[str, dict[str, str]]:
    """Give each odd character a stand-in from the supplementary private use area that the text does not use."""
    used = set(text)
    free = (char for char in map(chr, range(0xF0000, 0xFFFFD)) if char not in used)
    pairs: dict[str, str] = {char: next(free) for char in sorted(set(_ODD.findall(text)))}
    return text.translate({ord(char): stand_in for char, stand_in in pairs.items()}), {
        stand_in: char for char, stand_in in pairs.items()
    }


def _free_block(text: str) -> str:
    """A block of 2048 private characters of which the text uses none, written or escaped; empty for none."""
    for block in _SURROGATE_BLOCKS:
        start = int(block, 16) << 12
        if not re.search(rf"\\[uU](?:0000)?{block}[0-7]|[{chr(start)}-{chr(start + 0x7FF)}]", text, re.IGNORECASE):
            return block
    return ""


def _hide_surrogates(text: str, block: str) -> str:
    r"""Let ``\ud83d`` escape a private character; the case of its letters is kept."""

    def hide(match: re.Match[str]) -> str:
        code = match[1]
        if code is None:
            return match[0]
        return f"\\u{block.upper() if code[0] == 'D' else block}{int(code[1], 16) - 8}{code[2:]}"

    return re.sub(_ESCAPED_SURROGATE, hide, text)


def _show_surrogates(value: str, block: str) -> str:
    """Undo ``_hide_surrogates`` where the text was no escape."""

    def show(match: re.Match[str]) -> str:
        code = f"d{int(match[2]) + 8:x}"
        return f"\\u{code.upper() if match[1].isupper() else code}{match[3]}"

    return re.sub(rf"\\u([{block}{block.upper()}])([0-7])([0-9a-fA-F]{{2}})", show, value)


def _join_surrogates(value: str, block: str) -> str:
    """Join surrogate pairs to the character that they write; a half alone becomes U+FFFD."""
    start = int(block, 16) << 12
    codes = "".join(chr(ord(char) - start + 0xD800) if start <= ord(char) < start + 0x800 else char for char in value)
    return codes.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
