"""Whatever stands in a contract, comparing it ends soon and raises nothing."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_agency.gates.contracts.compare import compare_contract
from agent_agency.gates.contracts.model import MAX_BYTES, Form
from support.contracts import BASES, PATHS, compare

DEEP = 20_000
FORMS = list(BASES)


def _chain(length: int) -> str:
    """Alternatives of alternatives: two to the power of ``length`` ways."""
    levels = {
        f"s{n}": {"anyOf": [{"$ref": f"#/$defs/s{n + 1}"}, {"$ref": f"#/$defs/s{n + 1}", "title": "b"}]}
        for n in range(length)
    }
    return json.dumps({"$ref": "#/$defs/s0", "$defs": {**levels, f"s{length}": {"type": "string"}}})


HOSTILE = {
    "deep JSON": "[" * DEEP,
    "deep objects": '{"a":' * DEEP,
    "deep YAML": "\n".join(" " * n + "a:" for n in range(400)),
    "aliases of aliases": "a: &a [1,1,1,1,1,1,1,1]\n"
    + "".join(f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join(['*' + chr(97 + n)] * 8)}]\n" for n in range(9)),
    "a cycle of references": '{"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}}',
    "a schema that contains itself": '{"allOf": [{"$ref": "#"}], "anyOf": [{"$ref": "#"}, {"not": {"$ref": "#"}}]}',
    "alternatives that multiply": _chain(40),
    "a long chain": json.dumps(
        {
            "$ref": "#/$defs/s0",
            "$defs": {f"s{n}": {"properties": {"a": {"$ref": f"#/$defs/s{n + 1}"}}} for n in range(3000)},
        }
    ),
    "a pattern that hangs": '{"patternProperties": {"^(a+)+$": {}}, "properties": {"'
    + "a" * 40
    + '!": {"pattern": "^(a+)+$"}}}',
    "a wild number": '{"multipleOf": 1e-300, "maximum": 1e308, "minLength": 99999999999999999999999999}',
    "many digits": '{"maximum": ' + "9" * 20_000 + "}",
    "a lone surrogate": '{"properties": {"\\ud800": {"type": "string"}}, "required": ["\\ud800"]}',
    "no text": "\x00\x01\x02",
    "nested types": "type Query { a: " + "[" * DEEP,
    "nested values": "input A { a: B = " + "{a:" * DEEP,
    "nested messages": 'syntax = "proto3"; ' + "message A {" * DEEP,
    "nested options": "option (a) = {" + "a: {" * DEEP,
    "an endless comment": "/*" * DEEP,
    "an endless text": 'syntax = "' + "\\" * DEEP,
    "a path of braces": 'openapi: 3.0.0\npaths: {"/' + "{" * DEEP + '": {}}',
    "callbacks in callbacks": "openapi: 3.0.0\npaths: {/a: {get: {responses: {}, "
    "callbacks: {c: {u: {$ref: '#/paths/~1a'}}}}}}",
    "a number for a version": "openapi: 3.0\npaths: {}",
    "keys that are no texts": "openapi: 3.0.0\npaths: {1: {get: {responses: {200: {}}}}, true: [], null: 5}",
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.timeout(20)
def test_a_hostile_contract_ends_in_problems(form: str, text: str) -> None:
    data = text.encode("utf-8", "surrogatepass")
    for base in (None, BASES[form].encode(), data + b"\n"):
        found = compare_contract(form, base, data, PATHS[form])
        assert all(problem.message.isprintable() for problem in found.problems)
        assert len(found.problems) < 2_000


@pytest.mark.parametrize("form", FORMS)
def test_too_large_a_contract_is_not_read(form: str) -> None:
    assert compare_contract(form, None, b" " * (MAX_BYTES + 1), PATHS[form]).unusable


def test_what_multiplies_is_told_and_never_passes() -> None:
    text = _chain(40)
    found = compare("json-schema", text, text + " ")
    assert {problem.rule for problem in found.unusable} == {"too_complex"}


def test_a_form_that_nobody_compares_is_an_error_of_the_caller() -> None:
    with pytest.raises(ValueError, match="asyncapi"):
        compare_contract("asyncapi", None, b"", "a.yaml")


@pytest.mark.parametrize("form", FORMS)
@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 2**32))
def test_a_mutated_contract_raises_nothing_and_is_no_harmless_ruin(form: str, seed: int) -> None:
    chance = random.Random(seed)
    data = bytearray(BASES[form].encode())
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(data))
        match chance.randrange(4):
            case 0:
                data[at] = chance.randrange(256)
            case 1:
                del data[at : at + chance.randrange(1, 60)]
            case 2:
                data[at:at] = data[chance.randrange(len(data)) :][: chance.randrange(1, 60)]
            case _:
                data[at:at] = chance.choice([b"{", b"}", b"[", b"\n", b"'", b'"', b"&a ", b"*a ", b"<<: ", b": "])
    found = compare_contract(form, BASES[form].encode(), bytes(data), PATHS[form])
    assert found.unusable or found.compared


@pytest.mark.parametrize("form", FORMS)
def test_a_truncated_contract_never_passes_for_the_whole(form: str) -> None:
    text = BASES[form]
    lines = text.splitlines(keepends=True)
    for count in range(0, len(lines) - 1, 7):
        found = compare(form, text, "".join(lines[:count]))
        assert found.unusable or found.breaking, count


@pytest.mark.soak
@pytest.mark.parametrize("form", FORMS)
def test_many_mutated_contracts(form: str) -> None:
    chance = random.Random(20_260_101)
    base = BASES[form].encode()
    for _ in range(10_000):
        data = bytearray(base)
        for _ in range(chance.randint(1, 20)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        found = compare_contract(Form(form), base, bytes(data), PATHS[form])
        assert found.unusable or found.compared
