"""No byte of a record can change unseen: exports with a signed head, and every row of the database."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent_agency.canonical_json import canonical_json, digest_bytes
from agent_agency.errors import LedgerError, NotSignedError, StoreError
from agent_agency.ledger.entry import encode, encode_body
from agent_agency.ledger.export_header import read_header
from agent_agency.ledger.journal import Ledger
from agent_agency.ledger.signed_heads import SignedHead, add_signed_head
from agent_agency.ledger.verify import verify_file, verify_ledger
from agent_agency.ledger.witness import KnownHead
from agent_agency.workflows.anchor import sign_head
from agent_agency.workflows.check_heads import HeadWitness
from support.ledgers import export_to, make_ledger, restore_guards, tamper
from support.principals import listed, make_principal

JUDGE = make_principal("judge", ["arbiter"])
ORDER = 2**252 + 27742317777372353535851937790883648493
_HEADER = b"agent-agency.ledger.export.v1\0"


@dataclass(frozen=True)
class Witnessed:
    """Checks signatures against the listed judge, and remembers one anchored head."""

    anchor: KnownHead

    def signed(self, envelope: bytes) -> KnownHead:
        return HeadWitness(None, listed(JUDGE)).signed(envelope)

    def anchored(self, chain: str) -> Sequence[KnownHead]:
        return [self.anchor] if chain == self.anchor.chain else []


@dataclass(frozen=True)
class Exported:
    """An export with a signed head, and what its verifier knows besides."""

    path: Path
    data: bytes
    witness: Witnessed

    def told(self, data: bytes) -> bool:
        """Whether verification tells that the file is not the one that was written."""
        self.path.write_bytes(data)
        try:
            report = verify_file(self.path, self.witness)
        except LedgerError:
            return True
        anchor = self.witness.anchor
        return not (report.verified and report.chain == anchor.chain and report.signed and report.anchored)


def signed_ledger(folder: Path, count: int) -> tuple[Ledger, KnownHead]:
    """A ledger whose newest entry is signed, and that head."""
    ledger = make_ledger(folder, count)
    entry = list(ledger.entries())[-1]
    shelf = ledger.shelf()
    assert shelf is not None
    envelope = canonical_json(sign_head(entry, entry.ts, JUDGE.signer))
    with ledger.database.write() as connection:
        add_signed_head(connection, shelf, SignedHead(entry.seq, entry.hash, envelope))
    return ledger, KnownHead(entry.chain, entry.seq, entry.hash, "anchored")


def exported(folder: Path, count: int) -> Exported:
    ledger, head = signed_ledger(folder / "agency", count)
    path = export_to(ledger, folder / "export.jsonl")
    made = Exported(path, path.read_bytes(), Witnessed(head))
    assert not made.told(made.data), "the export is sound before anything is changed"
    return made


@pytest.fixture
def small(tmp_path: Path) -> Exported:
    return exported(tmp_path, 1)


def test_every_byte_that_is_changed_taken_out_or_put_in_is_told(small: Exported) -> None:
    data, chance = small.data, random.Random(11)
    for place in range(len(data)):
        before, byte, after = data[:place], data[place], data[place + 1 :]
        flipped = bytes([byte ^ 1 << chance.randrange(8)])
        for changed in (
            before + flipped + after,
            before + after,
            before + bytes([chance.randrange(256)]) + data[place:],
        ):
            assert changed == data or small.told(changed), (place, data[place - 20 : place + 20])


def test_every_cut_is_told(small: Exported) -> None:
    for place in range(len(small.data)):
        assert small.told(small.data[:place]), place
    assert small.told(small.data + b"\n")
    assert small.told(small.data + b" ")


def arrangements(lines: Sequence[bytes]) -> Iterator[bytes]:
    """Line ends of other systems, byte order marks, empty lines, and every line doubled, moved or left out."""
    whole = b"".join(lines)
    yield from (whole.replace(b"\n", b"\r\n"), whole.replace(b"\n", b"\r"), b"\xef\xbb\xbf" + whole, whole + whole)
    yield whole.removesuffix(b"\n")
    for place, line in enumerate(lines):
        rest = [*lines[:place], *lines[place + 1 :]]
        yield b"".join(rest)
        for other in range(len(lines)):
            yield b"".join([*lines[:other], line, *lines[other:]])
            if other != place:
                yield b"".join([*rest[:other], line, *rest[other:]])
        for end in (b"\r\n", b"\n\n", b" \n", b"\n\r", b"\x0b\n", b"\xc2\x85"):
            yield b"".join([*lines[:place], line[:-1] + end, *lines[place + 1 :]])


def test_line_ends_and_lines_doubled_moved_or_left_out_are_told(tmp_path: Path) -> None:
    made = exported(tmp_path, 3)
    for changed in arrangements(made.data.splitlines(keepends=True)):
        assert changed == made.data or made.told(changed), changed[:200]


def with_head(data: bytes, envelope: Any, **members: Any) -> bytes:
    """The export with another envelope over the same head, the header's own hash made anew."""
    first, _, rest = data.partition(b"\n")
    value = json.loads(first)
    value.pop("hash")
    value["signed_head"] = {**value["signed_head"], "envelope": envelope, **members}
    whole = {**value, "hash": digest_bytes(_HEADER + canonical_json(value))}
    return canonical_json(whole) + b"\n" + rest


def other_base64(text: str) -> Iterator[str]:
    """Other texts that a lenient reader takes for the same bytes."""
    bare = text.rstrip("=")
    yield from (f"{text}\n", f" {text}", f"{text[:8]}\r\n{text[8:]}", f"{text}=", f"{text}====", f"{text}\0")
    yield from (other for other in (bare, bare.replace("+", "-").replace("/", "_")) if other != text)
    if bare != text:
        alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        unused = 16 if text.endswith("==") else 4
        number = alphabet.index(bare[-1])
        for bits in range(unused):
            other = alphabet[number - number % unused + bits]
            if other != bare[-1]:
                yield bare[:-1] + other + text[len(bare) :]


def other_envelopes(envelope: dict[str, Any]) -> Iterator[Any]:
    """Every other way to write the same signature, payload, key or key's name that somebody might accept."""
    signature = envelope["signatures"][0]

    def signed(**members: Any) -> dict[str, Any]:
        return {**envelope, "signatures": [{**signature, **members}]}

    yield from ({**envelope, "payload": text} for text in other_base64(envelope["payload"]))
    yield from (signed(sig=text) for text in other_base64(signature["sig"]))
    value = base64.b64decode(signature["sig"])
    larger = (int.from_bytes(value[32:], "little") + ORDER).to_bytes(32, "little")
    yield from (
        signed(sig=base64.b64encode(other).decode()) for other in (value[:32] + larger, value + b"\0", value[1:])
    )
    key_id = signature["keyid"]
    yield from (signed(keyid=other) for other in (f"{key_id}=", key_id.lower(), key_id.removeprefix("SHA256:"), ""))
    yield from (signed(form=other) for other in ("ed25519", "sshsig", "", None))
    yield signed(cert=None)
    yield {**envelope, "note": "x"}
    yield {**envelope, "payloadType": "application/vnd.in-toto+json "}
    yield {**envelope, "payloadType": envelope["payloadType"].upper()}
    yield {**envelope, "signatures": [signature, signature]}
    yield {**envelope, "signatures": []}
    yield {**envelope, "signatures": signature}
    yield from (None, [envelope], json.dumps(envelope), {})
    yield from ({**envelope, "payload": base64.b64encode(other).decode()} for other in other_payloads(envelope))


def other_payloads(envelope: dict[str, Any]) -> Iterator[bytes]:
    """The signed statement with the same values, written otherwise; and with the public key written otherwise."""
    payload = base64.b64decode(envelope["payload"])
    value = json.loads(payload)
    yield from (payload + b"\n", b" " + payload, b"\xef\xbb\xbf" + payload, json.dumps(value, indent=1).encode())
    yield payload.replace(b'"seq":2', b'"seq":2.0')
    yield payload.replace(b'"judge"', b'"\\u006audge"').replace(b"ledger", b"l\\u0065dger", 1)
    line = value["predicate"]["key"]
    kind, encoded = line.split(" ")
    for other in (f"{line} judge", f" {line}", f"{line}\n", f"{kind}  {encoded}", f"{kind.upper()} {encoded}"):
        yield canonical_json({**value, "predicate": {**value["predicate"], "key": other}})
    for text in other_base64(encoded):
        yield canonical_json({**value, "predicate": {**value["predicate"], "key": f"{kind} {text}"}})


def test_every_other_writing_of_the_same_signature_payload_or_key_is_told(small: Exported) -> None:
    envelope = json.loads(small.data.partition(b"\n")[0])["signed_head"]["envelope"]
    assert with_head(small.data, envelope) == small.data
    others = list(other_envelopes(envelope))
    assert len(others) > 60
    for other in others:
        assert small.told(with_head(small.data, other)), other
    for members in ({"seq": 1}, {"seq": "2"}, {"hash": "sha256:" + "0" * 64}, {"more": 1}):
        assert small.told(with_head(small.data, envelope, **members)), members


def test_a_header_with_other_members_and_a_right_hash_of_its_own_is_told(small: Exported) -> None:
    first, _, rest = small.data.partition(b"\n")
    value = json.loads(first)
    value.pop("hash")
    changes: tuple[dict[str, Any], ...] = (
        {"count": 1},
        {"count": 3},
        {"chain": "f" * 32},
        {"head": "sha256:" + "0" * 64},
        {"format": "agency-ledger-export/2"},
        {"more": 1},
    )
    for change in changes:
        whole = {**value, **change}
        whole["hash"] = digest_bytes(_HEADER + canonical_json(whole))
        assert small.told(canonical_json(whole) + b"\n" + rest), change
    with pytest.raises(ValueError, match="does not end"):
        read_header(first)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.data())
def test_any_few_changes_to_a_large_export_are_told(large: Exported, data: st.DataObject) -> None:
    changed = bytearray(large.data)
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(changed) - 1))
        changed[place : place + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=3))
    assert bytes(changed) == large.data or large.told(bytes(changed))


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    return exported(tmp_path_factory.mktemp("large"), 120)


def columns(ledger: Ledger) -> Iterator[tuple[str, str, Any]]:
    """Each value of each row of a chain: its table and column, the condition that finds its row, and what it is."""
    from sqlalchemy import text

    for table in ("agency_entries", "agency_chains", "agency_signed_heads"):
        with ledger.database.read() as connection:
            rows = [dict(row) for row in connection.execute(text(f"SELECT rowid, * FROM {table}")).mappings()]  # noqa: S608 - names of tables
        for row in rows:
            for column, value in row.items():
                if column not in {"rowid", "ledger"}:  # another ledger's rows are no rows of this one
                    yield f"{table}.{column}", f"rowid = {row['rowid']}", value


def other_values(value: Any) -> Iterator[Any]:
    """Values near it, of its own type and of others."""
    if isinstance(value, bytes):
        for place in range(0, len(value), max(1, len(value) // 24)):
            yield value[:place] + bytes([value[place] ^ 4]) + value[place + 1 :]
            yield value[:place] + value[place + 1 :]
            yield value[:place] + b" " + value[place:]
        yield from (value + b"\n", b"", value.decode())
    elif isinstance(value, int):
        yield from (value + 1, value - 1, -value)
    elif value is None:
        yield "x"
    else:
        yield from (f"{value} ", value[:-1], value.upper(), "")


def test_every_value_of_every_row_that_is_changed_is_told(tmp_path: Path) -> None:
    ledger, head = signed_ledger(tmp_path / "agency", 2)
    witness = Witnessed(head)
    assert _sound(ledger, witness)
    found = list(columns(ledger))
    assert len(found) > 20
    for where, row, value in found:
        table, _, column = where.partition(".")
        for other in other_values(value):
            if other == value or not _changes(ledger, table, column, row, other):
                continue
            assert not _sound(ledger, witness), (where, row, other)
            assert _changes(ledger, table, column, row, value)
    assert _sound(ledger, witness)


def _changes(ledger: Ledger, table: str, column: str, row: str, value: Any) -> bool:
    """Put a value in place of another; ``False`` where the database itself refuses it."""
    try:
        tamper(ledger, f"UPDATE {table} SET {column} = :value WHERE {row}", value=value)  # noqa: S608 - names
    except StoreError:
        return False
    return True


def _sound(ledger: Ledger, witness: Witnessed) -> bool:
    with suppress(StoreError):
        restore_guards(ledger)
    try:
        reports = verify_ledger(ledger, witness)
    except (LedgerError, StoreError, NotSignedError):
        return False
    return all(report.verified and report.signed and report.anchored for report in reports) and len(reports) == 1


def test_a_chain_whose_every_hash_was_made_anew_is_told(tmp_path: Path) -> None:
    made = exported(tmp_path, 3)
    lines = made.data.splitlines(keepends=True)
    for changed in range(1, len(lines)):
        forged, previous = [lines[0]], None
        for place, line in enumerate(lines[1:], start=1):
            entry = json.loads(line)
            body = {**entry["body"], "note": "another"} if place == changed else entry["body"]
            again, previous = encode(
                entry["seq"], entry["kind"], entry["ts"], entry["chain"], encode_body(body), previous
            )
            forged.append(again + b"\n")
        value = {**json.loads(lines[0]), "head": previous}
        value.pop("hash")
        bare = {name: one for name, one in value.items() if name != "signed_head"}
        for members in (value, bare):
            whole = {**members, "hash": digest_bytes(_HEADER + canonical_json(members))}
            assert made.told(b"".join([canonical_json(whole) + b"\n", *forged[1:]])), changed
