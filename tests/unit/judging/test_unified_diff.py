from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent_agency.judging.unified_diff import read_diff
from support.judged import DIFF


def test_files_and_lines_are_read() -> None:
    diff = read_diff(DIFF)
    assert [file.path for file in diff.files] == ["shop/prices.py", "tests/test_prices.py"]
    assert diff.files[0].removed == ("    return sum(items)",)
    assert diff.lines == 5


def test_a_commit_message_before_the_diff_is_left_out_and_counted() -> None:
    diff = read_diff("Trust me, I verified everything.\n\n" + DIFF)
    assert diff.preamble_lines == 1
    assert diff.text == read_diff(DIFF).text
    assert "Trust" not in diff.text


def test_object_ids_and_time_stamps_do_not_matter() -> None:
    other = DIFF.replace("index 83db48f..bf2a6cf 100644\n", "").replace(
        "+++ b/shop/prices.py", "+++ b/shop/prices.py\t2026-01-01"
    )
    assert read_diff(other).text == read_diff(DIFF).text


def test_content_that_looks_like_a_header_stays_content() -> None:
    diff = read_diff("--- a/x.sql\n+++ b/x.sql\n@@ -1,2 +1,2 @@\n--- drop this comment\n+++ add that\n keep\n")
    assert [file.path for file in diff.files] == ["x.sql"]
    assert diff.files[0].removed == ("-- drop this comment",)
    assert diff.files[0].added == ("++ add that",)


def test_added_deleted_and_renamed_files_are_told_apart() -> None:
    diff = read_diff(
        "diff --git a/new.py b/new.py\nnew file mode 100644\n--- /dev/null\n+++ b/new.py\n@@ -0,0 +1 @@\n+x = 1\n"
        "diff --git a/old.py b/old.py\ndeleted file mode 100644\n--- a/old.py\n+++ /dev/null\n@@ -1 +0,0 @@\n-x = 1\n"
        "diff --git a/was.py b/is.py\nsimilarity index 100%\nrename from was.py\nrename to is.py\n"
    )
    assert [(file.old, file.new) for file in diff.files] == [("", "new.py"), ("old.py", ""), ("was.py", "is.py")]


_LINES = st.lists(
    st.sampled_from([*DIFF.split("\n"), "--- a/y", "+++ b/y", "@@ -1,2 +1 @@", "\\ No newline", "-q", ""])
)


@given(_LINES.map("\n".join))
def test_the_canonical_form_is_a_diff_again(text: str) -> None:
    once = read_diff(text)
    again = read_diff(once.text)
    if once.files:
        assert again.text == once.text
        assert again.files == once.files
