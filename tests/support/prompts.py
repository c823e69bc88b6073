"""Versions of prompts for the tests, as an optimiser leaves them."""

from __future__ import annotations

from typing import Any

from agent_agency.judging.answer import Answer
from agent_agency.judging.prompt import Demonstration, JudgePrompt
from agent_agency.judging.rubric import JUDGES
from agent_agency.judging.shipped import shipped_rubric
from agent_agency.judging.subject import Subject
from agent_agency.learning.optimise.artefact import FORMAT, SCHEMA_VERSION, Artefact, prompt_document


def demonstration(name: str, verdict: str = "pass") -> Demonstration:
    subject = Subject(name, "text", "a task", f"what {name} made")
    return Demonstration(subject, Answer("fail" if verdict == "fail" else "pass", 1.0, 1.0, "It does."))


def artefact_of(judge: str, instructions: str, *names: str, rubric: str = "", **members: Any) -> Artefact:
    """An artefact with these instructions and a demonstration of each name."""
    digest = rubric or (shipped_rubric(judge).digest if judge in JUDGES else "sha256:own")
    prompt = JudgePrompt(judge, digest, instructions, tuple(map(demonstration, names)))
    document = {
        "format": FORMAT,
        "schema_version": SCHEMA_VERSION,
        "judge": judge,
        "prompt": prompt_document(prompt),
        "prompt_digest": prompt.digest,
        "answer_schema": {},
        "parameters": {"temperature": 0},
        "parents": [],
        "engine": {},
        "reflector": {},
        "optimizer": {},
        "data": {},
        "metric": {},
        "libraries": {},
        "scores": {},
    }
    return Artefact(prompt, document | members)
