import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.attestation.person import distinct, principal, same_principal, without


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("lead@x.org", "LEAD@X.ORG"),
        ("lead@x.org", " Lead Person <lead@x.org> "),
        ("lead@x.org", "lead+caws@x.org"),
        ("lead@x.org", "lead"),
        ("@lead", "lead"),
        ("@Lead", "1234+lead@users.noreply.github.com"),
        ("\uff2cead@x.org", "lead@x.org"),
        ("Dorian  Rose", "dorian rose"),
        ("lead@x.org", "l\u200bead@x\u00ad.org"),
        ("lead@x.org", "lead@x.org."),
        ("lead@x.org", "mailto:lead@x.org"),
        ("lead@x.org", "lead@x.org (head of the team)"),
    ],
)
def test_two_spellings_of_one_person(one: str, other: str) -> None:
    assert same_principal(one, other)
    assert same_principal(other, one)


@pytest.mark.parametrize(
    ("one", "other"), [("a@x.org", "b@x.org"), ("a@x.org", "a@y.org"), ("a", "b"), ("lead", "leader@x.org")]
)
def test_two_people(one: str, other: str) -> None:
    assert not same_principal(one, other)


def test_lists_of_people() -> None:
    assert distinct([" ", "a@x.org", "A@x.org", "b@x.org", "@b"]) == ("a@x.org", "b@x.org")
    assert without(["a@x.org", "b@x.org"], ["A"]) == ("b@x.org",)


@given(st.text(max_size=30))
def test_anybody_is_themselves_and_the_form_is_stable(name: str) -> None:
    assert same_principal(name, name)
    assert isinstance(principal(name), str)
