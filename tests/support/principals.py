"""Principals with keys, so that tests can list them and sign without a terminal."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from agent_agency.attestation.principals import PRINCIPALS_PATH, Principal, Principals, read_principals
from agent_agency.attestation.signer import Ed25519Signer


@dataclass(frozen=True, slots=True)
class TestPrincipal:
    """Somebody with one key; ``toml`` is their table in the list of principals."""

    __test__ = False

    name: str
    address: str
    roles: tuple[str, ...]
    signer: Ed25519Signer

    @property
    def toml(self) -> str:
        roles = ", ".join(f'"{role}"' for role in self.roles)
        return (
            f'[[principal]]\nname = "{self.name}"\naddress = "{self.address}"\n'
            f'roles = [{roles}]\nkeys = ["{self.signer.public_key.line(self.name)}"]\n'
        )

    @property
    def principal(self) -> Principal:
        return Principal(self.name, self.address, frozenset(self.roles), (self.signer.public_key,))


def make_principal(name: str, roles: Iterable[str], *, address: str | None = None) -> TestPrincipal:
    """A principal whose key follows from the name, so that a test gives the same bytes each time."""
    seed = hashlib.sha256(f"test key of {name}".encode()).digest()
    return TestPrincipal(name, address or f"{name}@example.org", tuple(roles), Ed25519Signer.from_seed(seed))


def principals_toml(people: Iterable[TestPrincipal]) -> str:
    """The file that lists them."""
    return "\n".join(person.toml for person in people)


def listed(*people: TestPrincipal) -> Principals:
    """What a base that lists them says."""
    read = read_principals(principals_toml(people).encode(), PRINCIPALS_PATH)
    assert isinstance(read, Principals), read
    return read
