from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent_agency.inference.offline.features import features_of
from agent_agency.inference.offline.learner import separation
from agent_agency.inference.offline.naming import Naming
from agent_agency.inference.offline.sections import diff_parts, sections
from agent_agency.inference.offline.words import code_names, words

MESSAGE = """<<task ab12>>
Make `total` add up prices.
<<end task ab12>>

<<facts ab12>>
tests_failed = 0
tests_passed = 12
fast = yes
claims_about_tests: not met, settled by program: none was added
<<end facts ab12>>

<<change ab12>>
--- a/shop/prices.py
+++ b/shop/prices.py
@@ -1,2 +1,3 @@ def total(items):
 def total(items):
-    return sum(items)
+    # add up
+    return sum(prices)
<<end change ab12>>

Judge the change."""


def test_parts_are_told_apart_by_their_fences() -> None:
    parts = sections(MESSAGE)
    assert list(parts) == ["task", "facts", "change"]
    assert parts["task"] == "Make `total` add up prices."


def test_a_diff_is_taken_apart_and_content_is_no_header() -> None:
    diff = diff_parts("--- a/x.py\n+++ b/x.py\n@@ -1 +1 @@\n--- x\n+++ y\n")
    assert diff is not None
    assert (diff.removed, diff.added, diff.paths) == (("-- x",), ("++ y",), ("x.py",))
    assert diff.by_path == (("x.py", 1, 1),)
    assert diff_parts("no diff") is None


def test_measures_are_named_in_plain_words() -> None:
    measures = features_of(MESSAGE).measures
    assert measures["fact tests_failed"] == 0
    assert measures["fact fast"] == 1
    assert measures["fact claims_about_tests"] == 0
    assert measures["names in task found in context"] == 1
    assert measures["words in task found in added"] > measures["words in task found in paths"]
    assert 0 < measures["comment lines added"] < measures["lines added"]
    assert measures["lines removed under shop"] > 0


def test_identifiers_are_split_and_names_in_prose_found() -> None:
    assert words("parseHTTPResponse my_name2 the") == ["parse", "http", "response", "my", "name", "2"]
    assert code_names("Fix `a.b` and load_all, then fooBar or run() soon") == ["a", "b", "load_all", "fooBar", "run"]


def test_a_quoted_term_names_a_feature_and_its_kin_the_less_the_more_they_say() -> None:
    named = Naming("Look at `lines added`.").of(["lines added", "comment lines added", "added eval"])
    assert named["lines added"] == 1
    assert 0 < named["comment lines added"] < 1
    assert "added eval" not in named


def test_what_differs_between_labels_separates() -> None:
    labels = ["pass", "pass", "fail", "fail"]
    assert separation([0, 0, 1, 1], labels) > separation([0, 1, 1, 1], labels) > separation([0, 1, 0, 1], labels)


@given(st.text(max_size=200))
def test_any_text_has_features(text: str) -> None:
    found = features_of(f"<<change ab12>>\n{text}\n<<end change ab12>>")
    assert all(-2 <= value <= 2 for value in found.measures.values())
    assert not found.words or abs(sum(value * value for value in found.words.values()) - 1) < 1e-9
