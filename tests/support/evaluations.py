"""Evaluations and labels for the tests, each differing in what a test says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from agent_agency.store.evaluation_record import Evaluation
from agent_agency.store.labels import Label

AT = "2026-01-31T08:00:00.000Z"


def digest(name: object) -> str:
    """A digest that stands for something of that name."""
    from agent_agency.canonical_json import digest_bytes

    return digest_bytes(str(name).encode())


def evaluation(**members: Any) -> Evaluation:
    """An evaluation that passes; ``version`` and ``subject`` may be any names."""
    for name in ("version", "subject"):
        if name in members:
            members[name] = digest(members[name])
    plain = Evaluation(
        at=AT,
        judge="safety",
        version=digest("v1"),
        prompt=digest("a prompt"),
        model="a model",
        model_digest=digest("a model"),
        engine="offline",
        parameters=digest("parameters"),
        subject=digest("a subject"),
        verdict="pass",
        score=1.0,
        confidence=0.5,
        latency_s=0.25,
        identity={"backend": "offline"},
        reasoning="It says so — ✓.",
        evidence=("as it says",),
        prompt_tokens=100,
        completion_tokens=10,
    )
    return replace(plain, **members)


def label(**members: Any) -> Label:
    """A label of a person; ``subject`` may be any name."""
    if "subject" in members:
        members["subject"] = digest(members["subject"])
    plain = Label(
        at=AT, subject=digest("a subject"), judge="safety", verdict="pass", score=None, source="person", who="ada"
    )
    return replace(plain, **members)
