"""Additions to the list keep what is there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.attestation.principals import PRINCIPALS_PATH, Principals, read_principals
from agent_agency.attestation.principals_edit import Addition, with_addition
from agent_agency.errors import LawError, UsageError
from support.principals import make_principal, principals_toml

ADA = make_principal("ada", ["approver"])
BEN = make_principal("ben", ["requester"])
CY = make_principal("cy", ["reviewer"])
KEY, NEW_KEY = ADA.signer.public_key, CY.signer.public_key
MORE = Addition("ada", None, ("reviewer",), (NEW_KEY,))


def read(text: str) -> Principals:
    found = read_principals(text.encode(), PRINCIPALS_PATH)
    assert isinstance(found, Principals), found
    return found


def written(keys: str, roles: str = '["approver"]') -> str:
    return f'[[principal]]\nname = "ada"\nroles = {roles} # "x" ]\naddress = "ada@example.org"\nkeys = {keys}\n# end\n'


LAYOUTS = {
    "one line": f'["{KEY.line()}"]',
    "one line with a comma": f'["{KEY.line()}", ]',
    "lines": f'[\n    "{KEY.line()}",\n]',
    "lines without a comma": f'[\n    "{KEY.line()}"\n]',
    "comments": f'[ # [ "\n\t"{KEY.line()}", # the first ]\n\t# none more\n]',
    "literal": f"['{KEY.line()}']",
    "multi-line text": f'["""{KEY.line()}"""]',
    "carriage returns": f'[\r\n  "{KEY.line()}",\r\n]',
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_key_and_a_role_are_added_in_any_layout(layout: str) -> None:
    text = written(LAYOUTS[layout]) + principals_toml([BEN])
    changed = with_addition(text, MORE)
    ada = read(changed).named("ada")
    assert ada is not None
    assert ada.keys == (KEY, NEW_KEY)
    assert ada.roles == {"approver", "reviewer"}
    assert read(changed).named("ben") == read(text).named("ben")
    assert without_added(text) == without_added(changed)


def without_added(text: str) -> str:
    """The characters that are left when what was added is taken out, whatever punctuation it came with."""
    for gone in (f'"{NEW_KEY.line("ada")}"', '"reviewer"', ",", " ", "\t", "\r", "\n"):
        text = text.replace(gone, "")
    return text


def test_what_is_listed_already_changes_nothing() -> None:
    text = principals_toml([ADA, BEN])
    assert with_addition(text, Addition("ada", None, ("approver",), (KEY,))) == text
    assert with_addition(text, Addition("ada", "ada@example.org", (), (KEY,))) == text


def test_somebody_new_comes_at_the_end() -> None:
    text = "# ours\r\n" + principals_toml([ADA]).replace("\n", "\r\n")
    changed = with_addition(text, Addition("cy", "cy@example.org", ("reviewer",), (NEW_KEY,)))
    assert changed.startswith(text.rstrip())
    assert changed.count("\n") == changed.count("\r\n")
    assert [one.name for one in read(changed).listed] == ["ada", "cy"]


@pytest.mark.parametrize(
    ("addition", "why"),
    [
        (Addition("cy", "cy@example.org", (), (NEW_KEY,)), "not listed yet"),
        (Addition("ada", "other@example.org", (), (NEW_KEY,)), "listed with the address"),
        (Addition("ada", None, ("agent",), (NEW_KEY,)), "decide on its own work"),
        (Addition("cy", "ada@example.org", ("agent",), (NEW_KEY,)), "same person"),
        (Addition("cy", "cy@example.org", ("agent",), (KEY,)), "has a key of ada"),
        (Addition("cy", None, ("agent",), (NEW_KEY,)), "no e-mail address"),
        (Addition("c y", "cy@example.org", ("agent",), (NEW_KEY,)), "no usable name"),
    ],
)
def test_what_could_not_be_read_back_is_not_written(addition: Addition, why: str) -> None:
    with pytest.raises((LawError, UsageError), match=why):
        with_addition(principals_toml([ADA]), addition)


@pytest.mark.parametrize(
    "text",
    [f'principal = [{{name="ada", address="ada@example.org", roles=["approver"], keys=["{KEY.line()}"]}}]', "[["],
)
def test_a_text_that_only_a_person_can_edit_is_left_alone(text: str) -> None:
    with pytest.raises((LawError, UsageError)):
        with_addition(text, MORE)


@given(st.sampled_from(sorted(LAYOUTS)), st.text("# \"'[],\n=x", max_size=12))
def test_an_edit_adds_exactly_what_was_asked_or_refuses(layout: str, noise: str) -> None:
    text = written(LAYOUTS[layout].replace("\n", f" #{noise.replace(chr(10), '')}\n"))
    try:
        changed = with_addition(text, MORE)
    except (LawError, UsageError):
        return
    ada = read(changed).named("ada")
    assert ada is not None
    assert ada.keys == (KEY, NEW_KEY)
    assert ada.roles == {"approver", "reviewer"}
