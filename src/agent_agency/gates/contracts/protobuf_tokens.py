"""The words of a protobuf file, one after the other."""

from __future__ import annotations

import re
from dataclasses import dataclass

from agent_agency.gates.contracts.documents import shown
from agent_agency.gates.contracts.model import Unreadable

MAX_TOKENS = 500_000
_TOKEN = re.compile(
    r"""(?P<blank>[ \t\r\n\v\f]+|//[^\n]*|/\*(?s:.*?)\*/)
    |(?P<word>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<number>(?:0[xX][0-9a-fA-F]+|[0-9]+(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?|\.[0-9]+(?:[eE][-+]?[0-9]+)?)[fF]?)
    |(?P<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
    |(?P<sign>[{}\[\]()<>;=,.:+/-])""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Token:
    """One word. ``kind`` is word, number, text, sign or end."""

    kind: str
    text: str
    line: int


class Tokens:
    """A file's words with a place among them."""

    def __init__(self, text: str) -> None:
        self._tokens = _split(text)
        self._at = 0

    def peek(self, ahead: int = 0) -> Token:
        """A word to come."""
        return self._tokens[min(self._at + ahead, len(self._tokens) - 1)]

    def next(self) -> Token:
        """The next word, taken."""
        token = self.peek()
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token

    def take(self, text: str) -> bool:
        """Take the next word if it is this one."""
        if self.peek().text == text and self.peek().kind in {"word", "sign"}:
            self.next()
            return True
        return False

    def expect(self, text: str) -> Token:
        """Take a word that must be this one."""
        token = self.next()
        if token.text != text or token.kind not in {"word", "sign"}:
            raise refused(token, f"'{text}'")
        return token

    def word(self) -> Token:
        """Take a name."""
        token = self.next()
        if token.kind != "word":
            raise refused(token, "a name")
        return token

    def text(self) -> str:
        """Take a text in quotes, or several in a row."""
        if self.peek().kind != "text":
            raise refused(self.peek(), "a text in quotes")
        found = ""
        while self.peek().kind == "text":
            found += self.next().text[1:-1]
        return found

    def dotted(self) -> str:
        """Take a name that may have dots, also before it."""
        found = "." if self.take(".") else ""
        found += self.word().text
        while self.take("."):
            found += "." + self.word().text
        return found

    def integer(self) -> int:
        """Take a whole number, which may be negative."""
        negative = self.take("-")
        token = self.next()
        try:
            value = int(token.text, 16) if token.text[:2].lower() == "0x" else _decimal_or_octal(token.text)
        except ValueError:
            raise refused(token, "a whole number") from None
        return -value if negative else value


def refused(token: Token, wanted: str) -> Unreadable:
    """The problem of a word that stands where another is wanted."""
    found = "the file ends" if token.kind == "end" else f"'{shown(token.text)}' stands"
    return Unreadable(f"{found} where {wanted} is wanted", token.line)


def _decimal_or_octal(text: str) -> int:
    return int(text, 8) if len(text) > 1 and text[0] == "0" else int(text)


def _split(text: str) -> list[Token]:
    tokens: list[Token] = []
    at, line = 0, 1
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise Unreadable(f"'{shown(text[at])}' belongs to nothing", line)
        if match.lastgroup != "blank":
            tokens.append(Token(match.lastgroup or "", match[0], line))
        if len(tokens) > MAX_TOKENS:
            raise Unreadable(f"it has more than {MAX_TOKENS:,} words")
        line += match[0].count("\n")
        at = match.end()
    return [*tokens, Token("end", "", line)]
