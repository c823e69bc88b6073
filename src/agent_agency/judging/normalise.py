r"""Judged text in one form: what a reader cannot see is spelt out, what says nothing is left away.

Style moves judges more than anything else about a text, and invisible characters carry orders to a model that no
reviewer sees. So every judged text has one form of line ends and accents, no blanks at line ends, and each character
that is invisible, or that passes for an ASCII letter, written as ``\u{202E}``. Nothing is cut: what is too long is an
error. The rules for characters follow Unicode's categories (Unicode Standard, chapter 4), the characters that are
shown as nothing though their category is visible (Default_Ignorable_Code_Point, chapter 5, and the empty Braille
pattern), and the mixed-script test of UTS 39.

Marks by which chat templates part turns, such as ``<|im_end|>``, become single tokens wherever they stand, so that a
text could end its own turn and begin the judge's. Their first character is spelt out, which leaves them plain text.

A carriage return ends a line only before a line feed, as git has it. Alone it is spelt out: otherwise a line of a file
could hold what reads as further lines of the diff, headers included.
"""

from __future__ import annotations

import re
import unicodedata

from agent_agency.errors import JudgeError

MAX_CHARS = 100_000
"""The longest judged text, in characters after normalisation."""

_BLANKS_AT_END = re.compile(r"[ \t]+$", re.MULTILINE)
_WORD = re.compile(r"\w+")
_CHAT_MARK = re.compile(
    r"<(?=[|\uff5c])|\[(?=/?INST\]|/?(?:AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|SYSTEM_PROMPT)\])|<(?=</?SYS>>)"
    r"|<(?=/?(?:s|think|thinking|tool_call|tool_response)>)"
    r"|<(?=(?:bos|eos|pad|unk|mask|sep|cls|eot|start_of_turn|end_of_turn|begin_of_text|end_of_text)>)"
)
"""Where a mark begins: of ChatML, Llama 2 to 4, Mistral, Gemma, Phi, Qwen and DeepSeek."""
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_SELECTORS = (range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0), range(0x180B, 0x1810))
_SHOWN_AS_NOTHING = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_LOOKALIKE_SCRIPTS = ("CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC", "LISU")


def normalised(text: str, *, name: str = "text") -> str:
    """A text in its one form; doing it again changes nothing.

    Args:
        text: what may come from anybody.
        name: what an error calls it.

    Raises:
        JudgeError: ``judge.too_long``, it has more than `MAX_CHARS` characters.
    """
    if not text.isascii() or not text.isprintable():
        text = text.replace("\r\n", "\n")
        text = unicodedata.normalize("NFC", text)
        text = "".join(map(_visible, text))
        text = text if text.isascii() else _WORD.sub(_single_script, text)
    text = _CHAT_MARK.sub(lambda mark: escaped(mark[0]), text)
    text = _BLANKS_AT_END.sub("", text).strip("\n")
    if len(text) > MAX_CHARS:
        raise JudgeError(
            f"The {name} to judge has {len(text):,} characters; a judge takes {MAX_CHARS:,}",
            fix="Judge it in parts, such as file by file.",
            code="judge.too_long",
        )
    return text


def escaped(character: str) -> str:
    """How a character is spelt out."""
    return f"\\u{{{ord(character):04X}}}"


def _visible(character: str) -> str:
    if character in "\n\t" or " " <= character <= "~":
        return character
    if unicodedata.category(character) in _HIDDEN or any(ord(character) in span for span in _SELECTORS):
        return escaped(character)
    if character in _SHOWN_AS_NOTHING:
        return escaped(character)
    if character.isalnum() and unicodedata.normalize("NFKC", character).isascii():
        return escaped(character)
    return character


def _single_script(word: re.Match[str]) -> str:
    """Spell out letters of other alphabets in a word that has ASCII letters too."""
    letters = word[0]
    if letters.isascii() or not any(letter.isascii() and letter.isalpha() for letter in letters):
        return letters
    return "".join(escaped(letter) if _is_lookalike(letter) else letter for letter in letters)


def _is_lookalike(letter: str) -> bool:
    return not letter.isascii() and unicodedata.name(letter, "").startswith(_LOOKALIKE_SCRIPTS)
