"""Subjects and answers that tests of judging share, and an engine that is a double for a model."""

from __future__ import annotations

import json
from typing import Any

from agent_agency.inference.protocol import Engine
from agent_agency.judging.judge import Judge
from agent_agency.judging.laid_out import Layout
from agent_agency.judging.prompt import JudgePrompt
from agent_agency.judging.shipped import shipped_prompt, shipped_rubric
from agent_agency.judging.subject import Subject

FENCE = "0f1e2d3c4b5a6978"
DIFF = """diff --git a/shop/prices.py b/shop/prices.py
index 83db48f..bf2a6cf 100644
--- a/shop/prices.py
+++ b/shop/prices.py
@@ -1,3 +1,3 @@ def total(items):
 def total(items):
-    return sum(items)
+    return sum(item.price for item in items)

diff --git a/tests/test_prices.py b/tests/test_prices.py
--- a/tests/test_prices.py
+++ b/tests/test_prices.py
@@ -1 +1,4 @@
 from shop.prices import total
+
+def test_total():
+    assert total([Item(2), Item(3)]) == 5
"""
QUOTE = "return sum(item.price for item in items)"


def a_change(output: str = DIFF, **members: Any) -> Subject:
    given = {"task": "Make `total` add up the prices of items.", "claims": ("Added a test.",), **members}
    return Subject("a change", "code", given.pop("task"), output, **given)


def an_answer(**members: Any) -> dict[str, Any]:
    """A valid answer on `a_change`, with some members changed."""
    return {
        "evidence": [QUOTE],
        "reasoning": "The prices are added up.",
        "verdict": "pass",
        "score": 0.9,
        "confidence": 0.8,
        "suggestions": ["Name the unit."],
        **members,
    }


def an_answer_text(**members: Any) -> str:
    return json.dumps(an_answer(**members))


def a_judge(engine: Engine, name: str = "relevance", prompt: JudgePrompt | None = None) -> Judge:
    return Judge(prompt or shipped_prompt(name), engine, Layout(shipped_rubric(name), FENCE))
