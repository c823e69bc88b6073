"""A small program of our own: right source, tests, and bugs to seed, read strictly from a TOML file."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from agent_agency.errors import DatasetError

_BUG_KEYS = frozenset({"id", "function", "good", "bad", "alt", "wrong", "ask", "feature", "test", "hidden"})
_PROGRAM_KEYS = frozenset({"id", "module", "vary", "source", "tests", "bugs"})
_FIX = "Mend the program's file; every program of the training set has the form of its neighbours."


@dataclass(frozen=True, slots=True)
class Bug:
    """One fault that can be put in, and everything that is known of it.

    Args:
        id: unique in its program.
        function: where it sits.
        good: the right text, exactly once in the program's source.
        bad: what stands there when the fault is in.
        alt: other right texts.
        wrong: texts that look like a fix and are none.
        ask: ways to ask for the fix.
        feature: what the function does once it is right, as a predicate ("drops punctuation").
        test: a visible test that fails with the fault in.
        hidden: tests that hold for right texts alone; nobody who judges sees them.
    """

    id: str
    function: str
    good: str
    bad: str
    alt: tuple[str, ...]
    wrong: tuple[str, ...]
    ask: tuple[str, ...]
    feature: str
    test: str
    hidden: str


@dataclass(frozen=True, slots=True)
class Program:
    """A module that is right, its visible tests, and its bugs; ``vary`` lists other names for names in it."""

    id: str
    module: str
    vary: Mapping[str, tuple[str, ...]]
    source: str
    tests: str
    bugs: tuple[Bug, ...]

    @property
    def package(self) -> str:
        """The folder of the module."""
        return self.module.partition("/")[0]

    @property
    def test_file(self) -> str:
        """Where its visible tests stand."""
        return f"tests/test_{self.module.rpartition('/')[2]}"

    @property
    def test_header(self) -> str:
        """The imports that its tests begin with."""
        return self.tests[: self.tests.index("\ndef test_") + 1].rstrip("\n") + "\n"

    def bug(self, name: str) -> Bug:
        """The bug of that id."""
        return next(bug for bug in self.bugs if bug.id == name)

    def source_with(self, put_in: Mapping[str, str]) -> str:
        """The source with the right text of each named bug replaced by another text."""
        text = self.source
        for name, instead in put_in.items():
            text = text.replace(self.bug(name).good, instead, 1)
        return text

    def tests_with(self, named: Collection[str]) -> str:
        """The visible tests, with the tests of the named bugs after them."""
        more = [f"\n\n{bug.test}" for bug in self.bugs if bug.id in named]
        return self.tests + "".join(more)

    def hidden_tests(self, name: str) -> str:
        """A whole test module that settles one bug."""
        return f"{self.test_header}\n\n{self.bug(name).hidden}"

    def renamed(self, names: Mapping[str, str]) -> Program:
        """The same program with other names for some of what it names, everywhere alike."""
        if not names:
            return self
        pattern = re.compile(r"\b(" + "|".join(map(re.escape, names)) + r")\b")

        def other(text: str) -> str:
            return pattern.sub(lambda found: names[found[1]], text)

        bugs = tuple(_renamed_bug(bug, other) for bug in self.bugs)
        return Program(self.id, other(self.module), self.vary, other(self.source), other(self.tests), bugs)


def _renamed_bug(bug: Bug, other: Callable[[str], str]) -> Bug:
    texts = {key: other(getattr(bug, key)) for key in ("function", "good", "bad", "test", "hidden")}
    alt, wrong = (tuple(map(other, texts)) for texts in (bug.alt, bug.wrong))
    ask = tuple(_quoted_alike(text, other) for text in bug.ask)
    return Bug(id=bug.id, alt=alt, wrong=wrong, ask=ask, feature=_quoted_alike(bug.feature, other), **texts)


def _quoted_alike(text: str, other: Callable[[str], str]) -> str:
    """Prose keeps its words; only what stands between backticks is code."""
    return re.sub(r"`[^`]+`", lambda found: other(found[0]), text)


def shipped_names() -> tuple[str, ...]:
    """The ids of all shipped programs, sorted."""
    folder = files(__package__) / "programs"
    return tuple(sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml")))


def shipped_program(name: str) -> Program:
    """Read one shipped program.

    Raises:
        DatasetError: there is no such program, or its file has another form.
    """
    place = files(__package__) / "programs" / f"{name}.toml"
    try:
        text = place.read_text("utf-8")
    except FileNotFoundError as error:
        raise DatasetError(f"There is no program {name!r} in the training set", fix=_FIX) from error
    return read_program(text, place.name)


def read_program(text: str, path: str) -> Program:
    """Read a program.

    Raises:
        DatasetError: the text is no TOML, or has another form.
    """
    try:
        document = tomllib.loads(text)
        return _program(document)
    except (tomllib.TOMLDecodeError, ValueError, TypeError, KeyError) as error:
        raise DatasetError(f"The program cannot be read: {error}", fix=_FIX, path=path) from error


def _program(document: Mapping[str, Any]) -> Program:
    _only(document, _PROGRAM_KEYS)
    bugs = tuple(_bug(_only({"alt": [], **entry}, _BUG_KEYS)) for entry in document["bugs"])
    source = _code(document["source"])
    for bug in bugs:
        if source.count(bug.good) != 1:
            raise ValueError(f"the right text of bug {bug.id!r} stands {source.count(bug.good)} times in the source")
    vary = {str(name): _texts(other) for name, other in document["vary"].items()}
    tests = _code(document["tests"])
    return Program(str(document["id"]), str(document["module"]), vary, source, tests, bugs)


def _bug(entry: Mapping[str, Any]) -> Bug:
    texts = {key: str(entry[key]) for key in ("id", "function", "good", "bad", "feature")}
    alt, wrong, ask = (_texts(entry[key]) for key in ("alt", "wrong", "ask"))
    if not wrong or not ask:
        raise ValueError(f"bug {texts['id']!r} has no wrong fix or no wording")
    test, hidden = _code(entry["test"]), _code(entry["hidden"])
    return Bug(**texts, alt=alt, wrong=wrong, ask=ask, test=test, hidden=hidden)


def _only(entry: Mapping[str, Any], keys: Collection[str]) -> Mapping[str, Any]:
    if set(entry) != set(keys):
        raise ValueError(f"its keys must be {', '.join(sorted(keys))}, not {', '.join(sorted(entry))}")
    return entry


def _texts(value: Sequence[Any]) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise TypeError("a list of texts is expected")
    return tuple(value)


def _code(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("a text is expected")
    return value.strip("\n") + "\n"
