"""The page about the HTTP face names every member, path and code that the face knows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from agent_agency.inference.labels import MAX_LABEL_TOKENS, MAX_LABELS
from agent_agency.web import answers, asked
from agent_agency.web.face import FaceLimits

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "http-face.md").read_text("utf-8")
CHAT = PAGE.partition("## `POST /v1/chat/completions`")[2].partition("## `POST /v1/labels`")[0]
ERRORS = PAGE.partition("## Errors")[2]


@pytest.mark.parametrize("member", sorted(asked._CHAT | asked._OURS | asked._OF_NO_EFFECT | set(asked._ONLY_AS)))
def test_every_member_of_a_chat_stands_on_the_page(member: str) -> None:
    assert f"`{member}`" in CHAT


@pytest.mark.parametrize(("code", "status"), sorted(answers._STATUS.items()))
def test_every_code_stands_beside_its_status(code: str, status: int) -> None:
    told = answers._OPENAI_CODES.get(code, code)
    rows = [row for row in ERRORS.splitlines() if re.match(rf"\| {status}\b", row)]
    assert any(f"`{told}`" in row for row in rows) or status == 499  # who went away sees no status


def test_the_bounds_on_the_page_are_those_of_the_face() -> None:
    limits = FaceLimits()
    assert f"1 to {limits.messages:,}, each" in CHAT
    assert f"1 to {limits.max_tokens:,}." in CHAT
    assert f"0.01 to {limits.longest_deadline_s:,.0f} " in CHAT
    assert f"larger than {limits.body_bytes // 2**20} MiB" in ERRORS
    assert f"did not come within {limits.body_s:g} seconds" in ERRORS
    assert f"head within {limits.head_s:g} seconds" in ERRORS
    assert f"up to {asked.MOST_LOGPROBS} alternatives" in CHAT
    assert f"or up to {asked.MOST_STOPS} " in CHAT
    assert f"2 to {MAX_LABELS} different texts, none the beginning of another, up to {MAX_LABEL_TOKENS} tokens" in PAGE
