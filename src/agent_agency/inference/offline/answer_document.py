"""An answer in the shape that a request's schema asks for, made of votes and of nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agent_agency.inference.offline.features import Features
from agent_agency.inference.offline.learner import Votes

ABSTAIN = "abstain"
_LEAST_QUOTE = 8
_LONGEST_QUOTE = 300
_SCORED = re.compile(r"(?P<label>\S+) (?P<score>[0-9]+(?:\.[0-9]+)?)", re.ASCII)
_SCORE = "score"


@dataclass(frozen=True, slots=True)
class Decided:
    """What an answer is made of.

    Args:
        votes: of the demonstrations; ``None`` where there are none.
        documents: the demonstrations' own answers, in the order shown.
        nearest: the features of the demonstration with most votes.
        asked: the features of what is judged.
    """

    votes: Votes | None
    documents: tuple[Mapping[str, Any], ...]
    nearest: Features | None
    asked: Features


def label_member(schema: Mapping[str, Any] | None, documents: Sequence[Mapping[str, Any]]) -> str:
    """The member that is voted for: the schema's first one with given values, else ``verdict`` or ``label``."""
    for name, member in _properties(schema).items():
        if "enum" in member:
            return name
    return next((name for name in ("verdict", "label") if any(name in one for one in documents)), "verdict")


def apart(held: Mapping[str, Any], schema: Mapping[str, Any] | None, label: str) -> Mapping[str, Any]:
    """A demonstration in which label and score are one text, as two members, so that labels are voted for alone.

    Only where the schema lists such texts; any other demonstration comes back as it is.
    """
    allowed = _properties(schema).get(label, {}).get("enum", ())
    if not any(isinstance(one, str) and _SCORED.fullmatch(one) for one in allowed):
        return held
    said = _SCORED.fullmatch(str(held.get(label)))
    return held if said is None else {**held, label: said["label"], _SCORE: float(said["score"])}


def document(decided: Decided, schema: Mapping[str, Any] | None, label: str) -> dict[str, Any]:
    """An answer with the schema's members in their order; without a schema, with those of the first demonstration."""
    members = _properties(schema) or {name: _like(value) for name, value in next(iter(decided.documents), {}).items()}
    if not members:
        members = {label: {"enum": [ABSTAIN]}}
    return {name: _member(name, member, decided, label) for name, member in members.items()}


def _properties(schema: Mapping[str, Any] | None) -> Mapping[str, Mapping[str, Any]]:
    found = (schema or {}).get("properties", {})
    return found if isinstance(found, Mapping) else {}


def _like(value: Any) -> dict[str, Any]:
    """A schema for values like this one."""
    if isinstance(value, bool):
        return {"type": "boolean"}
    if isinstance(value, (int, float)):
        return {"type": "number"}
    return {"type": "array" if isinstance(value, list) else "string"}


def _member(name: str, member: Mapping[str, Any], decided: Decided, label: str) -> Any:
    kinds = _kinds(member)
    if name == label:
        return _label(member, decided, label)
    if "array" in kinds:
        return _quotes(decided) if name == "evidence" else []
    if kinds & {"number", "integer"}:
        return _number(name, decided, label, nullable="null" in kinds)
    if "string" in kinds:
        return _reasoning(decided, label)
    return False if "boolean" in kinds else None


def _kinds(member: Mapping[str, Any]) -> set[str]:
    found = member.get("type", [])
    kinds = {found} if isinstance(found, str) else set(found)
    for way in member.get("anyOf", ()):
        kinds |= _kinds(way)
    return kinds


def _label(member: Mapping[str, Any], decided: Decided, label: str) -> Any:
    allowed = member.get("enum")
    winner = decided.votes.winner if decided.votes else ABSTAIN
    if not allowed or winner in allowed:
        return winner
    scored = {one: said for one in allowed if (said := _SCORED.fullmatch(str(one))) and said["label"] == winner}
    if scored:
        score = _number(_SCORE, decided, label, nullable=False) or 0.0
        return min(scored, key=lambda one: abs(score - float(scored[one]["score"])))
    return ABSTAIN if ABSTAIN in allowed else allowed[-1]


def _number(name: str, decided: Decided, label: str, *, nullable: bool) -> float | None:
    """The votes' share for what is called a confidence; else the mean over those who voted for the winner."""
    votes = decided.votes
    if votes is None or votes.winner == ABSTAIN:
        return None if nullable else 0.0
    if name == "confidence":
        return round(votes.by_label[votes.winner], 4)
    held = [
        (share, one[name])
        for share, one in zip(votes.by_demonstration, decided.documents, strict=True)
        if one.get(label) == votes.winner and isinstance(one.get(name), (int, float))
    ]
    total = sum(share for share, _ in held)
    if not total:
        return None if nullable else 0.0
    return round(float(sum(share * value for share, value in held)) / total, 4)


def _quotes(decided: Decided) -> list[str]:
    """The line of what is judged that has most words of the nearest demonstration; a long one is quoted in part."""
    lines = [line.strip() for line in decided.asked.quotable]
    enough = [line for line in lines if len(re.sub(r"\s", "", line)) >= _LEAST_QUOTE]
    if not enough:
        return [line for line in lines if line][:1]
    known = _bare_words(decided.nearest)
    best = max(enough, key=lambda line: (len(known & set(line.lower().split())), -enough.index(line)))
    return [best[:_LONGEST_QUOTE].rstrip()]


def _bare_words(nearest: Features | None) -> set[str]:
    if nearest is None:
        return set()
    return {word for line in nearest.quotable for word in line.lower().split()}


def _reasoning(decided: Decided, label: str) -> str:
    votes = decided.votes
    if votes is None:
        return "There is no demonstration to compare with."
    ranked = sorted(range(len(votes.by_demonstration)), key=lambda at: -votes.by_demonstration[at])[:3]
    told = (
        f"{at + 1} ({json.dumps(decided.documents[at].get(label))}, {votes.by_demonstration[at]:.2f})" for at in ranked
    )
    return f"Nearest demonstrations, with their share of the vote: {', '.join(told)}."
