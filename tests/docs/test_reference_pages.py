from __future__ import annotations

import pytest

from tools.reference_pages import FOLDER, pages

GENERATED = ["cli.md", "constitution.md", "errors.md", "figures.md", "real-programs.md", "rules.md"]


@pytest.mark.parametrize("name", GENERATED)
def test_a_generated_page_says_what_the_code_says(name: str) -> None:
    assert (FOLDER / name).read_text("utf-8") == pages()[name], "run: make reference"
