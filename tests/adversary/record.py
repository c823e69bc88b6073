"""A record under attack: three signed rulings, an arbiter whom the base lists, and what verification says."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adversary.harness import Scene
from agent_agency.canonical_json import canonical_json, digest_bytes
from agent_agency.errors import AgencyError
from agent_agency.git import Repository
from agent_agency.ledger.entry import encode, encode_body
from agent_agency.ledger.journal import Ledger
from agent_agency.workflows import verify_record
from agent_agency.workflows.anchor import OWN_REFS, anchor_head
from agent_agency.workflows.key_folder import KeyFolder
from support.ledgers import TickingClock, export_to, make_ledger, restore_guards, tamper
from support.principals import TestPrincipal, make_principal
from support.signed_rulings import signed_body

JUDGE = make_principal("judge", ["arbiter"])
MALLORY = make_principal("mallory", ["agent"])
_HEADER = b"agent-agency.ledger.export.v1\0"


@dataclass(frozen=True)
class Kept:
    """A repository's record, and the repository that it belongs to."""

    scene: Scene
    repo: Repository
    ledger: Ledger

    @property
    def chain(self) -> str:
        shelf = self.ledger.shelf()
        assert shelf is not None
        return shelf.chain

    @property
    def ref(self) -> str:
        return f"{OWN_REFS}/{self.chain}"

    @property
    def folder(self) -> Path:
        return self.scene.repo.path / ".git" / "agency"

    def anchor(self, by: TestPrincipal = JUDGE) -> None:
        anchor_head(self.repo, self.ledger, by.signer, TickingClock())

    def verifies(self, file: Path | None = None, anchor: str | None = None) -> bool:
        """Whether ``agency ledger verify`` finds nothing wrong; what it cannot read is never right."""
        keys = KeyFolder(self.scene.folder / "keys")
        try:
            reports = verify_record.verify_record(self.scene.repo.path, file, keys, principals="main", anchor=anchor)
        except AgencyError:
            return False
        return all(report.verified for report in reports)

    def exported(self) -> list[bytes]:
        """The lines of an export of the record, the header first."""
        return export_to(self.ledger, self.scene.folder / "export.jsonl").read_bytes().splitlines(keepends=True)

    def verifies_file(self, lines: Sequence[bytes]) -> bool:
        path = self.scene.folder / "changed.jsonl"
        path.write_bytes(b"".join(lines))
        return self.verifies(path)

    def change(self, *statements: str, **values: Any) -> None:
        """Change the database as its owner can, and put the guards back."""
        for statement in statements:
            tamper(self.ledger, statement, **values)
        restore_guards(self.ledger)

    def forget_after(self, seq: int, *, signatures: bool = True) -> None:
        """What a careful hand leaves of a chain whose last entries it wants gone."""
        if signatures:
            tamper(self.ledger, "DELETE FROM agency_signed_heads WHERE seq > :seq", seq=seq)
        tamper(self.ledger, "DELETE FROM agency_entries WHERE seq > :seq", seq=seq)
        query = "UPDATE agency_chains SET seq = :seq, hash = (SELECT hash FROM agency_entries WHERE seq = :seq)"
        self.change(query, seq=seq)


@contextmanager
def kept(scene: Scene, *, rulings: int = 3, anchored: bool = True) -> Iterator[Kept]:
    """A record of as many rulings and a genesis; anchored by the listed arbiter where asked for."""
    scene.list_at_base(JUDGE)
    folder = scene.repo.path / ".git" / "agency"
    ledger = make_ledger(folder)
    for number in range(1, rulings + 1):
        verdict = "rejected" if number == rulings else "approved"
        ledger.append("ruling", signed_body({"ruling_id": f"R-{number}", "verdict": verdict, "note": "§ 1"}, JUDGE))
    with Repository.discover(scene.repo.path) as repo:
        made = Kept(scene, repo, ledger)
        if anchored:
            made.anchor()
        assert made.verifies(), "the record is sound before the attack"
        yield made


def header(lines: Sequence[bytes], **members: Any) -> bytes:
    """The header of an export with other members, its hash made anew; ``None`` takes a member away."""
    value = {**json.loads(lines[0]), **members}
    value = {name: one for name, one in value.items() if one is not None and name != "hash"}
    return canonical_json({**value, "hash": digest_bytes(_HEADER + canonical_json(value))}) + b"\n"


def rewritten(lines: Sequence[bytes], changes: dict[int, dict[str, Any]]) -> list[bytes]:
    """The same chain with other members in the bodies of some entries, every hash and link made anew."""
    made: list[bytes] = []
    previous: str | None = None
    for line in lines:
        entry = json.loads(line)
        body = {**entry["body"], **changes.get(entry["seq"], {})}
        again, previous = encode(entry["seq"], entry["kind"], entry["ts"], entry["chain"], encode_body(body), previous)
        made.append(again + b"\n")
    return made


def put_in_place(kept: Kept, lines: Sequence[bytes]) -> None:
    """Write these lines over the rows of the database, with columns that say the same."""
    query = "UPDATE agency_entries SET line = :line, hash = :hash WHERE seq = :seq"
    for line in lines:
        entry = json.loads(line)
        tamper(kept.ledger, query, line=line[:-1], hash=entry["hash"], seq=entry["seq"])
    last = json.loads(lines[-1])
    kept.change("UPDATE agency_chains SET hash = :hash", hash=last["hash"])
