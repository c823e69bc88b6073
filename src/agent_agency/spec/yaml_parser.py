"""The parser under the reader: PyYAML's C parser, else its pure one, and where it is led past a refusal of its own.

The reference's reader takes tabs where libyaml does not, keys of any length, and a block mapping after ``---`` on one
line.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, Final

import yaml

from agent_agency.spec.yaml_text import Prepared

_IN_BLOCK_TEXT: Final = "indentation space is expected"
_MOST_REREAD: Final = 4 * 1024 * 1024
_LONGEST_KEY: Final = 1024
_MOST_FOR_LONG_KEYS: Final = 64 * 1024
_MAPPING_AFTER_MARKER: Final = re.compile(r"(?:[ \t]*(?:#.*)?\r?\n)*(---) +[^\s#|>&!]")


def make_parser(text: str) -> Any:
    """A parser over a text, with ``get_event`` and ``get_token``."""
    try:
        from yaml._yaml import CParser
    except ImportError:
        return make_pure_parser(text)
    return CParser(text)


def make_pure_parser(text: str, *, long_keys: bool = False) -> Any:
    """The parser in Python, for installations without the C one and for keys longer than YAML's 1024 characters."""
    from yaml.parser import Parser
    from yaml.reader import Reader
    from yaml.scanner import Scanner, ScannerError

    class PureParser(Reader, Scanner, Parser):
        def __init__(self, stream: str) -> None:
            Reader.__init__(self, stream)
            Scanner.__init__(self)
            Parser.__init__(self)

        def stale_possible_simple_keys(self) -> None:
            if not long_keys:
                super().stale_possible_simple_keys()
                return
            for level in [level for level, key in self.possible_simple_keys.items() if key.line != self.line]:
                key = self.possible_simple_keys.pop(level)
                if key.required:
                    raise ScannerError(
                        "while scanning a simple key", key.mark, "could not find expected ':'", self.get_mark()
                    )

    return PureParser(text)


def mend(prepared: Prepared, error: Any) -> Prepared | None:
    """The text, or how to read it, changed where a parser refused what the reference takes; ``None`` for the rest."""
    return _mend_tab(prepared, error) or _mend_marker(prepared) or _mend_long_key(prepared)


def _mend_marker(prepared: Prepared) -> Prepared | None:
    """Put blanks for a leading ``---`` before a node on the same line."""
    match = _MAPPING_AFTER_MARKER.match(prepared.text)
    if match is None:
        return None
    text = prepared.text[: match.start(1)] + "   " + prepared.text[match.end(1) :]
    return replace(prepared, text=text, reread=prepared.reread + len(text))


def _mend_long_key(prepared: Prepared) -> Prepared | None:
    """Ask for the parser that takes long keys where a line is long enough to hold a long key."""
    text = prepared.text
    if prepared.long_keys or len(text) > _MOST_FOR_LONG_KEYS:
        return None
    long_line = any(len(line) > _LONGEST_KEY for line in text.splitlines())
    return replace(prepared, long_keys=True) if long_line else None


def _mend_tab(prepared: Prepared, error: Any) -> Prepared | None:
    """The text with the tab at which a parser stopped made a space; ``None`` where the tab is rightly refused.

    The reference's reader takes tabs on blank lines, before comments, after a list dash and between brackets.
    """
    mark, text = error.problem_mark, prepared.text
    if mark is None or text[mark.index : mark.index + 1] != "\t" or prepared.reread > _MOST_REREAD:
        return None
    blank = re.compile(r"[ \t]*(?:\r?\n[ \t]*)*").match(text, mark.index)
    end = blank.end() if blank else mark.index
    rest = text[mark.index : end]
    before = text[text.rfind("\n", 0, mark.index) + 1 : mark.index]
    harmless = "\n" in rest or text[end : end + 1] in {"", "#"} or _is_between_brackets(text[: mark.index])
    after_dash = before.rstrip(" ").endswith("-") and before.strip(" -") == ""
    if not (harmless or after_dash) or (_IN_BLOCK_TEXT in str(error.problem) and rest.endswith((" ", "\t"))):
        return None
    tabs = prepared.tabs if harmless else {**prepared.tabs, mark.line: mark.column}
    mended = text[: mark.index] + rest.replace("\t", " ") + text[end:]
    return replace(prepared, text=mended, tabs=tabs, reread=prepared.reread + len(text))


def _is_between_brackets(text: str) -> bool:
    """Does a text end inside a flow collection?"""
    parser = make_parser(text)
    depth = 0
    try:
        while (token := parser.get_token()) is not None:
            depth += token.id in {"[", "{"}
            depth -= token.id in {"]", "}"}
    except yaml.YAMLError:
        return False
    return depth > 0
