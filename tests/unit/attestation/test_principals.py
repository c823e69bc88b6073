"""The list of principals: read whole or not at all, and nobody counts twice."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.attestation.person import same_principal
from agent_agency.attestation.principals import PRINCIPALS_PATH, Principals, read_principals
from agent_agency.facts import Finding
from support.principals import listed, make_principal, principals_toml

ADA = make_principal("ada", ["approver", "requester"])
BEN = make_principal("ben", ["requester"])
KEY = ADA.signer.public_key.line()
OTHER_KEY = BEN.signer.public_key.line()
ENTRY: dict[str, Any] = {"name": '"ada"', "address": '"ada@example.org"', "roles": '["approver"]', "keys": f'["{KEY}"]'}


def table(**members: str | None) -> str:
    rows = {**ENTRY, **members}
    return "[[principal]]\n" + "".join(f"{name} = {value}\n" for name, value in rows.items() if value is not None)


def found(text: str | bytes) -> tuple[Finding, ...]:
    read = read_principals(text.encode() if isinstance(text, str) else text, PRINCIPALS_PATH)
    assert not isinstance(read, Principals)
    assert read
    for finding in read:
        assert finding.place.path == PRINCIPALS_PATH
        assert finding.remedy
        assert not finding.waivable
    return read


def test_who_is_listed_is_found_by_key_name_and_role() -> None:
    base = listed(ADA, BEN)
    assert base.by_key(BEN.signer.key_id) == BEN.principal
    assert base.by_key("SHA256:none") is None
    assert base.named("ada") == ADA.principal
    assert base.named("Ada") is None
    assert [one.name for one in base.with_role("requester")] == ["ada", "ben"]
    assert base.lists_approvers
    assert not listed(BEN).lists_approvers


def test_a_person_may_have_several_keys_and_is_one() -> None:
    read = read_principals(table(keys=f'["{KEY}", "{OTHER_KEY} at home"]').encode(), PRINCIPALS_PATH)
    assert isinstance(read, Principals)
    assert read.by_key(ADA.signer.key_id) is read.by_key(BEN.signer.key_id) is not None


def test_an_empty_list_lists_nobody() -> None:
    assert read_principals(b"", PRINCIPALS_PATH) == Principals()


def test_an_arbiter_needs_no_address() -> None:
    read = read_principals(table(roles='["arbiter"]', address=None).encode(), PRINCIPALS_PATH)
    assert isinstance(read, Principals)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (table(name=None), "wrong_value"),
        (table(name='"Ada Example"'), "wrong_value"),
        (table(name='"\u0430da"'), "wrong_value"),
        (table(name="1"), "wrong_value"),
        (table(address=None), "wrong_value"),
        (table(address='"ada"'), "wrong_value"),
        (table(address='"ada@example.org\\n"'), "wrong_value"),
        (table(address='"a@b@c"'), "wrong_value"),
        (table(roles=None), "wrong_value"),
        (table(roles="[]"), "wrong_value"),
        (table(roles='"approver"'), "wrong_value"),
        (table(roles='["owner"]'), "wrong_value"),
        (table(roles='["approver", "approver"]'), "wrong_value"),
        (table(keys=None), "wrong_value"),
        (table(keys="[]"), "wrong_value"),
        (table(keys=f'"{KEY}"'), "wrong_value"),
        (table(keys='["ssh-rsa AAAA"]'), "bad_key"),
        (table(keys=f'["{KEY[:-8]}"]'), "bad_key"),
        (table(keys=f'["{KEY}", "{KEY} again"]'), "key_twice"),
        (table(roles='["agent", "approver"]'), "mixed_roles"),
        (table(roles='["agent", "reviewer"]'), "mixed_roles"),
        (table(roles='["arbiter", "requester"]'), "mixed_roles"),
        (table(expires="2027-01-01"), "unknown_key"),
        (table(role='"approver"'), "unknown_key"),
        ("[principal]\n", "wrong_value"),
        ("[[principals]]\n", "unknown_key"),
        ("[[principal]\n", "parse_failed"),
        ("principal = " + "[" * 5000, "parse_failed"),
        (b"\xff", "not_utf8"),
        (b"#" * 300_000, "too_large"),
    ],
)
def test_what_is_wrong_is_found(text: str | bytes, rule: str) -> None:
    assert f"principals.{rule}" in {finding.rule for finding in found(text)}


def test_a_finding_tells_line_and_column() -> None:
    (finding,) = found("# who may act\n" + table(roles='["owner"]'))
    assert (finding.place.line, finding.place.column) == (5, 1)


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("ada", "someone@example.org"),
        ("someone", "ada@example.org"),
        ("someone", "Ada+work@Example.org"),
        ("someone", "ada@users.noreply.github.com"),
        ("ADA", "someone@example.org"),
        ("ada", "ada@elsewhere.example"),
    ],
)
def test_one_person_is_not_listed_twice(name: str, address: str) -> None:
    second = table(name=f'"{name}"', address=f'"{address}"', keys=f'["{OTHER_KEY}"]')
    assert {finding.rule for finding in found(table() + second)} == {"principals.same_person"}


def test_one_key_is_not_two_peoples() -> None:
    second = table(name='"ben"', address='"ben@example.org"', keys=f'["{KEY} ben"]')
    assert {finding.rule for finding in found(table() + second)} == {"principals.key_twice"}


NAMES = st.sampled_from(["ada", "Ada", "ben", "b.e", "cy", "dee"])
DOMAINS = st.sampled_from(["example.org", "Example.org", "x.org", "users.noreply.github.com"])


@given(st.lists(st.tuples(NAMES, NAMES, st.sampled_from(["", "+tag"]), DOMAINS), min_size=2, max_size=4))
def test_two_are_one_person_exactly_where_their_names_or_addresses_may_be(rows: list[tuple[str, ...]]) -> None:
    people = [(name, f"{local}{tag}@{domain}") for name, local, tag, domain in rows]
    one_twice = any(
        same_principal(mine, theirs)
        for index, other in enumerate(people)
        for one in people[:index]
        for mine in one
        for theirs in other
    )
    keys = [make_principal(f"key {index}", []).signer.public_key.line() for index in range(len(people))]
    text = "".join(
        table(name=f'"{name}"', address=f'"{address}"', keys=f'["{key}"]')
        for (name, address), key in zip(people, keys, strict=True)
    )
    assert isinstance(read_principals(text.encode(), PRINCIPALS_PATH), Principals) is not one_twice


def test_a_long_list_is_read_soon() -> None:
    people = [make_principal(f"person{number}", ["requester"]) for number in range(1000)]
    assert len(listed(*people).listed) == 1000


def test_what_cannot_be_shown_is_quoted() -> None:
    (finding,) = found(table(**{'"\\u001b[2K"': '"x"'}))
    assert finding.message.isprintable()


@given(st.text(max_size=60))
def test_any_text_is_read_or_found_fault_with(text: str) -> None:
    read = read_principals((principals_toml([ADA]) + text).encode("utf-8", "replace"), PRINCIPALS_PATH)
    assert isinstance(read, Principals) or read
