from __future__ import annotations

import pytest

from agent_agency.spec.prose import is_prose


@pytest.mark.parametrize(
    "entry",
    [
        "user authentication",
        "Add retry logic to src/billing",
        "src/a.py, src/b.py",
        "src/a.py; src/b.py",
        "src/parser.py (the parser)",
        "src/billing - retries only",
        "src: everything below",
        "All files of the billing team",
        "The guard is not modified.",
        "docs and src/api files",
        "one two/x three four five six",
    ],
)
def test_what_was_written_for_people_is_told(entry: str) -> None:
    assert is_prose(entry)


@pytest.mark.parametrize(
    "entry",
    ["src", "src/billing/**", "docs/My Notes/plan.md", "Release Notes.md", "My Project/src", "a b/c", "*.md", ""],
)
def test_a_path_with_blanks_is_a_path(entry: str) -> None:
    assert not is_prose(entry)
