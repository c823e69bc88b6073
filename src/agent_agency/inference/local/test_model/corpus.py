"""The text that the vocabulary is trained on: made here, so that it is the same wherever and whenever it is made.

Text is cut into words before any merging, so only how often each word stands in it matters, not their order: the corpus
is a list of words, each in the ways in which English and Python write it, as often as Zipf's law has it (frequency
inverse to rank, Zipf 1949). ``words.txt`` has the words of this project's own text, the commonest first; it is frozen,
since another list makes other models.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files

_WHOLE_WORDS = "Yes No yes no pass partial fail abstain score verdict reason evidence A B C D E"
"""What judges answer: each must be one token, at the begin of an answer and after a space, in any vocabulary."""
_SIGNS = (
    *(" = ", " == ", " != ", " -> ", " + ", " - ", " * ", " >= ", " <= ", "(", ")", "()", "):\n", "]", "],\n", "),\n"),
    *(".", ",", ":", ":\n", '"', '"""', "'", '":', '",', "`", "``", "#", " #", ' "', " '", " (", " [", " {", "}", "…"),
    *(".\n", ".\n\n", "\n", "\n\n", "\n\n\n", " ", "  ", "   ", "---", "===", "```", "**", "__", "://", "\\n", "--"),
)
_INDENTS = tuple(" " * width for width in (3, 4, 7, 8, 11, 12, 15, 16, 20))
_COMMONEST = 400
_LEAST = 2
_WHOLE_WORD_COUNT = 5 * _COMMONEST
"""How often the commonest word, each form of the rarest, and each word that must be whole stand in the text."""
_SHARES = (("{0}", 4), (" {0}", 12), (" {1}", 2), ("{1}", 2), ("_{0}", 3), (".{0}", 2), ("({0}", 1), ("{2}", 1))
"""Ways to write a word (as it is, with a capital, in capitals) and the sixteenths of its frequency that each has."""


def corpus() -> Iterator[str]:
    """Give the text in pieces; each is cut by itself."""
    for word in _WHOLE_WORDS.split():
        yield f"{word} {word}\n" * _WHOLE_WORD_COUNT
    for sign in (*_SIGNS, *_INDENTS):
        yield f"{sign}a\n" * _COMMONEST
    for rank, word in enumerate(_words(), start=1):
        frequency = 16 * _COMMONEST // (rank + 15)
        for form, share in _SHARES:
            written = form.format(word, word.capitalize(), word.upper())
            yield f"{written}\n" * max(_LEAST, frequency * share // 16)


def _words() -> list[str]:
    text = files("agent_agency.inference.local.test_model").joinpath("words.txt").read_text(encoding="utf-8")
    return text.split()
