from __future__ import annotations

import string
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from agent_agency.store import precedent_index as index
from agent_agency.store.database import Database
from agent_agency.store.precedent_index import AtIssue, IndexedPrecedent, IndexMark

LEDGER = "a" * 32
OTHER = "b" * 32
FACTS = st.dictionaries(
    st.sampled_from(("issue", "area", "tier", "touches")),
    st.sets(st.sampled_from("abcd"), min_size=1).map(lambda found: tuple(sorted(found))),
    max_size=4,
)


def row(precedent: str, words: str = "", holding: str = "it may", **facts: str | tuple[str, ...]) -> IndexedPrecedent:
    told = {key: (value,) if isinstance(value, str) else value for key, value in facts.items()}
    return IndexedPrecedent(precedent, f"R-{precedent}", 7, "waived", holding, told, words)


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path_factory.mktemp('store') / 'agency.db'}"
    made: Callable[[], str] = request.getfixturevalue("new_postgres")
    return made()


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    opened = Database.open(url)
    yield opened
    with opened.write() as connection:
        index.clear(connection, LEDGER)
        index.clear(connection, OTHER)
    opened.close()


def fill(database: Database, *rows: IndexedPrecedent, ledger: str = LEDGER) -> None:
    with database.write() as connection:
        index.add(connection, ledger, rows)


def numbers(database: Database, *facts: tuple[str, str]) -> list[int]:
    with database.read() as connection:
        known = index.known_facts(connection, LEDGER, facts)
    return [known[fact].number for fact in facts]


def test_a_row_is_read_as_it_was_written(database: Database) -> None:
    written = row("P-1", "words that are told", issue="tests at unit", area=("src/a", "src/ü\\b"))
    fill(database, written)
    with database.read() as connection:
        assert list(index.all_rows(connection, LEDGER)) == [written]
        assert list(index.all_rows(connection, OTHER)) == []


def test_repositories_in_one_database_see_their_own_precedents_only(database: Database) -> None:
    fill(database, row("P-1", "budget", area="src"))
    fill(database, row("P-1", "budget", area="src"), row("P-2", "budget", area="src"), ledger=OTHER)
    with database.read() as connection:
        assert index.count(connection, LEDGER) == 1
        assert index.known_facts(connection, LEDGER, [("area", "src")])["area", "src"].shared_by == 1
        assert index.known_facts(connection, OTHER, [("area", "src")])["area", "src"].shared_by == 2
        found = index.with_words(connection, OTHER, ["budget"], [], 10)
        assert {one.precedent for one in found} == {"P-1", "P-2"}


def at_issue(
    connection: Connection, issues: Iterable[str], weights: dict[tuple[str, str], float]
) -> list[tuple[AtIssue, float]]:
    known = index.known_at_issue(connection, LEDGER, issues, weights)
    return [(known[fact], weight) for fact, weight in weights.items() if fact in known]


def test_candidates_share_a_probe_and_an_issue(database: Database) -> None:
    fill(
        database,
        row("P-1", issue="i", area="src"),
        row("P-2", issue="j", area="src"),
        row("P-3", issue="i", area="lib"),
        row("P-4", issue="i", area=("src", "lib")),
    )
    src, lib = ("area", "src"), ("area", "lib")
    with database.read() as connection:
        found = index.sharing(connection, at_issue(connection, "i", {src: 1.0, lib: 2.5}), 10)
        assert [one.precedent for one in found] == ["P-4", "P-3", "P-1"]
        assert [one.precedent for one in index.sharing(connection, at_issue(connection, "i", {src: 1.0}), 1)] == ["P-4"]
        assert index.sharing(connection, at_issue(connection, "", {src: 1.0}), 10) == []
        assert index.sharing(connection, [], 10) == []


def test_a_fact_that_is_shared_at_two_issues_counts_once(database: Database) -> None:
    fill(database, row("P-1", issue=("i", "j"), area="src"), row("P-2", issue="i", area="lib"))
    with database.read() as connection:
        asked = at_issue(connection, "ij", {("area", "src"): 1.0, ("area", "lib"): 1.5})
        assert [one.precedent for one in index.sharing(connection, asked, 10)] == ["P-2", "P-1"]


def test_a_precedent_with_very_many_issues_is_found_by_each_of_them(database: Database) -> None:
    fill(database, row("P-1", issue=tuple(f"i{at}" for at in range(40)), area="src"))
    with database.read() as connection:
        asked = at_issue(connection, ["i7"], {("area", "src"): 1.0})
        assert [one.precedent for one in index.sharing(connection, asked, 10)] == ["P-1"]
        query = text("SELECT count(*) FROM agency_precedent_postings")
        assert connection.execute(query).scalar_one() < 50


def test_only_the_lists_of_the_own_issue_are_read(database: Database) -> None:
    fill(database, *(row(f"P-{at}", issue="other", area="src") for at in range(60)))
    fill(database, row("P-x", issue="mine", area="src"))
    with database.read() as connection:
        (found,) = index.known_at_issue(connection, LEDGER, ["mine"], [("area", "src")]).values()
    assert found.shared_by == 1


def test_those_that_answer_otherwise_are_found_however_many_answer_alike(database: Database) -> None:
    alike = [replace(row(f"P-{at}", issue="i", area="src"), question="q", stance="yes") for at in range(60)]
    asked, stance = alike[0], ("q", "yes")
    others = [replace(asked, precedent=name, stance="no") for name in ("P-no", "P-never")]
    elsewhere = replace(asked, precedent="P-else", question="p", stance="no")
    far = replace(asked, precedent="P-far", stance="no", facts={"issue": ("i",), "area": ("lib",)})
    fill(database, *alike[:30], *others, elsewhere, far, *alike[30:])
    (src,) = numbers(database, ("area", "src"))
    with database.read() as connection:
        found = index.answered_otherwise(connection, LEDGER, stance, [src], 1, 10)
        assert [one.precedent for one in found] == ["P-never", "P-no"]
        assert index.answered_otherwise(connection, LEDGER, ("q", "no"), [src], 1, 3)[0].precedent == "P-59"
        bare = index.answered_otherwise(connection, LEDGER, stance, [], 0, 10)
        assert [one.precedent for one in bare] == ["P-far", "P-never", "P-no"]


def test_facts_asked_for_must_all_be_there(database: Database) -> None:
    fill(database, row("P-1", issue="i", area="src"), row("P-2", issue="i"), row("P-3", area="src"))
    src, issue = numbers(database, ("area", "src"), ("issue", "i"))
    with database.read() as connection:
        assert [one.precedent for one in index.having_all(connection, LEDGER, [src, issue], 10)] == ["P-1"]
        assert [one.precedent for one in index.having_all(connection, LEDGER, [], 2)] == ["P-3", "P-2"]


def test_words_are_found_by_their_stem_in_the_holding_and_in_the_text(database: Database) -> None:
    fill(
        database,
        row("P-1", "the migration was reviewed", issue="i"),
        row("P-2", "nothing of it", "Generated migrations may exceed the budget"),
        row("P-3", "something else"),
    )
    issue = numbers(database, ("issue", "i"))
    with database.read() as connection:
        found = index.with_words(connection, LEDGER, index.words_of("Migrations?"), [], 10)
        assert {one.precedent for one in found} == {"P-1", "P-2"}
        found = index.with_words(connection, LEDGER, index.words_of("migration"), issue, 10)
        assert [one.precedent for one in found] == ["P-1"]


@pytest.mark.parametrize(
    "asked",
    [
        '"', "'", '" OR 1=1 --', "a AND", "NOT", "NEAR(a b)", "a*", "^a", "-a", "col:a", "words:budget", "(", ")",
        "a\x00b",
        "'); DROP TABLE agency_precedents; --", "a & b | !c <-> d", "a:*", "\\", "%", "_", "{a}", "AND OR NOT NEAR",
        "\ud800", "\U0001f600", "budget " * 5000, "x" * 100_000, "", " ", "½ ² ⁇ ﬁ", "the",
    ],
)  # fmt: skip
def test_no_question_is_an_operator_or_a_fault(database: Database, asked: str) -> None:
    fill(database, row("P-1", "budget of a column"), row("P-2", "nothing"))
    words = index.words_of(asked)
    assert len(words) <= index.MAX_WORDS
    with database.read() as connection:
        found = index.with_words(connection, LEDGER, words, [], 10)
        assert "P-2" not in {one.precedent for one in found}
        assert index.count(connection, LEDGER) == 2


@given(st.text(max_size=60))
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None, max_examples=40
)
def test_any_text_can_be_asked_for(database: Database, asked: str) -> None:
    if not database.exists():
        fill(database, row("P-1", string.printable))
    with database.read() as connection:
        index.with_words(connection, LEDGER, index.words_of(asked), [], 10)


def test_clearing_leaves_nothing_behind_and_touches_no_other_ledger(database: Database) -> None:
    fill(database, row("P-1", "budget", area="src"))
    fill(database, row("P-9", "budget", area="src"), ledger=OTHER)
    with database.write() as connection:
        index.set_mark(connection, LEDGER, IndexMark(1, 2, "h", 1, "d"))
        index.clear(connection, LEDGER)
    with database.read() as connection:
        assert index.mark_of(connection, LEDGER) == IndexMark()
        assert index.with_words(connection, LEDGER, ["budget"], [], 10) == []
        assert [one.precedent for one in index.with_words(connection, OTHER, ["budget"], [], 10)] == ["P-9"]
        assert connection.execute(text("SELECT count(*) FROM agency_precedent_postings")).scalar_one() == 1
        assert not index.postings_differ(connection, OTHER)


def test_the_mark_is_remembered(database: Database) -> None:
    with database.write() as connection:
        index.set_mark(connection, LEDGER, IndexMark(3, 9, "h", 2, "d"))
        index.set_mark(connection, LEDGER, IndexMark(4, 12, "i", 3, "e"))
    with database.read() as connection:
        assert index.mark_of(connection, LEDGER) == IndexMark(4, 12, "i", 3, "e")


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM agency_precedent_postings",
        "UPDATE agency_precedent_facts SET shared_by = shared_by + 1",
        "UPDATE agency_precedent_facts SET value = 'forged' WHERE value = 'src'",
        "UPDATE agency_precedents SET facts = '{\"area\": [\"forged\"]}' WHERE precedent = 'P-1'",
    ],
)
def test_postings_that_do_not_fit_the_rows_are_noticed(database: Database, damage: str) -> None:
    fill(database, row("P-1", area="src"), row("P-2", area=("src", "lib")))
    with database.write() as connection:
        assert not index.postings_differ(connection, LEDGER)
        connection.execute(text(damage))
        assert index.postings_differ(connection, LEDGER)


@pytest.mark.parametrize("facts", ["", "[]", "null", '{"a": 1}', "not json"])
def test_a_row_whose_facts_cannot_be_read_is_left_out(database: Database, facts: str) -> None:
    fill(database, row("P-1", area="src"), row("P-2", area="src"))
    with database.write() as connection:
        connection.execute(text("UPDATE agency_precedents SET facts = :f WHERE precedent = 'P-1'"), {"f": facts})
        found = index.having_all(connection, LEDGER, [], 10)
    assert "P-2" in {one.precedent for one in found}
    assert all(one.facts == {"area": ("src",)} for one in found if one.precedent == "P-2")


def test_each_column_of_a_row_changes_the_digest() -> None:
    whole = row("P-1", "words", area="src")
    changed = [
        replace(whole, precedent="P-2"),
        replace(whole, ruling="R-2"),
        replace(whole, seq=8),
        replace(whole, verdict="rejected"),
        replace(whole, holding="it may not"),
        replace(whole, facts={"area": ("lib",)}),
        replace(whole, words="other"),
    ]
    digests = {index.chained("", one) for one in [whole, *changed]}
    assert len(digests) == len(changed) + 1
    assert index.chained("x", whole) != index.chained("", whole)


@pytest.mark.usefixtures("postgres_server")
@given(rows=st.lists(FACTS, max_size=12), probes=FACTS, issues=st.sets(st.sampled_from("abcd")))
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None, max_examples=25
)
def test_both_databases_find_the_same_precedents_by_facts(
    both: tuple[Database, Database],
    rows: list[dict[str, tuple[str, ...]]],
    probes: dict[str, tuple[str, ...]],
    issues: set[str],
) -> None:
    found = []
    for database in both:
        with database.write() as connection:
            index.clear(connection, LEDGER)
            index.add(
                connection,
                LEDGER,
                [IndexedPrecedent(f"P-{at}", "R", 7, "waived", "h", facts, "") for at, facts in enumerate(rows)],
            )
            asked = [(key, value) for key, values in probes.items() for value in values]
            known = index.known_at_issue(connection, LEDGER, issues, asked)
            weights = [(one, 1 + 1 / one.shared_by) for one in known.values()]
            found.append([one.precedent for one in index.sharing(connection, weights, 5)])
    assert found[0] == found[1]


@pytest.fixture(scope="module")
def both(
    tmp_path_factory: pytest.TempPathFactory,
    new_postgres: Callable[[], str],
) -> Iterator[tuple[Database, Database]]:
    folder = tmp_path_factory.mktemp("both")
    opened = Database.open(f"sqlite:///{folder / 'agency.db'}"), Database.open(new_postgres())
    yield opened
    for database in opened:
        database.close()
