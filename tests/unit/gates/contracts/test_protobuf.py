"""Pairs of protobuf files; the rules are those of buf. Neither buf nor protoc served as an oracle."""

from __future__ import annotations

import pytest

from support.contracts import PROTOBUF, breaking, compare, edited, told

BREAKING = {
    "a field goes": ("  optional int32 age = 3;\n", "", "field_removed"),
    "a field's number changes": ("age = 3", "age = 13", "field_number_changed"),
    "a field is renamed": ("age = 3", "years = 3", "field_renamed"),
    "a field's type changes": ("int32 age", "int64 age", "field_type_changed"),
    "a field's message changes": ("google.protobuf.Timestamp taken_in", "Visit taken_in", "field_type_changed"),
    "a namesake takes an imported type's place": ("message Visit {", "message Timestamp {}\nmessage Visit {", None),
    "a map's value changes": ("map<string, Visit>", "map<string, string>", "field_type_changed"),
    "a field becomes a list": ("string name = 2", "repeated string name = 2", "field_label_changed"),
    "a list becomes a field": ("repeated string tags", "string tags", "field_label_changed"),
    "presence goes": ("optional int32 age", "int32 age", "field_label_changed"),
    "a field leaves its oneof": (
        "    string person = 8;\n    Team team = 9;\n  }",
        "    Team team = 9;\n  }\n  string person = 8;",
        "field_label_changed",
    ),
    "a field's name in JSON changes": ('json_name = "since"', 'json_name = "at"', "field_json_name_changed"),
    "a reserved number is used": (
        "  reserved 20 to 29, 40;",
        "  reserved 20 to 29;\n  string x = 40;",
        "reserved_reused",
    ),
    "a reserved name is used": ('  reserved "owner";', "  string owner = 30;", "reserved_reused"),
    "a number is no longer reserved": ("reserved 20 to 29, 40", "reserved 20 to 28, 40", "reserved_removed"),
    "a message goes": ("message Visit {", "message Call {", "message_removed"),
    "a nested message goes": ("  message Team {\n    string name = 1;\n  }\n", "", "message_removed"),
    "an enum goes": ("enum Kind {", "enum Sort {", "enum_removed"),
    "an enum value goes": ("  KIND_DOG = 2;\n", "", "enum_value_removed"),
    "an enum value is renamed": ("KIND_DOG = 2", "KIND_HOUND = 2", "enum_value_renamed"),
    "an enum value's number changes": ("KIND_DOG = 2", "KIND_DOG = 3", "enum_value_number_changed"),
    "a service goes": ("service Shelter", "service Home", "service_removed"),
    "a method goes": ("  rpc Get(GetRequest) returns (Animal);\n", "", "rpc_removed"),
    "a method takes another message": ("rpc Get(GetRequest)", "rpc Get(Animal)", "rpc_type_changed"),
    "a method returns another message": ("returns (Animal);", "returns (Visit);", "rpc_type_changed"),
    "a method streams": ("rpc Get(GetRequest)", "rpc Get(stream GetRequest)", "rpc_streaming_changed"),
    "a method no longer streams": ("(stream Animal)", "(Animal)", "rpc_streaming_changed"),
    "a method may change things": ("    option idempotency_level = NO_SIDE_EFFECTS;\n", "", "rpc_idempotency_changed"),
    "the package changes": ("package shelter.v1", "package shelter.v2", "package_changed"),
    "the generated package changes": ("shelterv1", "shelterv2", "file_option_changed"),
}

HARMLESS = {
    "a field is new": ("  repeated string tags = 5;\n", "  repeated string tags = 5;\n  string chip = 10;\n"),
    "a message is new": ("message Visit {", "message Call {}\nmessage Visit {"),
    "a value is new": ("  KIND_DOG = 2;\n", "  KIND_DOG = 2;\n  KIND_BIRD = 3;\n"),
    "a method is new": ("  rpc Get(", "  rpc Count(GetRequest) returns (Visit);\n  rpc Get("),
    "a field goes and is reserved": ("optional int32 age = 3;", 'reserved 3;\n  reserved "age";'),
    "a value goes and is reserved": ("  KIND_DOG = 2;\n  reserved 9;", '  reserved 2, 9;\n  reserved "KIND_DOG";'),
    "a type is named in full": ("  Kind kind = 4;", "  .shelter.v1.Kind kind = 4;"),
    "a type is named with its package": ("map<string, Visit>", "map<string, shelter.v1.Visit>"),
    "a nested type is named through its parent": ("    Team team = 9;", "    Animal.Team team = 9;"),
    "a number is written otherwise": ("int32 age = 3", "int32 age = 0x3"),
    "comments and options": (
        "  string id = 1;\n  string name",
        "  string id = 1 [deprecated = true]; // the id\n  string name",
    ),
    "more is reserved": ("reserved 20 to 29, 40", "reserved 20 to 50"),
    "a range is written in parts": ("reserved 20 to 29, 40", "reserved 20 to 24, 25 to 29, 40"),
    "a name in JSON is written out": ("string id = 1;", 'string id = 1 [json_name = "id"];'),
}


@pytest.mark.parametrize("case", BREAKING.values(), ids=BREAKING)
def test_what_breaks_users_is_told(case: tuple[str, str, str | None]) -> None:
    old, new, rule = case
    head = edited(PROTOBUF, old, new)
    if rule is None:
        head = edited(head, "google.protobuf.Timestamp taken_in", "Timestamp taken_in")
    for name in ("Visit", "Kind"):
        if f"message {name}" in PROTOBUF and f" {name} {{" not in head:
            head = head.replace(f", {name}>", ", Call>").replace(f"  {name} kind", "  Sort kind")
    assert f"protobuf.{rule or 'field_type_changed'}" in breaking(compare("protobuf", PROTOBUF, head))


@pytest.mark.parametrize("case", HARMLESS.values(), ids=HARMLESS)
def test_what_breaks_nobody_is_not_held_against_the_change(case: tuple[str, str]) -> None:
    assert compare("protobuf", PROTOBUF, edited(PROTOBUF, *case)).problems == ()


def test_one_change_is_told_once() -> None:
    (problem,) = compare("protobuf", PROTOBUF, edited(PROTOBUF, "package shelter.v1", "package shelter.v2")).problems
    assert problem.rule == "protobuf.package_changed"
    (problem,) = compare("protobuf", PROTOBUF, edited(PROTOBUF, "int32 age", "int64 age")).problems
    assert (problem.pointer, problem.line) == ("Animal.age", 13)


def test_a_number_that_is_reserved_without_its_name_is_advice() -> None:
    found = compare("protobuf", PROTOBUF, edited(PROTOBUF, "optional int32 age = 3;", "reserved 3;"))
    assert (breaking(found), told(found)) == (set(), {"protobuf.name_not_reserved"})


def test_proto2_with_groups_extensions_and_required_fields() -> None:
    base = """\
package old;
message A {
  required string id = 1;
  optional group Part = 2 { optional int32 size = 1 [default = 4]; }
  extensions 100 to 199, 500 to max;
}
extend A { optional string note = 100; }
"""
    assert compare("protobuf", base, "// same\n" + base).problems == ()
    for old, new, rule in (
        ("required string id", "optional string id", "field_label_changed"),
        ("  extensions 100", "  required int32 z = 9;\n  extensions 100", "required_added"),
        ("100 to 199", "100 to 150", "extension_range_removed"),
        ("default = 4", "default = 5", "field_option_changed"),
        ("extend A { optional string note = 100; }", "", "extension_removed"),
        ("package old;", 'syntax = "proto2"; package old;', ""),
    ):
        found = breaking(compare("protobuf", base, edited(base, old, new)))
        assert found == ({f"protobuf.{rule}"} if rule else set())


def test_editions_tell_presence_by_features() -> None:
    base = 'edition = "2023";\nmessage A { int32 a = 1; int32 b = 2 [features.field_presence = IMPLICIT]; }\n'
    assert compare("protobuf", base, base + "// same").problems == ()
    changed = edited(base, "[features.field_presence = IMPLICIT]", "")
    assert breaking(compare("protobuf", base, changed)) == {"protobuf.field_label_changed"}


@pytest.mark.parametrize(
    "text",
    [
        "message A {",
        "message A { string a = 0; }",
        'syntax = "proto3"; message A { string a = 1; int32 b = 1; }',
        'syntax = "proto3"; message A { required string a = 1; }',
        "message A { string a = 1; }",
        'syntax = "proto4";',
        'syntax = "proto3"; enum E { A = 1; }',
        'syntax = "proto3"; enum E { }',
        "message A { } message A { }",
        "hello",
        "\x00",
        'syntax = "proto3"; message A { string a = 19000; }',
        'syntax = "proto3"; message A { reserved 1; string a = 1; }',
        'syntax = "proto3"; enum E { A = 0; B = 0; }',
        "/* never closed",
        'import "a.proto',
        "package a; package b;",
        'syntax = "proto3"; service S { rpc A(B) returns C; }',
        'syntax = "proto3"; message A { oneof o { repeated int32 a = 1; } }',
    ],
)
def test_what_is_no_protobuf_never_passes(text: str) -> None:
    assert compare("protobuf", None, text).unusable
    assert compare("protobuf", PROTOBUF, text).unusable
