"""Pairs of OpenAPI documents; the rules are those that oasdiff documents. No other tool served as an oracle."""

from __future__ import annotations

import json

import pytest

from agent_agency.gates.contracts.compare import compare_contract
from support.contracts import OPENAPI, SWAGGER, breaking, compare, edited, told

LIMIT = "{type: integer, format: int32, minimum: 1, maximum: 100}"
KIND_QUERY = "- {name: kind, in: query, schema: {type: string, enum: [cat, dog, bird]}}"
DELETE = "    delete:\n      responses:\n        '204': {description: Given away}\n"
ITEM = OPENAPI[OPENAPI.index("  /animals/{animalId}:") : OPENAPI.index("components:\n  securitySchemes")]
FORM = "          application/x-www-form-urlencoded:\n            schema: {$ref: '#/components/schemas/NewAnimal'}\n"
OPTIONAL_BODY = (
    "      requestBody:\n        content:\n          application/json:\n            schema:\n              type"
)
KEEPERS = "- {$ref: '#/components/schemas/Person'}\n                - {$ref: '#/components/schemas/Team'}"
HOUSE = "house: {type: object, required: [street], properties: {street: {type: string}}}"

BREAKING = {
    "a path goes": (ITEM, "", {"openapi.path_removed"}),
    "an operation goes": (DELETE, "", {"openapi.operation_removed"}),
    "a success status is replaced": ("'201':", "'202':", {"openapi.response_removed"}),
    "the default response goes": (
        "        default:\n          $ref: '#/components/responses/Problem'\n",
        "",
        {"openapi.response_removed"},
    ),
    "a parameter goes": (KIND_QUERY, "", {"openapi.parameter_removed"}),
    "a parameter moves": ("{name: tags, in: query", "{name: tags, in: header", {"openapi.parameter_moved"}),
    "a parameter becomes required": (
        "{name: limit, in: query,",
        "{name: limit, in: query, required: true,",
        {"openapi.parameter_required"},
    ),
    "a required parameter is new": (
        "      parameters:\n        - {name: limit",
        "      parameters:\n        - {name: token, in: query, required: true, schema: {}}\n        - {name: limit",
        {"openapi.parameter_required"},
    ),
    "a list is written in another way": (
        "{name: tags, in: query,",
        "{name: tags, in: query, explode: false,",
        {"openapi.parameter_style_changed"},
    ),
    "a parameter's bounds tighten": (LIMIT, LIMIT.replace("100", "50"), {"schema.bound_changed"}),
    "a parameter's lower bound rises": (LIMIT, LIMIT.replace("minimum: 1", "minimum: 2"), {"schema.bound_changed"}),
    "a parameter's type changes": (LIMIT, "{type: string}", {"schema.type_changed"}),
    "a parameter's enum narrows": (KIND_QUERY, KIND_QUERY.replace(", bird", ""), {"schema.enum_changed"}),
    "a parameter gets an enum": (
        "tags, in: query, schema: {type: array, items: {type: string}}",
        "tags, in: query, schema: {type: array, items: {type: string, enum: [old]}}",
        {"schema.enum_changed"},
    ),
    "a parameter gets a format": (
        "X-Request-Id, in: header, schema: {type: string}",
        "X-Request-Id, in: header, schema: {type: string, format: uuid}",
        {"schema.format_changed"},
    ),
    "a body becomes required": (
        OPTIONAL_BODY,
        OPTIONAL_BODY.replace("\n        content", "\n        required: true\n        content"),
        {"openapi.body_required"},
    ),
    "a media type of a request goes": (FORM, "", {"openapi.media_type_removed"}),
    "a media type of a response goes": (
        "            text/csv:\n              schema: {type: string}\n",
        "",
        {"openapi.media_type_removed"},
    ),
    "a request property becomes required": (
        "required: [kind, name]",
        "required: [kind, name, chip]",
        {"schema.property_required"},
    ),
    "a required request property is new": (
        "      required: [kind, name]\n      properties:\n",
        f"      required: [kind, name, house]\n      properties:\n        {HOUSE}\n",
        {"schema.property_required"},
    ),
    "a property goes": ("        chip: {type: string}\n", "", {"schema.property_removed"}),
    "a property that is only received goes": ("            kept: {type: boolean}\n", "", {"schema.property_removed"}),
    "a received property becomes optional": ("required: [id, kept]", "required: [id]", {"schema.property_optional"}),
    "a shared enum grows, which receivers do not know": (
        "kind: {type: string, enum: [cat, dog, bird]}",
        "kind: {type: string, enum: [cat, dog, bird, fish]}",
        {"schema.enum_changed"},
    ),
    "a shared enum shrinks, which senders use": (
        "kind: {type: string, enum: [cat, dog, bird]}",
        "kind: {type: string, enum: [cat, dog]}",
        {"schema.enum_changed"},
    ),
    "a received type changes": ("kept: {type: boolean}", "kept: {type: string}", {"schema.type_changed"}),
    "a received integer becomes a number": (
        "age: {type: integer, format: int64}",
        "age: {type: number}",
        {"schema.type_changed", "schema.format_changed"},
    ),
    "a received value may be null": (
        "kept: {type: boolean}",
        "kept: {type: boolean, nullable: true}",
        {"schema.type_changed"},
    ),
    "a sent value may no longer be null": (
        "note: {type: string, nullable: true}",
        "note: {type: string}",
        {"schema.type_changed"},
    ),
    "a received format goes": ("format: uuid, ", "", {"schema.format_changed"}),
    "a pattern changes": ("pattern: '^[a-z ]+$'", "pattern: '^[a-z]+$'", {"schema.pattern_changed"}),
    "a received limit goes": (
        "members: {type: array, items: {$ref: '#/components/schemas/Person'}, minItems: 1}",
        "members: {type: array, items: {$ref: '#/components/schemas/Person'}}",
        {"schema.bound_changed"},
    ),
    "a received alternative is new": (
        KEEPERS,
        KEEPERS + "\n                - {type: string}",
        {"schema.variant_added"},
    ),
    "an alternative changes inside": ("      required: [members]\n", "", {"schema.property_optional"}),
    "a required header goes": (
        "          headers:\n            X-Total: {required: true, schema: {type: integer}}\n",
        "",
        {"openapi.header_removed"},
    ),
    "a required header becomes optional": (
        "X-Total: {required: true,",
        "X-Total: {required: false,",
        {"openapi.header_removed"},
    ),
    "an alternative to be let in goes": (
        "        - key: []\n        - login: [write]",
        "        - login: [write]",
        {"openapi.security_added"},
    ),
    "a second credential is asked for": (
        "security:\n  - key: []\npaths",
        "security:\n  - key: []\n    login: []\npaths",
        {"openapi.security_added"},
    ),
    "another scope is asked for": ("login: [write]", "login: [write, admin]", {"openapi.security_added"}),
    "the key is sent elsewhere": ("in: header, name: X-Key", "in: query, name: X-Key", {"openapi.security_added"}),
    "a number's zero is still refused, and its limit rises": (
        "exclusiveMinimum: true, minimum: 0",
        "minimum: 1",
        {"schema.bound_changed"},
    ),
    "further properties are refused": (
        "              type: object\n              properties:\n                name:",
        (
            "              type: object\n              additionalProperties: false\n"
            "              properties:\n                name:"
        ),
        {"schema.additional_properties"},
    ),
}

HARMLESS = {
    "an operation is new": (DELETE, DELETE + "    put:\n      responses: {'204': {description: Stored}}\n"),
    "a path is new": ("paths:\n", "paths:\n  /health:\n    get: {responses: {'200': {description: Up}}}\n"),
    "a path's parameter has another name": ("animalId", "id"),
    "an optional parameter is new": (
        KIND_QUERY,
        KIND_QUERY + "\n        - {name: sort, in: query, schema: {type: string}}",
    ),
    "a response is new": (
        "'422': {description: Refused}",
        "'422': {description: Refused}\n        '429': {description: Wait}",
    ),
    "an optional property is new": (
        "        chip: {type: string}\n",
        "        chip: {type: string}\n        color: {type: string}\n",
    ),
    "a received property is always there": ("required: [id, kept]", "required: [id, kept, age]"),
    "a sent limit widens": (LIMIT, LIMIT.replace("100", "1000")),
    "a sent type widens": (LIMIT, "{type: number, minimum: 1, maximum: 100}"),
    "a sent int32 may be an int64": (LIMIT, LIMIT.replace("int32", "int64")),
    "a sent enum widens": (KIND_QUERY, KIND_QUERY.replace("bird", "bird, fish")),
    "a sent enum goes": (KIND_QUERY, "- {name: kind, in: query, schema: {type: string}}"),
    "a received integer narrows": (
        "age: {type: integer, format: int64}",
        "age: {type: integer, format: int64, minimum: 0}",
    ),
    "a body becomes optional": ("        required: true\n        content", "        content"),
    "a media type is new": (FORM, FORM + FORM.replace("x-www-form-urlencoded", "xml")),
    "another way to be let in": ("        - login: [write]", "        - login: [write]\n        - login: [admin]"),
    "nobody is asked any more": ("security:\n  - key: []\npaths", "security: []\npaths"),
    "a scheme is only named otherwise": ("key: ", "apiKey: "),
    "descriptions change": ("A page of animals", "Animals"),
    "a schema moves into a component": (
        "schema:\n                type: array\n                items: {$ref: '#/components/schemas/Animal'}",
        "schema: {allOf: [{type: array, items: {$ref: '#/components/schemas/Animal'}}]}",
    ),
    "a received alternative goes": (KEEPERS, KEEPERS.partition("\n")[0]),
    "an enum is written as constants": (
        KIND_QUERY,
        "- {name: kind, in: query, schema: {oneOf: [{enum: [cat]}, {enum: [dog]}, {enum: [bird]}]}}",
    ),
    "an exact type takes the place of a range": ("text/csv:", "'text/*':"),
    "a component that nobody uses is new": (
        "  schemas:\n    Animal:",
        "  schemas:\n    Unused: {type: string}\n    Animal:",
    ),
}


@pytest.mark.parametrize("case", BREAKING.values(), ids=BREAKING)
def test_what_breaks_clients_is_told(case: tuple[str, str, set[str]]) -> None:
    old, new, rules = case
    found = compare("openapi", OPENAPI, edited(OPENAPI, old, new))
    assert breaking(found) == rules
    assert found.unusable == ()
    assert all(problem.line and problem.path == "api.yaml" for problem in found.problems)


@pytest.mark.parametrize("case", HARMLESS.values(), ids=HARMLESS)
def test_what_breaks_nobody_is_not_held_against_the_change(case: tuple[str, str]) -> None:
    found = compare("openapi", OPENAPI, edited(OPENAPI, *case))
    assert found.problems == ()
    assert found.compared


SWAGGER_BREAKING = {
    "the base path": ("/v1", "/v2", {"openapi.base_path_changed"}),
    "a property": ("      age: {type: integer}\n", "", {"schema.property_removed"}),
    "a required property": ("required: [name]", "required: [name, age]", {"schema.property_required"}),
    "the way of a list": ("collectionFormat: csv", "collectionFormat: multi", {"openapi.parameter_style_changed"}),
    "a limit": ("maximum: 100", "maximum: 10", {"schema.bound_changed"}),
    "a field of a form": ("        - {name: caption, in: formData, type: string}\n", "", {"schema.property_removed"}),
    "a required field of a form": (
        "name: caption, in: formData,",
        "name: caption, in: formData, required: true,",
        {"schema.property_required"},
    ),
    "a media type": ("produces: [application/json]", "produces: [text/xml]", {"openapi.media_type_removed"}),
    "the credential": ("type: basic}", "type: apiKey, in: header, name: K}", {"openapi.security_added"}),
}


@pytest.mark.parametrize("case", SWAGGER_BREAKING.values(), ids=SWAGGER_BREAKING)
def test_version_2_is_held_to_the_same(case: tuple[str, str, set[str]]) -> None:
    old, new, rules = case
    assert breaking(compare("openapi", SWAGGER, edited(SWAGGER, old, new))) == rules
    assert compare("openapi", SWAGGER, SWAGGER + "# same\n").problems == ()


def test_version_3_1_reads_lists_of_types_keywords_beside_references_and_webhooks() -> None:
    base = """\
openapi: 3.1.0
info: {title: T, version: '1'}
webhooks:
  adopted:
    post:
      requestBody:
        content:
          application/json:
            schema: {type: object, required: [id], properties: {id: {type: string}, by: {type: [string, 'null']}}}
      responses: {'204': {description: Heard}}
paths:
  /a:
    post:
      requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/A', maxProperties: 5}}}}
components:
  schemas:
    A: {type: [object, 'null'], properties: {n: {type: [integer, string]}}}
"""
    assert compare("openapi", base, base + "# same\n").problems == ()
    tighter = edited(base, "maxProperties: 5", "maxProperties: 4")
    assert breaking(compare("openapi", base, tighter)) == {"schema.bound_changed"}
    narrower = edited(base, "type: [integer, string]", "type: string")
    assert breaking(compare("openapi", base, narrower)) == {"schema.type_changed"}
    called_with_less = edited(base, "required: [id], ", "")
    assert breaking(compare("openapi", base, called_with_less)) == {"schema.property_optional"}
    called_with_more = edited(base, "id: {type: string}", "id: {type: string}, at: {type: string}")
    assert compare("openapi", base, called_with_more).problems == ()
    assert breaking(compare("openapi", base, edited(base, "adopted:", "left:"))) == {"openapi.operation_removed"}


def test_an_error_response_that_is_no_longer_described_is_advice() -> None:
    found = compare("openapi", OPENAPI, edited(OPENAPI, "        '404': {description: Nobody knows it}\n", ""))
    assert breaking(found) == set()
    assert told(found) == {"openapi.response_undocumented"}
    assert found.unusable == ()


def test_yaml_and_json_of_one_document_are_the_same_contract() -> None:
    import yaml

    as_json = json.dumps(yaml.safe_load(OPENAPI))
    assert compare("openapi", OPENAPI, as_json).problems == ()


def test_a_difference_in_a_shared_schema_is_told_once_and_names_the_place() -> None:
    head = edited(OPENAPI, "        chip: {type: string}\n", "")
    sent, received = compare("openapi", OPENAPI, head).problems
    assert {sent.pointer, received.pointer} == {"/components/schemas/NewAnimal/properties/chip"}
    assert any("GET /animals: the response 200 (application/json)[].chip" in item.message for item in (sent, received))


def test_a_broken_reference_fails_and_one_of_the_base_is_only_told() -> None:
    broken = edited(OPENAPI, "items: {$ref: '#/components/schemas/Person'}", "items: {$ref: '#/components/schemas/P'}")
    found = compare("openapi", OPENAPI, broken)
    assert "unresolved_reference" in {item.rule for item in found.unusable}
    again = compare("openapi", broken, edited(broken, "A page", "Pages"))
    assert told(again) == {"still_invalid"}
    assert again.unusable == ()


def test_a_document_of_another_host_is_told_and_never_fetched() -> None:
    far = "{$ref: 'https://example.org/visit.json'}"
    head = edited(OPENAPI, "        chip: {type: string}\n", f"        chip: {{type: string}}\n        visit: {far}\n")
    assert told(compare("openapi", OPENAPI, head)) == {"remote_reference"}
    hidden = edited(OPENAPI, "chip: {type: string}", f"chip: {far}")
    assert "schema.type_changed" in breaking(compare("openapi", OPENAPI, hidden))


def test_files_beside_the_contract_are_read() -> None:
    head = edited(OPENAPI, "chip: {type: string}", "chip: {$ref: '../parts/chip.yaml#/Chip'}")
    parts = {"parts/chip.yaml": b"Chip: {type: string}\n"}
    same = compare_contract("openapi", OPENAPI.encode(), head.encode(), "api/openapi.yaml", read_head=parts.get)
    assert same.problems == ()
    parts["parts/chip.yaml"] = b"Chip: {type: integer}\n"
    other = compare_contract("openapi", OPENAPI.encode(), head.encode(), "api/openapi.yaml", read_head=parts.get)
    assert breaking(other) == {"schema.type_changed"}
    outside = edited(OPENAPI, "chip: {type: string}", "chip: {$ref: '../../etc/passwd'}")
    asked: list[str] = []
    compare_contract("openapi", None, outside.encode(), "api/openapi.yaml", read_head=asked.append)
    assert asked == []


INVALID = {
    "no version": ("openapi: 3.0.3\n", ""),
    "a version of tomorrow": ("openapi: 3.0.3", "openapi: 4.0.0"),
    "paths as a list": ("  /animals/{animalId}:\n    parameters", "  /animals/{animalId}:\n  - parameters"),
    "a tag": ("title: Shelter", "title: !!python/object:os.system x"),
    "a key twice": ("    delete:\n", "    patch:\n"),
    "required as a text": ("required: [kind, name]", "required: kind"),
    "a type that is none": ("kept: {type: boolean}", "kept: {type: bool}"),
    "an operation as a text": (DELETE, "    delete: gone\n"),
    "a status that is none": ("'422':", "refused:"),
    "a parameter without a place": ("{name: kind, in: query,", "{name: kind,"),
}


@pytest.mark.parametrize("case", INVALID.values(), ids=INVALID)
def test_what_is_no_contract_never_passes(case: tuple[str, str]) -> None:
    head = edited(OPENAPI, *case)
    assert compare("openapi", None, head).unusable
    assert compare("openapi", OPENAPI, head).unusable
