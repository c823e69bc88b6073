from hypothesis import given
from hypothesis import strategies as st

from agent_agency.facts import Finding, Place, Severity, display_path, path_as_fact


def test_severities_are_ordered_from_advice_to_critical() -> None:
    assert [s.rank for s in Severity] == sorted(s.rank for s in Severity)
    assert Severity.ADVICE.rank == 0


def test_a_plain_path_is_shown_as_it_is() -> None:
    assert display_path("src/größe datei.py") == "src/größe datei.py"


def test_a_path_with_control_characters_or_raw_bytes_is_quoted_like_git() -> None:
    assert display_path('a\tb\n"c\\') == '"a\\tb\\n\\"c\\\\"'
    assert display_path(b"caf\xe9".decode("utf-8", "surrogateescape")) == '"caf\\351"'
    assert display_path("\x1b[31mred") == '"\\033[31mred"'


@given(st.binary(max_size=30))
def test_any_name_becomes_printable_text(raw: bytes) -> None:
    assert display_path(raw.decode("utf-8", "surrogateescape")).isprintable()


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_out_of_a_document_becomes_printable_too(text: str) -> None:
    assert display_path(text).isprintable()


def test_a_fingerprint_survives_moved_lines_and_reworded_messages() -> None:
    first = Finding("r", Severity.MAJOR, "one", "fix", Place("a.py", 3))
    moved = Finding("r", Severity.MINOR, "two", "mend", Place("a.py", 30))
    assert first.fingerprint == moved.fingerprint
    assert first.fingerprint != Finding("r", Severity.MAJOR, "one", "fix", Place("b.py", 3)).fingerprint


@given(st.text(), st.text())
def test_two_paths_are_never_one_fact(one: str, other: str) -> None:
    assert (path_as_fact(one) == path_as_fact(other)) == (one == other)


@given(st.text())
def test_a_path_begins_and_ends_as_a_fact_as_it_does(odd: str) -> None:
    told = path_as_fact(f"infra/{odd}/main.tf")
    assert told.startswith("infra/")
    assert told.endswith("/main.tf")
    assert told.isprintable()
