"""Where the comments of a source file stand, by a real lexer wherever there is one.

Python goes through ``tokenize``, other languages through Pygments; a file that neither can read, or not in time, is
read line by line by common comment markers, which is said. Prose (Markdown, plain text) is no code and has no comments.
"""

from __future__ import annotations

import io
import re
import time
import tokenize
import warnings
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pygments.lexer import Lexer

MAX_LEXED_BYTES = 512 * 1024
MAX_LEXED_LINE = 20_000
MAX_LEXING_S = 20.0
"""Seconds of Pygments for all files together: some of its lexers are quadratic in what was written to that end."""

_PYTHON = frozenset({".py", ".pyi", ".pyw"})
_PROSE_SUFFIXES = frozenset(
    ".adoc .asciidoc .csv .log .markdown .md .mdown .mdx .org .rst .tsv .txt".split()  # noqa: SIM905 - reads better
)
_PROSE_NAMES = frozenset({"authors", "changelog", "changes", "copying", "license", "licence", "notice", "readme"})
_QUOTES = ('"', "'", "`", "r'", 'r"')
_MARKED = re.compile(r"(?:^|\s)(#|//|/\*|--|;|<!--|%)(.*)")


@dataclass(frozen=True, slots=True)
class Comment:
    """One line of one comment; line and column count from 1, lines as git counts them."""

    line: int
    column: int
    text: str


@dataclass(frozen=True, slots=True)
class Comments:
    """The comments of a file and ``how`` they were found: ``tokenize``, ``pygments``, ``markers`` or ``prose``."""

    items: tuple[Comment, ...]
    how: str


class CommentReader:
    """Reads comments; remembers which lexer belongs to which kind of name.

    Args:
        time_s: how long Pygments may take for all files together, in seconds.
    """

    def __init__(self, time_s: float = MAX_LEXING_S) -> None:
        self._lexers: dict[str, Lexer | None] = {}
        self._left_s = time_s

    def read(self, path: str, data: bytes) -> Comments:
        """Find the comments of a file by its name and its bytes at the head."""
        if is_prose(path):
            return Comments((), "prose")
        text = data.decode("utf-8", "replace").removeprefix("\ufeff")
        if len(data) <= MAX_LEXED_BYTES and max(map(len, text.split("\n"))) <= MAX_LEXED_LINE:
            if PurePosixPath(path).suffix.lower() in _PYTHON and (found := _python_comments(text)) is not None:
                return Comments(found, "tokenize")
            if (found := self._lexed(path, text)) is not None:
                return Comments(found, "pygments")
        return Comments(tuple(_marked_comments(text)), "markers")

    def _lexed(self, path: str, text: str) -> tuple[Comment, ...] | None:
        lexer = self._lexer(path)
        if lexer is None or self._left_s <= 0:
            return None
        begun = time.monotonic()
        try:
            return _lexed_comments(lexer, text, begun + self._left_s)
        finally:
            self._left_s -= time.monotonic() - begun

    def _lexer(self, path: str) -> Lexer | None:
        pure = PurePosixPath(path)
        kind = pure.suffix or pure.name
        if kind not in self._lexers:
            self._lexers[kind] = _find_lexer(pure.name)
        return self._lexers[kind]


def is_prose(path: str) -> bool:
    """Whether the name says that the file is text for people, not code."""
    pure = PurePosixPath(path)
    return pure.suffix.lower() in _PROSE_SUFFIXES or (not pure.suffix and pure.name.lower() in _PROSE_NAMES)


def _python_comments(text: str) -> tuple[Comment, ...] | None:
    pieces = list(_physical_lines(text))
    texts = iter([piece for piece, _ in pieces])
    found = []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for token in tokenize.generate_tokens(lambda: next(texts, "")):
                if token.type == tokenize.COMMENT:
                    row, column = token.start
                    found.append(Comment(pieces[row - 1][1], column + 1, token.string))
    except (tokenize.TokenError, SyntaxError, ValueError, RecursionError, IndexError):
        return None
    return tuple(found)


def _physical_lines(text: str) -> Iterator[tuple[str, int]]:
    """Lines as Python counts them (a lone carriage return ends one), each with its number as git counts."""
    for number, line in enumerate(io.StringIO(text, newline="\n"), start=1):
        for piece in re.split(r"(?<=\r)(?!\n)", line):
            if piece:
                yield (piece[:-1] + "\n" if piece.endswith("\r") else piece), number


def _lexed_comments(lexer: Lexer, text: str, deadline: float) -> tuple[Comment, ...] | None:
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    ended = text if text.endswith("\n") else text + "\n"
    try:
        spans = [span for span in _comment_spans(lexer, ended, deadline) if not span[1].lstrip().startswith(_QUOTES)]
    except Exception:  # noqa: BLE001 - a lexer that breaks on hostile text must not decide; the markers then do
        return None
    return tuple(item for index, value in spans for item in _split(index, value, starts))


def _comment_spans(lexer: Lexer, text: str, deadline: float) -> Iterator[tuple[int, str]]:
    """Offset and text of each comment, tokens that touch each other joined.

    Preprocessor lines are code; documentation that is written in comment signs is a comment.

    Raises:
        TimeoutError: when the moment ``deadline`` of the monotonic clock has passed.
    """
    from pygments.token import Comment as Remark
    from pygments.token import String

    code = (Remark.Preproc, Remark.PreprocFile, Remark.Hashbang)
    family: object = None
    start, end, parts = 0, 0, [""]
    for index, kind, value in lexer.get_tokens_unprocessed(text):
        if time.monotonic() > deadline:
            raise TimeoutError
        remark = kind in Remark and not any(kind in other for other in code)
        if remark or kind in String.Doc:
            if index != end or family is not remark:
                yield start, "".join(parts)
                start, parts, family = index, [], remark
            parts.append(value)
            end = index + len(value)
    yield start, "".join(parts)


def _split(index: int, value: str, starts: list[int]) -> Iterable[Comment]:
    first = bisect_right(starts, index)
    for offset, part in enumerate(value.split("\n")):
        if part:
            column = index - starts[first - 1] + 1 if offset == 0 else 1
            yield Comment(first + offset, column, part)


def _marked_comments(text: str) -> Iterator[Comment]:
    for number, line in enumerate(text.split("\n"), start=1):
        if match := _MARKED.search(line):
            yield Comment(number, match.start(1) + 1, line[match.start(1) :])


def _find_lexer(name: str) -> Lexer | None:
    from pygments.lexers import find_lexer_class_for_filename

    find: Callable[[str], type[Lexer] | None] = find_lexer_class_for_filename
    lexer_class = find(name)
    if lexer_class is None or "text" in lexer_class.aliases:
        return None
    return lexer_class()
