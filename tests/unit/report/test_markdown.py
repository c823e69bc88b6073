from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from agent_agency.report import markdown
from agent_agency.report.text import clean
from support import rulings

_ALLOWED = {
    *("h2", "h3", "p", "strong", "ul", "li", "code", "pre", "br", "sub"),
    *("table", "thead", "tbody", "tr", "th", "td", "details", "summary"),
}
_BREAK = "\u200b"


class _Page(HTMLParser):
    """What a reader of the rendered page gets: its elements and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        harmless = all(name == "style" and (value or "").startswith("text-align") for name, value in attrs)
        self.tags.append(tag if harmless else f"{tag} {attrs}")

    def handle_data(self, data: str) -> None:
        self.text += data


def _rendered(text: str) -> _Page:
    page = _Page()
    page.feed(MarkdownIt("commonmark").enable("table").enable("strikethrough").render(text))
    return page


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_in_a_table_cell_shows_as_itself_and_as_nothing_else(text: str) -> None:
    page = _rendered(f"| a | b |\n| --- | --- |\n| {markdown.escaped(text)} | end |")
    assert page.tags == ["table", "thead", "tr", "th", "th", "tbody", "tr", "td", "td"]
    assert page.text.replace(_BREAK, "").split("\n")[-6].strip() == clean(text).strip().replace(_BREAK, "")


@given(st.text(st.sampled_from("-+=#>*_~`|[]()!<>&@:/.0123456789 \nawgh"), max_size=30))
def test_any_text_that_starts_a_line_forms_no_block(text: str) -> None:
    page = _rendered(f"- **x**  \n  {markdown.escaped(text)}")
    assert set(page.tags) <= {"ul", "li", "strong", "br", "p"}
    assert page.tags.count("li") == 1


@pytest.mark.parametrize(
    "text", ["@root", "#12", "GH-7", "https://evil.example", "www.evil.example", "owner/repo#3", "a@b.example"]
)
def test_nothing_links_mentions_or_cross_references(text: str) -> None:
    shown = _rendered(markdown.escaped(text)).text
    assert _BREAK in shown
    assert not re.search(r"@\w|#\d|(?i:gh)-\d|://|www\.", shown)


@pytest.mark.parametrize("name", list(rulings.every_ruling()))
def test_a_comment_holds_only_the_elements_that_it_means_to(name: str) -> None:
    page = _rendered(markdown.render(rulings.every_ruling()[name]))
    assert set(page.tags) <= _ALLOWED


@pytest.mark.parametrize("name", list(rulings.every_ruling()))
def test_a_comment_fits_github_and_its_folds_are_closed(name: str) -> None:
    text = markdown.render(rulings.every_ruling()[name])
    assert len(text) < 65_536
    assert text.count("<details>") == text.count("</details>")
    assert not any(line.lstrip().startswith("::") for line in text.split("\n"))


def test_the_verdict_comes_first_then_what_mends_it_then_the_gates() -> None:
    text = markdown.render(rulings.rejected())
    order = [
        text.index(part) for part in ("Rejected", "### Why", "**Fix:**", "### Gates", "<details>", "Ruling <code>")
    ]
    assert order == sorted(order)


def test_every_gate_is_a_row_with_its_outcome_in_words() -> None:
    text = markdown.render(rulings.conditional())
    rows = [line for line in text.split("\n") if line.startswith("| ") and "<code>" in line]
    assert len([row for row in rows if "| NOT RUN |" in row or "| pass |" in row or "| left out |" in row]) == 7


def test_commands_can_be_copied_as_they_are() -> None:
    page = _rendered(markdown.render(rulings.conditional()))
    assert "agency init\ngit add .caws agency.toml\ngit commit -m 'Adopt a working spec'" in page.text


def test_a_large_change_is_cut_with_a_told_rest() -> None:
    text = markdown.render(rulings.crowded())
    assert re.search(r"and 9\d\d more", text)


def test_rules_without_a_gate_are_told_with_their_remedy() -> None:
    text = markdown.render(rulings.argued())
    assert "### Rules that stand in the way" in text
    assert "- **violated** <code>migrations.rollback</code> major, waivable" in text
    assert "- **unknown** <code>claims.verdict</code> major" in text
    assert text.count("The change migrates data") == 1


def test_waivers_and_weakened_rules_are_never_folded() -> None:
    folded = re.sub(r"<details>.*?</details>", "", markdown.render(rulings.argued()), flags=re.DOTALL)
    assert "### Waivers in force" in folded
    assert "WV-0011" in folded
    assert "### Default rules that this repository weakened" in folded
    assert "quality.deferred&#95;work: disabled" in folded
