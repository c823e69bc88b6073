"""Conditions in CEL: checked against the types of the facts, evaluated so that a missing fact is an error.

Two environments, on purpose. A typed one, in which each record of the schema is a message, refuses misspelt fields and
mixed types when a rule is loaded. Evaluating in it would read a missing field as 0, "" or false and let a rule pass
on a fact that nobody measured; so a condition is evaluated over plain maps, where a missing key is an error, and
``&&``, ``||``, ``all`` and ``exists`` follow three-valued logic (cel-spec, "Logical Operators").

Evaluation has no clock, no input or output and no function of ours; it is bounded by the runtime's budget of
iterations and its linear-time regular expressions.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from agent_agency.arbitration.constitution.facts_schema import FactType, lists, records
from agent_agency.arbitration.constitution.syntax_tree import Fold, Node, every_node, read_offsets, read_tree

IT = "it"
"""The variable that a rule's element is bound to."""

_PROBLEM = re.compile(r"ERROR: <input>:(-?\d+):(-?\d+): ([^\n]*)")
_STATUS = re.compile(r"^[A-Z_]+: ")


@dataclass(frozen=True, slots=True)
class CelProblem:
    """What the compiler refuses; line and column from 1, in characters."""

    message: str
    line: int
    column: int
    syntax: bool


@dataclass(frozen=True, slots=True)
class Checked:
    """A condition that the compiler accepts.

    ``type`` is the name of its type, ``offsets`` tells where its nodes stand in the text, ``serialised`` is what the
    compiler made of it.
    """

    type: str
    tree: Node
    offsets: Mapping[int, int]
    serialised: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What a condition evaluates to: ``value`` is None where it is neither true nor false, and ``why`` says why."""

    value: bool | None
    why: str = ""


TRUE = Answer(value=True)
FALSE = Answer(value=False)
_ANSWERS = MappingProxyType({True: TRUE, False: FALSE})
_WORTH_COMPILING = 24  # elements, in all cases so far, from which compiling for a whole list pays


class Checker:
    """Compiles conditions against the types of the facts; each kind of ``it`` has an environment of its own."""

    def __init__(self) -> None:
        self._environments: dict[str, Any] = {}

    def check(self, text: str, each: str = "") -> Checked | tuple[CelProblem, ...]:
        """Check syntax, names and types.

        Args:
            text: the condition.
            each: the list whose element ``it`` is; empty: there is no ``it``.
        """
        if each not in self._environments:
            self._environments[each] = _typed_environment(each)
        if _no_text(text):
            return (CelProblem("it holds bytes that are no UTF-8", 1, 1, syntax=True),)
        try:
            expression = self._environments[each].compile(text)
            serialised = expression.serialize()
        except (RuntimeError, UnicodeError) as error:
            return _problems(str(error))
        kind = str(expression.return_type().name())
        return Checked(kind, read_tree(serialised), read_offsets(serialised), serialised)


class Program:
    """A condition ready to be evaluated; immutable."""

    __slots__ = ("_bool", "_expression", "folds", "text", "tree")

    def __init__(self, text: str, expression: Any, bool_type: Any) -> None:
        self.text = text
        self.tree = read_tree(expression.serialize())
        self.folds = any(isinstance(node, Fold) for node in every_node(self.tree))
        self._expression = expression
        self._bool = bool_type

    def answer(self, activation: Any) -> Answer:
        """Evaluate over what ``Evaluator.bind`` made. Never raises: what is not exactly true or false is unknown."""
        try:
            result = self._expression.eval(activation)
            if result.type() == self._bool:
                return TRUE if result.value() is True else FALSE
            said = str(result.value())
        except (RuntimeError, ValueError, TypeError, OverflowError) as error:
            said = str(error)
        return Answer(None, " ".join(_STATUS.sub("", said).split())[:300] or "it has no value")


class Evaluator:
    """Compiles conditions for evaluation over plain maps and binds facts to them.

    Each text is compiled once in a process: the same rules are asked in case after case.
    """

    def __init__(self) -> None:
        self._environment = _plain_environment()
        self._of_all: dict[str, Any] = {}
        self._asked: dict[str, list[int]] = {}

    def compile(self, text: str) -> Program:
        """Make a condition ready.

        Raises:
            ValueError: the text is no CEL; rules are checked before, so this is a defect of the caller.
        """
        return _program(text)

    def answers(self, program: Program, elements: Sequence[Any], activation: Any) -> list[Answer] | None:
        """Evaluate a condition for all elements of a list in one go, where that is worth its compilation.

        Args:
            program: the condition.
            elements: the list.
            activation: what ``bind`` made of the facts with ``it`` for the whole list.

        Returns:
            The answers; None where it is not worth it, or the condition has no value for one of them.
        """
        asked = self._asked.setdefault(program.text, [0])
        asked[0] += len(elements)
        if asked[0] < _WORTH_COMPILING:
            return None
        if program.text not in self._of_all:
            self._of_all[program.text] = _expression(f"{IT}.map({IT}, {program.text}\n)")
        try:
            result = self._of_all[program.text].eval(activation).plain_value()
        except (RuntimeError, ValueError, TypeError, OverflowError):
            return None
        if not isinstance(result, list) or len(result) != len(elements):
            return None
        answers = [_ANSWERS[value] for value in result if isinstance(value, bool)]
        return answers if len(answers) == len(elements) else None

    def matches(self, text: str, pattern: str) -> bool | None:
        """Search a text for a pattern, in time linear in its length; None where the pattern is none."""
        activation = self.bind({IT: {"text": text, "pattern": pattern}})
        return self.compile(f"{IT}.text.matches({IT}.pattern)").answer(activation).value

    def bind(self, facts: Mapping[str, Any]) -> Any:
        """Hand facts (dict, list, str, int, float, bool only) to the runtime, once for many conditions."""
        return self._environment.Activation(data=facts)


@lru_cache(maxsize=1)
def _plain_environment() -> Any:
    """Nothing that is compiled or evaluated changes it."""
    from cel_expr_python import cel

    return cel.NewEnv(variables=dict.fromkeys((*records(), *lists(), IT), cel.Type.DYN))


@lru_cache(maxsize=1024)
def _program(text: str) -> Program:
    from cel_expr_python import cel

    return Program(text, _expression(text), cel.Type.BOOL)


def _expression(text: str) -> Any:
    try:
        return _plain_environment().compile(text)
    except RuntimeError as error:
        raise ValueError(f"no CEL: {error}") from error


def _no_text(text: str) -> bool:
    """Whether UTF-8 cannot hold it, as an argument with raw bytes; the compiler takes no such text at all."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def _typed_environment(each: str) -> Any:
    from cel_expr_python import cel
    from google.protobuf.descriptor_pool import DescriptorPool

    pool = DescriptorPool()
    pool.Add(_descriptors())
    variables = {name: cel.Type(_message(name)) for name in records()}
    variables |= {name: cel.Type.List(cel.Type(_message(name))) for name in lists()}
    if each:
        variables[IT] = cel.Type(_message(each))
    return cel.NewEnv(descriptor_pool=pool, variables=variables)


def _message(name: str) -> str:
    return f"agency.{name.capitalize()}"


def _descriptors() -> Any:
    from google.protobuf.descriptor_pb2 import FieldDescriptorProto as Field
    from google.protobuf.descriptor_pb2 import FileDescriptorProto

    one, many = Field.LABEL_OPTIONAL, Field.LABEL_REPEATED
    types = {
        FactType.BOOL: (Field.TYPE_BOOL, one),
        FactType.INT: (Field.TYPE_INT64, one),
        FactType.DOUBLE: (Field.TYPE_DOUBLE, one),
        FactType.TEXT: (Field.TYPE_STRING, one),
        FactType.TEXTS: (Field.TYPE_STRING, many),
    }
    file = FileDescriptorProto(name="agency_facts.proto", package="agency", syntax="proto3")
    for name, facts in {**records(), **lists()}.items():
        message = file.message_type.add(name=name.capitalize())
        for number, fact in enumerate(facts, start=1):
            kind, label = types[fact.type]
            message.field.add(name=fact.name, number=number, type=kind, label=label)
    return file


def _problems(told: str) -> tuple[CelProblem, ...]:
    found = []
    for line, column, message in _PROBLEM.findall(told):
        text = message.split(" (in container")[0].strip().rstrip(".")
        found.append(CelProblem(text, max(1, int(line)), max(1, int(column)), "yntax error" in text))
    if found:
        return tuple(dict.fromkeys(found))
    text = " ".join(_STATUS.sub("", told).split(" [")[0].split())
    return (CelProblem(text[:300] or "the compiler refuses it", 1, 1, syntax=True),)
