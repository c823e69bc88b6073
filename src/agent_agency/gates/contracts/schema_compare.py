"""Does everything that one schema allows remain allowed by another?

What clients send must still be taken: the head's schema must allow all that the base's did. What clients receive must
still be understood: the base's schema must allow all that the head's does, and nothing that was promised may go.
A JSON schema by itself is held to like something sent.

Where that cannot be decided (``not``, ``if``, a changed pattern) anything but the same text counts as a change, never
as none. Additions that tools of contracts call harmless (a new optional property) are none, although an open object
allowed anything of that name.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from agent_agency.gates.contracts import schema_values as values
from agent_agency.gates.contracts.documents import Node, shown
from agent_agency.gates.contracts.schema_keywords import changed_keywords
from agent_agency.gates.contracts.schema_view import (
    Key,
    OutOfStepsError,
    View,
    Views,
    is_marked,
    key_of,
    keyword_view,
    members,
    required_of,
)

MAX_STEPS = 300_000
MAX_INNER_DEPTH = 12
_LONGEST_PLACE = 300


class Direction(StrEnum):
    """Whose values a schema describes."""

    REQUEST = "request"
    RESPONSE = "response"
    DOCUMENT = "document"


@dataclass(frozen=True, slots=True)
class Difference:
    """One breaking difference. ``where`` names the value, ``node`` is the place that tells it best."""

    rule: str
    message: str
    node: Node | None


@dataclass(frozen=True, slots=True)
class Pair:
    """Two states of one schema: all that ``source`` allows ``target`` must allow."""

    source: View
    target: View
    where: str


class SchemaComparison:
    """Compares schemas of two states of one contract; what was compared once is not compared again.

    ``report`` receives every difference. ``steps_left`` bounds the work of the whole comparison.
    """

    def __init__(self, base: Views, head: Views, direction: Direction, report: Callable[[Difference], None]) -> None:
        self._received = direction is Direction.RESPONSE
        self._sent = direction is Direction.REQUEST
        self._source, self._target = (head, base) if self._received else (base, head)
        self._report = report
        self._seen: set[tuple[Key, Key]] = set()
        self._assumed: dict[tuple[Key, Key], None] = {}
        self._refuted: set[tuple[Key, Key]] = set()
        self.steps_left = MAX_STEPS

    def compare(self, base: View, head: View, where: str) -> None:
        """Report how a schema changed.

        Raises:
            OutOfStepsError: when it cannot be done in bounded time.
        """
        waiting = deque([Pair(head, base, where) if self._received else Pair(base, head, where)])
        while waiting:
            pair = waiting.popleft()
            key = (key_of(self._source.expand(pair.source)), key_of(self._target.expand(pair.target)))
            if key in self._seen:
                continue
            self._seen.add(key)
            found, children = self._step(pair, 0)
            for difference in found:
                self._report(difference)
            waiting.extend(children)

    def _step(self, pair: Pair, depth: int) -> tuple[list[Difference], list[Pair]]:
        """The differences of one pair itself, and the pairs inside it."""
        self.steps_left -= 1
        if self.steps_left < 0:
            raise OutOfStepsError
        sources, targets = self._source.alternatives(pair.source), self._target.alternatives(pair.target)
        children: list[Pair] = []
        if len(sources) == 1 and len(targets) == 1:
            return list(self._plain(Pair(sources[0], targets[0], pair.where), children)), children
        found: list[Difference] = []
        for source in sources:
            found += self._among(Pair(source, pair.target, pair.where), targets, children, depth)
        return found, children

    def _among(self, pair: Pair, targets: list[View], children: list[Pair], depth: int) -> list[Difference]:
        """The differences of one alternative, which any of the targets may take."""
        if any(self._fits(pair.source, target, depth) for target in targets):
            return []
        pieces = self._source.split(pair.source)
        if len(pieces) > 1 and all(any(self._fits(piece, target, depth) for target in targets) for piece in pieces):
            return []
        named = [target for target in targets if len(targets) == 1 or _same_name(pair.source, target)]
        if len(named) == 1:
            return list(self._plain(Pair(pair.source, named[0], pair.where), children))
        what = "can now also be" if self._received else "can no longer be"
        told = f"{pair.where} {what} {_described(pair.source)}"
        return [Difference("schema.variant_added" if self._received else "schema.variant_removed", told, _node(pair))]

    def _fits(self, source: View, target: View, depth: int) -> bool:
        """Whether a target takes a source whole; recursion is taken to hold until it is shown not to."""
        key = (key_of(source), key_of(target))
        if key in self._assumed:
            return True
        if key in self._refuted:
            return False
        if depth > MAX_INNER_DEPTH:
            raise OutOfStepsError
        known = len(self._assumed)
        self._assumed[key] = None
        stack = [Pair(source, target, "")]
        while stack:
            found, children = self._step(stack.pop(), depth + 1)
            if found:
                for assumed in list(self._assumed)[known:]:
                    del self._assumed[assumed]
                self._refuted.add(key)
                return False
            for child in children:
                inner = (key_of(child.source), key_of(child.target))
                if inner not in self._assumed:
                    self._assumed[inner] = None
                    stack.append(child)
        return True

    def _plain(self, pair: Pair, children: list[Pair]) -> Iterator[Difference]:
        source, target = values.types_of(pair.source), values.types_of(pair.target)
        if not source:
            return
        if source - target:
            before, after = (target, source) if self._received else (source, target)
            told = f"{pair.where} was {values.named_types(before)} and is {values.named_types(after)}"
            yield Difference("schema.type_changed", told, _node(pair))
        common = source & target
        if not common:
            return
        yield from self._scalars(pair, common)
        yield from changed_keywords(pair.source, pair.target, self._source, self._target, pair.where)
        if "object" in common:
            yield from self._objects(pair, children)
        if "array" in common:
            self._arrays(pair, children)

    def _scalars(self, pair: Pair, common: frozenset[str]) -> Iterator[Difference]:
        source, target = values.enum_of(pair.source), values.enum_of(pair.target)
        if target is not None:
            if source is None and common <= {"boolean", "null"}:
                source = {"true": True, "false": False} if "boolean" in common else {}
                source |= {"null": None} if "null" in common else {}
            if source is None:
                told = "may now be any value" if self._received else "may now only be one of a list of values"
                yield Difference("schema.enum_changed", f"{pair.where} {told}", _node(pair))
            elif lost := [name for name in source if name not in target and values.type_of(source[name]) in common]:
                listed = ", ".join(shown(name) for name in lost[:5]) + (" and others" if len(lost) > 5 else "")  # noqa: PLR2004  as many as a line holds
                told = f"may now also be {listed}" if self._received else f"may no longer be {listed}"
                yield Difference("schema.enum_changed", f"{pair.where} {told}", _node(pair))
            return
        if source is not None:
            yield from self._listed_values(pair, source)
            return
        yield from self._bounds(pair, common)
        if "string" in common and (values.patterns_of(pair.target) - values.patterns_of(pair.source)):
            told = "no longer keeps to its pattern" if self._received else "must match another pattern"
            yield Difference("schema.pattern_changed", f"{pair.where} {told}", _node(pair))
        if values.demands_format(values.formats_of(pair.source), values.formats_of(pair.target)):
            wanted = ", ".join(shown(name) for name in sorted(values.formats_of(pair.target)))
            told = f"no longer has the format {wanted}" if self._received else f"must have the format {wanted}"
            yield Difference("schema.format_changed", f"{pair.where} {told}", _node(pair))

    def _listed_values(self, pair: Pair, listed: dict[str, Any]) -> Iterator[Difference]:
        """The values that a source lists, each held to what the target asks of a single value."""
        lost = [name for name, value in listed.items() if not values.takes(pair.target, value)]
        if lost:
            told = "may now be other than" if self._received else "may no longer be"
            yield Difference("schema.bound_changed", f"{pair.where} {told} {shown(lost[0])}", _node(pair))

    def _bounds(self, pair: Pair, common: frozenset[str]) -> Iterator[Difference]:
        tight: list[str] = []
        for keyword, type_name in values.COUNTS.items():
            source, target = values.count_of(pair.source, keyword), values.count_of(pair.target, keyword)
            tighter = target > source if keyword.startswith("min") else target < source
            tight += [keyword] if tighter and type_name in common else []
        if common & {"integer", "fraction"}:
            tight += ["minimum"] if values.lower_bound(pair.target) > values.lower_bound(pair.source) else []
            tight += ["maximum"] if values.upper_bound(pair.target) < values.upper_bound(pair.source) else []
            ours = values.multiples_of(pair.source)
            missed = [step for step in values.multiples_of(pair.target) if not any(own % step == 0 for own in ours)]
            tight += ["multipleOf"] if [step for step in missed if step != 1 or "fraction" in common] else []
        if "array" in common and values.is_unique(pair.target) and not values.is_unique(pair.source):
            tight.append("uniqueItems")
        for keyword in tight:
            told = "is no longer kept" if self._received else "is tighter"
            yield Difference("schema.bound_changed", f"{pair.where}: {keyword} {told}", _node(pair))

    def _objects(self, pair: Pair, children: list[Pair]) -> Iterator[Difference]:
        source, target = members(pair.source, "properties"), members(pair.target, "properties")
        for name, view in source.items():
            if name in target:
                if not self._is_left_out(view, target[name]):
                    children.append(Pair(view, target[name], _inside(pair.where, shown(name))))
            elif not self._received:
                yield from self._no_longer_taken(pair, name, view, children)
        if self._received:
            for name, view in target.items():
                if name not in source and not is_marked(self._target.expand(view), "writeOnly"):
                    told = f"{_inside(pair.where, shown(name))} was removed"
                    yield Difference("schema.property_removed", told, view[0])
        yield from self._required(pair, source, target)
        yield from self._further_properties(pair, children)

    def _no_longer_taken(self, pair: Pair, name: str, view: View, children: list[Pair]) -> Iterator[Difference]:
        where = _inside(pair.where, shown(name))
        if self._sent and is_marked(self._source.expand(view), "readOnly"):
            return
        matching = _matching_patterns(pair.target, name)
        further = matching or keyword_view(pair.target, "additionalProperties")
        if any(node.value is False for node in further) or (not matching and _is_closed(pair.target)):
            yield Difference("schema.property_removed", f"{where} is no longer allowed", view[0])
        elif further:
            children.append(Pair(view, further, where))
        elif self._sent:
            yield Difference("schema.property_removed", f"{where} is no longer read", view[0])

    def _required(self, pair: Pair, source: dict[str, View], target: dict[str, View]) -> Iterator[Difference]:
        known = required_of(pair.source)
        for name, node in required_of(pair.target).items():
            if name in known:
                continue
            where = _inside(pair.where, shown(name))
            view = self._target.expand(target.get(name, ()))
            if self._received:
                stays = name in source or name not in target
                if stays and not is_marked(view, "writeOnly"):
                    yield Difference("schema.property_optional", f"{where} may now be missing", node)
            elif not (self._sent and is_marked(view, "readOnly")):
                told = "became required" if name in source else "is new and required"
                yield Difference("schema.property_required", f"{where} {told}", node)

    def _further_properties(self, pair: Pair, children: list[Pair]) -> Iterator[Difference]:
        source, target = (keyword_view(view, "additionalProperties") for view in (pair.source, pair.target))
        patterns = members(pair.target, "patternProperties")
        for pattern, view in members(pair.source, "patternProperties").items():
            if pattern in patterns:
                children.append(Pair(view, patterns[pattern], _inside(pair.where, shown(pattern))))
            elif _is_closed(pair.target) and not self._received:
                told = f"{pair.where}: properties that match {shown(pattern)} are no longer allowed"
                yield Difference("schema.property_removed", told, view[0])
        if _is_closed(pair.target):
            if not self._received and not _is_closed(pair.source):
                told = f"{pair.where} no longer allows further properties"
                yield Difference("schema.additional_properties", told, _node(pair))
        elif target and not _is_closed(pair.source):
            children.append(Pair(source, target, _inside(pair.where, "*")))

    def _arrays(self, pair: Pair, children: list[Pair]) -> None:
        (source, rest), (target, target_rest) = _entries(pair.source), _entries(pair.target)
        for index in range(max(len(source), len(target))):
            ours = source[index] if index < len(source) else rest
            theirs = target[index] if index < len(target) else target_rest
            children.append(Pair(ours, theirs, f"{pair.where}[{index}]"))
        if target_rest:
            children.append(Pair(rest, target_rest, f"{pair.where}[]"))

    def _is_left_out(self, source: View, target: View) -> bool:
        """Whether a property is never sent, or never received."""
        mark = "writeOnly" if self._received else "readOnly"
        if not (self._received or self._sent):
            return False
        return is_marked(self._source.expand(source), mark) or is_marked(self._target.expand(target), mark)


def _entries(leaves: View) -> tuple[list[View], View]:
    """The schemas of the first entries of a list, one by one, and that of all further ones."""
    first: list[View] = []
    rest: View = ()
    for leaf in leaves:
        listed = leaf.get("prefixItems")
        items = leaf.get("items")
        further = items
        if items is not None and isinstance(items.value, list):
            listed, further = items, leaf.get("additionalItems")
        entries = list(listed.items()) if listed is not None else []
        first += [()] * (len(entries) - len(first))
        for index, entry in enumerate(entries):
            first[index] = (*first[index], entry)
        if further is not None and isinstance(further.value, dict | bool):
            rest = (*rest, further)
    return first, rest


def _is_closed(leaves: View) -> bool:
    """Whether names that are not declared are refused."""
    return any(
        node.value is False
        for keyword in ("additionalProperties", "unevaluatedProperties")
        for node in keyword_view(leaves, keyword)
    )


def _matching_patterns(leaves: View, name: str) -> View:
    from agent_agency.spec.safe_regex import SafeRegex

    found = members(leaves, "patternProperties")
    return tuple(node for pattern, view in found.items() if SafeRegex(pattern).is_found_in(name) for node in view)


def _same_name(source: View, target: View) -> bool:
    """Whether two alternatives are the same one by name: the same definition, or the same title."""
    names = {_name(node) for node in source} - {""}
    return bool(names & {_name(node) for node in target})


def _name(node: Node) -> str:
    title = node.value.get("title") if isinstance(node.value, dict) else None
    if isinstance(title, str):
        return title
    holders = {"schemas", "definitions", "$defs"}
    named = len(node.pointer) > 1 and node.pointer[-2] in holders
    return str(node.pointer[-1]) if named else ""


def _described(leaves: View) -> str:
    names = [_name(leaf) for leaf in leaves if not leaf.opened and _name(leaf)]
    return shown(names[-1]) if names else f"a kind of {values.named_types(values.types_of(leaves))}"


def _node(pair: Pair) -> Node | None:
    return next(iter((*pair.target, *pair.source)), None)


def _inside(where: str, name: str) -> str:
    place = f"{where}.{name}" if where else name
    return place if len(place) <= _LONGEST_PLACE else f"…{place[-_LONGEST_PLACE:]}"
