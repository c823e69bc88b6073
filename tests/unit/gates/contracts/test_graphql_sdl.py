"""Pairs of GraphQL schemas. graphql-core, the reference's port, judges them; here is what is added to it."""

from __future__ import annotations

import pytest

from support.contracts import GRAPHQL, breaking, compare, edited, told

BREAKING = {
    "a field goes": ("  born: Day\n", "", "graphql.field_removed"),
    "a field may be null": ("kind: Kind!\n", "kind: Kind\n", "graphql.field_changed_kind"),
    "a field's type changes": ("  born: Day\n", "  born: Int\n", "graphql.field_changed_kind"),
    "a type goes": ("union Keeper = Person | Team", "union Keeper = Person", "graphql.type_removed_from_union"),
    "an enum value goes": ("DOG BIRD", "DOG", "graphql.value_removed_from_enum"),
    "a required argument is new": (
        "animals(kind: Kind)",
        "animals(kind: Kind, in: Int!)",
        "graphql.required_arg_added",
    ),
    "an argument goes": ("since: Day", "", "graphql.arg_removed"),
    "an argument becomes required": ("(kind: Kind)", "(kind: Kind!)", "graphql.arg_changed_kind"),
    "an input field becomes required": (
        "kind: Kind! note: String }",
        "kind: Kind! note: String! }",
        "graphql.field_changed_kind",
    ),
    "a required input field is new": (
        "kind: Kind! note: String }",
        "kind: Kind! note: String age: Int! }",
        "graphql.required_input_field_added",
    ),
    "an input field goes": ("kind: Kind! note: String }", "kind: Kind! }", "graphql.field_removed"),
    "an interface is no longer implemented": (
        "type Team implements Named",
        "type Team",
        "graphql.implemented_interface_removed",
    ),
    "a directive goes": ("directive @audited(reason: String) on FIELD_DEFINITION", "", "graphql.directive_removed"),
    "a directive's argument goes": (
        "@audited(reason: String)",
        "@audited(why: String)",
        "graphql.directive_arg_removed",
    ),
    "a type becomes another kind": ("scalar Day", "enum Day { MONDAY }", "graphql.type_changed_kind"),
    "a root type is no longer one": ("mutation: Mutation }", "}", "graphql.root_type_changed"),
}

HARMLESS = {
    "a field is new": ("  born: Day\n", "  born: Day\n  chip: String\n"),
    "an optional argument is new": ("animals(kind: Kind)", "animals(kind: Kind, first: Int = 5)"),
    "an optional input field is new": ("note: String }", "note: String chip: String }"),
    "a field is never null any more": ("  born: Day\n", "  born: Day!\n"),
    "an argument need not be given": ("animal(id: ID!)", "animal(id: ID)"),
    "a type is new": ("scalar Day", "scalar Day\nscalar Hour"),
    "a type is extended in place": ("scalar Day", "scalar Day\nextend type Animal { chip: String }"),
    "a field is deprecated": ("  born: Day\n", '  born: Day @deprecated(reason: "use age")\n'),
    "a directive of a federation is used": (
        "type Animal implements Named {",
        'type Animal implements Named @key(fields: "id") {',
    ),
    "the order changes": ("enum Kind { CAT DOG BIRD }", "enum Kind { BIRD CAT DOG }"),
}


@pytest.mark.parametrize("case", BREAKING.values(), ids=BREAKING)
def test_what_breaks_queries_is_told(case: tuple[str, str, str]) -> None:
    old, new, rule = case
    head = edited(GRAPHQL, old, new)
    if "directive" in rule:
        head = head.replace('@audited(reason: "law")', "")
    assert rule in breaking(compare("graphql", GRAPHQL, head))


@pytest.mark.parametrize("case", HARMLESS.values(), ids=HARMLESS)
def test_what_breaks_nobody_is_not_held_against_the_change(case: tuple[str, str]) -> None:
    assert compare("graphql", GRAPHQL, edited(GRAPHQL, *case)).problems == ()


def test_a_new_enum_value_is_told_as_dangerous_and_breaks_nothing() -> None:
    found = compare("graphql", GRAPHQL, edited(GRAPHQL, "DOG BIRD", "DOG BIRD FISH"))
    assert (breaking(found), told(found)) == (set(), {"graphql.dangerous"})


def test_a_problem_names_its_line() -> None:
    (problem,) = compare("graphql", GRAPHQL, edited(GRAPHQL, "  born: Day\n", "")).problems
    assert (problem.pointer, problem.line) == ("Animal.born", 9)


def test_a_part_of_a_graph_needs_no_query_type() -> None:
    found = compare("graphql", None, 'type Animal @key(fields: "id") { id: ID! }\n')
    assert found.problems == ()
    assert found.types == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "type A {",
        "type Query { a: Nowhere }",
        "{ animals { id } }",
        "type A { a: Int a: Int }",
        "type A implements B { a: Int }",
        "interface I { a: Int } type A implements I { b: Int }",
        "type A { a: Int } type A { b: Int }",
        "type __A { a: Int }",
        "\x00",
        "enum E { A A }",
        "union U = Int",
        "input I { i: I! }",
        "extend type Q { a: Int }",
    ],
)
def test_what_is_no_schema_never_passes(text: str) -> None:
    assert compare("graphql", None, text).unusable
    assert compare("graphql", GRAPHQL, text).unusable
