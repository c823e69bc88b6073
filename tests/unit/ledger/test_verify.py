from __future__ import annotations

import json
import random
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.errors import FileUnreadableError, LedgerError
from agent_agency.ledger.chain import MAX_PROBLEMS, ChainCheck
from agent_agency.ledger.verify import verify_file
from support.ledgers import export_to, forged_lines, make_ledger

if TYPE_CHECKING:
    from collections.abc import Callable

    Damage = Callable[[list[bytes]], list[bytes]]


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """An export of seven entries, so of eight lines."""
    return export_to(make_ledger(tmp_path / "agency", 6), tmp_path / "export.jsonl")


def _entries(path: Path) -> tuple[list[bytes], list[bytes]]:
    lines = path.read_bytes().splitlines(keepends=True)
    start = 1 if b'"count"' in lines[0] else 0
    return lines[:start], lines[start:]


def _damaged(path: Path, damage: Damage) -> list[tuple[str, int | None, int | None]]:
    """Damage the entries, verify, and tell what was named: code, line, seq."""
    header, entries = _entries(path)
    path.write_bytes(b"".join(header + damage(entries)))
    report = verify_file(path)
    offset = len(header)
    return [(found.code, found.line and found.line - offset, found.seq) for found in report.problems]


def test_an_untouched_file_verifies_and_tells_chain_count_and_head(recorded: Path) -> None:
    report = verify_file(recorded)
    last = json.loads(recorded.read_bytes().splitlines()[-1])
    assert report.verified
    assert (report.chain, report.count, report.head) == (last["chain"], 7, last["hash"])


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (lambda e: [*e[:3], e[3].replace(b"R-3", b"R-8"), *e[4:]], ("entry.edited", 4, 4)),
        (lambda e: [*e[:6], e[6].replace(b"R-6", b"R-8")], ("entry.edited", 7, 7)),
        (lambda e: [e[0].replace(b"agent", b"Agent"), *e[1:]], ("entry.edited", 1, 1)),
        (lambda e: [*e[:3], e[3].replace(b'"seq":4', b'"seq":9'), *e[4:]], ("entry.edited", 4, 9)),
        (lambda e: [*e[:3], *e[4:]], ("entry.missing", 4, 4)),
        (lambda e: e[1:], ("entry.missing", 1, 1)),
        (lambda e: [*e[:2], *e[5:]], ("entry.missing", 3, 3)),
        (lambda e: e[:-1], ("tail.missing", None, 7)),
        (lambda e: e[:-3], ("tail.missing", None, 5)),
        (lambda e: [*e[:3], e[4], e[3], *e[5:]], ("entry.out_of_order", 5, 4)),
        (lambda e: [*e[:5], e[6], e[5]], ("entry.out_of_order", 7, 6)),
        (lambda e: [e[1], e[0], *e[2:]], ("entry.out_of_order", 2, 1)),
        (lambda e: [*e[:3], e[2], *e[3:]], ("entry.repeated", 4, 3)),
        (lambda e: [*e, e[6]], ("entry.repeated", 8, 7)),
        (lambda e: [*e[:3], b"{}\n", *e[3:]], ("entry.member_missing", 4, None)),
        (lambda e: [*e[:3], b"\n", *e[3:]], ("entry.empty_line", 4, None)),
        (lambda e: [*e, b"\n"], ("entry.empty_line", 8, None)),
        (
            lambda e: [*e[:3], e[3].replace(b",", b", "), *e[4:]],
            ("entry.not_canonical", 4, 4),
        ),
        (lambda e: [*e[:3], e[3].replace(b"{", b'{"body":{},', 1), *e[4:]], ("entry.not_json", 4, None)),
        (lambda e: [*e[:3], e[3].replace(b"na", b"\xff\xff"), *e[4:]], ("entry.not_json", 4, None)),
        (lambda e: [*e[:3], e[3].replace(b"\n", b"\r\n"), *e[4:]], ("entry.not_canonical", 4, 4)),
        (lambda e: [*e[:6], e[6][:-1]], ("tail.torn", 7, 7)),
        (lambda e: [*e[:6], e[6][:40]], ("tail.torn", 7, 7)),
        (lambda e: [*e, b"half a l"], ("tail.torn", 8, 8)),
        (lambda e: [*e[:3], forged_lines([{}])[1], *e[4:]], ("entry.other_chain", 4, 2)),
    ],
)
def test_each_damage_is_named_once_with_its_line_and_entry(
    recorded: Path, damage: Damage, named: tuple[str, int | None, int | None]
) -> None:
    assert _damaged(recorded, damage) == [named]


def _spoil(recorded: Path, stride: int) -> None:
    """Edit, remove, add a byte at every place, and cut the file there; each must be seen."""
    data = recorded.read_bytes()
    chance = random.Random(7)
    for place in range(0, len(data), stride):
        before, byte, after = data[:place], data[place], data[place + 1 :]
        edited = bytes([byte ^ 1 << chance.randrange(8)])
        spoilt = {"edited": before + edited + after, "removed": before + after, "added": before + b" " + data[place:]}
        if place:
            spoilt["cut"] = before
        for what, content in spoilt.items():
            recorded.write_bytes(content)
            assert not verify_file(recorded).verified, (what, place, data[place - 20 : place + 20])


def test_any_byte_edited_removed_or_added_and_any_cut_is_seen(recorded: Path) -> None:
    _spoil(recorded, stride=17)


@pytest.mark.soak
def test_every_byte_edited_removed_or_added_and_every_cut_is_seen(recorded: Path) -> None:
    _spoil(recorded, stride=1)


@given(st.permutations(range(7)), st.lists(st.integers(0, 6), max_size=3))
def test_any_rearrangement_other_than_none_is_seen(order: list[int], repeated: list[int]) -> None:
    lines = forged_lines([{"n": n} for n in range(6)])
    arranged = [lines[index] for index in [*order, *repeated]]
    check = ChainCheck()
    for number, raw in enumerate(arranged, start=1):
        check.take(number, raw)
    check.finish()
    assert bool(check.problems) == (arranged != lines)


def test_duplicate_keys_are_seen_even_when_every_hash_was_made_anew(tmp_path: Path) -> None:
    from agent_agency.ledger import entry

    body = b'{"verdict":"rejected","verdict":"approved"}'
    first = forged_lines([])[0]
    genesis = entry.decode(first[:-1])[0]
    line, _ = entry.encode(2, "ruling", genesis.ts, genesis.chain, body, genesis.hash)
    path = tmp_path / "forged.jsonl"
    path.write_bytes(first + line + b"\n")
    (told,) = [problem for problem in verify_file(path).problems if problem.line == 2]
    assert (told.code, told.line) == ("entry.not_json", 2)
    assert "more than once" in told.message


@pytest.mark.parametrize(
    "body", [b'{"b":1,"a":2}', b'{"a": 1}', b'{"a":1.0}', b'{"a":"\\u0041"}', b'{"a":1e3}', b"[]", b'{"a":1},"b":{}']
)
def test_other_spellings_are_seen_even_when_every_hash_was_made_anew(tmp_path: Path, body: bytes) -> None:
    from agent_agency.ledger import entry

    first = forged_lines([])[0]
    genesis = entry.decode(first[:-1])[0]
    line, _ = entry.encode(2, "ruling", genesis.ts, genesis.chain, body, genesis.hash)
    path = tmp_path / "forged.jsonl"
    path.write_bytes(first + line + b"\n")
    assert [problem.line for problem in verify_file(path).problems if problem.code.startswith("entry.")] == [2]


def test_a_member_that_this_version_does_not_know_does_not_verify(tmp_path: Path) -> None:
    lines = forged_lines([{}])
    lines[1] = lines[1].replace(b',"ts":', b',"signatures":[],"ts":')
    path = tmp_path / "signed.jsonl"
    path.write_bytes(b"".join(lines))
    assert "knows no member 'signatures'" in str([str(found) for found in verify_file(path).problems])


def test_a_chain_of_an_unknown_format_does_not_verify() -> None:
    from agent_agency.ledger import entry

    body = entry.encode_body({"format": "agency-ledger/2"})
    line, _ = entry.encode(1, "genesis", "2026-01-31T08:00:00.000Z", "a" * 32, body, None)
    check = ChainCheck()
    check.take(1, line + b"\n")
    assert [problem.code for problem in check.problems] == ["chain.format_unknown"]


def test_a_chain_that_was_written_anew_up_to_a_known_entry_is_seen() -> None:
    lines = forged_lines([{"n": n} for n in range(4)])
    others = forged_lines([{"n": n + 1} for n in range(4)])
    known = json.loads(lines[2])["hash"]
    check = ChainCheck(anchors={3: known})
    for number, raw in enumerate(others, start=1):
        check.take(number, raw)
    check.finish()
    assert [(problem.code, problem.seq) for problem in check.problems] == [("entry.not_the_known", 3)]


def test_an_entry_that_was_added_to_an_export_with_right_hashes_is_seen(tmp_path: Path) -> None:
    from agent_agency.ledger import entry

    ledger = make_ledger(tmp_path / "agency", 2)
    target = export_to(ledger, tmp_path / "export.jsonl")
    last = list(ledger.entries())[-1]
    line, _ = entry.encode(4, "ruling", last.ts, last.chain, b"{}", last.hash)
    target.write_bytes(target.read_bytes() + line + b"\n")
    assert [(found.code, found.line, found.seq) for found in verify_file(target).problems] == [("tail.added", 5, 4)]


def test_an_export_that_lost_its_header_or_has_it_elsewhere_does_not_verify(tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path / "agency", 2)
    target = export_to(ledger, tmp_path / "export.jsonl")
    header, *entries = target.read_bytes().splitlines(keepends=True)
    target.write_bytes(b"".join(entries))
    assert [found.code for found in verify_file(target).problems] == ["export.header_missing"]
    target.write_bytes(b"".join([entries[0], header, *entries[1:]]))
    assert [found.line for found in verify_file(target).problems] == [1, 2]
    target.write_bytes(b"".join([header, header, *entries]))
    assert [found.line for found in verify_file(target).problems] == [2]


def test_a_file_that_is_not_there_is_one_error(tmp_path: Path) -> None:
    with pytest.raises(FileUnreadableError, match="no such file"):
        verify_file(tmp_path / "never.jsonl")


@pytest.mark.parametrize("data", [b"", b"\n", b"hello\n", b"\0" * 100, b'{"chain":1}\n', b"[1]\n", b"\xff\xfe\n"])
def test_a_file_that_is_no_ledger_does_not_verify(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(data)
    assert not verify_file(path).verified


@given(st.binary(max_size=300))
def test_no_bytes_make_a_verifier_crash_or_say_yes(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("any") / "file"
    path.write_bytes(data)
    assert not verify_file(path).verified


def test_a_file_full_of_rubbish_is_read_only_as_far_as_it_tells_something(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"rubbish\n" * 100_000)
    report = verify_file(path)
    assert len(report.problems) <= MAX_PROBLEMS + 3
    assert report.problems[-1].code == "file.too_much_wrong"


def test_a_file_full_of_gaps_is_read_only_as_far_as_it_tells_something(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"".join(forged_lines([{}] * 3000)[::2]))
    report = verify_file(path)
    assert MAX_PROBLEMS <= len(report.problems) <= MAX_PROBLEMS + 3
    assert report.problems[-1].code == "file.too_much_wrong"


def test_a_line_without_end_is_not_taken_into_memory(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with path.open("wb") as stream:
        stream.truncate(200 * 1024 * 1024)
    assert "entry.too_long" in [problem.code for problem in verify_file(path).problems]


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="no regular file"):
        verify_file(tmp_path)
