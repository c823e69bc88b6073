"""What somebody tries who may write to the database, to exports, and to every ref of the repository."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from typing import Any

import pytest

from adversary.harness import Attack, Defence, Scene, check, names
from adversary.record import JUDGE, MALLORY, Kept, header, kept, put_in_place, rewritten
from agent_agency.attestation.arbiter_act import Standing
from agent_agency.canonical_json import canonical_json
from agent_agency.errors import AgencyError
from agent_agency.git import anchors
from agent_agency.identity import random_id
from agent_agency.ledger.chain import ChainCheck
from agent_agency.ledger.entry import Entry, decode, encode
from agent_agency.ledger.journal import Ledger
from agent_agency.ledger.opening import open_ledger
from agent_agency.ledger.signed_heads import SignedHead, add_signed_head
from agent_agency.ledger.verify import verify_file
from agent_agency.workflows import anchor as anchoring
from agent_agency.workflows.check_heads import HeadWitness
from support.ledgers import TickingClock, forged_lines, lines_of, tamper
from support.principals import listed

_JSON = json.JSONDecoder()


def _nothing(*_: Any, **__: Any) -> None:
    """A check that checks nothing."""


def _none_found(*_: Any, **__: Any) -> tuple[()]:
    return ()


def _an_empty_list(*_: Any) -> list[Any]:
    return []


def _as_listed(*_: Any) -> tuple[Standing, str | None]:
    return Standing.LISTED, "judge"


def _believed(line: bytes, reader: Any = None) -> tuple[Entry, str]:
    """Reading an entry without computing its hash."""
    entry, _ = decode(line.rstrip(b"\r"), reader)
    return entry, entry.hash


def _tolerant(line: bytes, reader: Any = None) -> tuple[Entry, str]:
    return decode(line.rstrip(b"\r"), reader)


def _any_json(_: Any, data: bytes) -> Any:
    return _JSON.decode(data.decode())


def _counted_only(self: ChainCheck, _: int | None, entry: Entry) -> None:
    """Taking an entry for the next one, wherever it stands."""
    self.count += 1
    self.last = entry


def _note(lines: list[bytes], body: bytes) -> bytes:
    """An entry of the attacker's at the end of a chain, with the right hash and link."""
    last = json.loads(lines[-1])
    line, _ = encode(last["seq"] + 1, "note", last["ts"], last["chain"], body, last["hash"])
    return line + b"\n"


def a_word_of_an_export(scene: Scene) -> bool:
    """One word of an entry of an export, its stated hash left as it was."""
    with kept(scene) as record:
        lines = record.exported()
        path = scene.folder / "changed.jsonl"
        path.write_bytes(b"".join([*lines[:2], lines[2].replace("§ 1".encode(), "§ 2".encode()), *lines[3:]]))
        return verify_file(path, HeadWitness(record.repo, listed())).verified


def other_line_ends(scene: Scene) -> bool:
    """The line end of one entry, as an editor or a mail program changes it."""
    with kept(scene) as record:
        lines = record.exported()
        path = scene.folder / "changed.jsonl"
        path.write_bytes(b"".join([*lines[:2], lines[2].replace(b"\n", b"\r\n"), *lines[3:]]))
        return verify_file(path).verified


def another_spelling_of_a_value(scene: Scene) -> bool:
    """An entry beyond the signed head that says one thing by its first member and another by its last."""
    with kept(scene) as record:
        lines = record.exported()
        added = _note(lines, b'{"verdict":"rejected","verdict":"approved"}')
        whole = {"count": len(lines), "head": json.loads(added)["hash"]}
        return record.verifies_file([header(lines, **whole), *lines[1:], added])


def a_line_given_twice(scene: Scene) -> bool:
    """A ruling that is counted twice because its line is there twice."""
    with kept(scene) as record:
        lines = record.exported()
        path = scene.folder / "changed.jsonl"
        path.write_bytes(b"".join([*lines[:3], lines[2], *lines[3:]]))
        return verify_file(path).verified


def two_lines_swapped(scene: Scene) -> bool:
    """Two rulings in the other order, so that the earlier one seems to be the later."""
    with kept(scene) as record:
        lines = record.exported()
        return record.verifies_file([*lines[:2], lines[3], lines[2], *lines[4:]])


def a_line_taken_out(scene: Scene) -> bool:
    """A rejection in the middle of an export left out."""
    with kept(scene) as record:
        lines = record.exported()
        return record.verifies_file([*lines[:3], *lines[4:]])


def a_header_of_another_length(scene: Scene) -> bool:
    """The last ruling left out of an export that nobody signed, and the header's number changed to fit."""
    with kept(scene, anchored=False) as record:
        lines = record.exported()[:-1]
        value = {**json.loads(lines[0]), "count": len(lines) - 1, "head": json.loads(lines[-1])["hash"]}
        return record.verifies_file([canonical_json({**value, "hash": "sha256:" + "0" * 64}) + b"\n", *lines[1:]])


def an_export_without_its_signature(scene: Scene) -> bool:
    """The last ruling left out, with a header made anew that carries no signature any more."""
    with kept(scene) as record:
        lines = record.exported()[:-1]
        members = {"count": len(lines) - 1, "head": json.loads(lines[-1])["hash"], "signed_head": None}
        return record.verifies_file([header(lines, **members), *lines[1:]])


def an_older_signature_put_back(scene: Scene) -> bool:
    """The end left out, with the genuine signature of an earlier day in the header."""
    with kept(scene) as record:
        earlier = record.exported()
        record.ledger.append("note", {"subject": "case:1", "what": "a denial"})
        record.anchor()
        assert not record.verifies_file(record.exported()[:-1])
        return record.verifies_file(earlier)


def a_signature_over_another_chain(scene: Scene) -> bool:
    """A genuine signature of the arbiter over another chain kept beside one that nobody signed."""
    with kept(scene, anchored=False) as record:
        (entry,) = [entry for entry in record.ledger.entries() if entry.seq == 1]
        other = decode(forged_lines([])[0][:-1])[0]
        envelope = canonical_json(anchoring.sign_head(other, "2026-01-31T08:00:00.000Z", JUDGE.signer))
        shelf = record.ledger.shelf()
        assert shelf is not None
        with record.ledger.database.write() as connection:
            add_signed_head(connection, shelf, SignedHead(entry.seq, other.hash, envelope))
        return record.verifies()


def the_end_cut_off(scene: Scene) -> bool:
    """The last rows of the database deleted, and nothing else."""
    with kept(scene, anchored=False) as record:
        record.change("DELETE FROM agency_entries WHERE seq > 3")
        return record.verifies()


def the_end_cut_off_with_care(scene: Scene) -> bool:
    """The last rows deleted together with what remembers them: the head's row and its signature."""
    with kept(scene) as record:
        record.forget_after(3)
        return record.verifies()


def a_cut_that_a_review_builds_on(scene: Scene) -> bool:
    """The last row deleted, so that the next ruling takes its place and its number."""
    with kept(scene, anchored=False) as record:
        record.change("DELETE FROM agency_entries WHERE seq > 3")
        return _appends(record) == 4


def _appends(record: Kept) -> int:
    """The number that the next entry gets; 0 where the ledger refuses."""
    try:
        return record.ledger.append("note", {"subject": "x"}).seq
    except AgencyError:
        return 0


def _the_last_row(connection: Any, shelf: Any, path: str) -> Entry | None:
    """The newest entry, without asking whether it is the one that is remembered."""
    from agent_agency.ledger import rows

    assert path
    row = rows.newest_row(connection, shelf)
    return decode(row.line)[0] if row else None


def the_database_deleted(scene: Scene) -> bool:
    """The database deleted, so that the record begins anew."""
    with kept(scene, anchored=False) as record:
        for path in record.folder.glob("agency.db*"):
            path.unlink()
        return _begins_anew(_opened(scene))


def the_name_of_the_chain_deleted(scene: Scene) -> bool:
    """The file deleted that says which chain is this repository's, so that it gets another."""
    with kept(scene, anchored=False) as record:
        (record.folder / "chain").unlink()
        return _begins_anew(_opened(scene))


def _opened(scene: Scene, url: str = "") -> Ledger:
    environment = {"AGENCY_STORE_URL": url} if url else {}
    return open_ledger(scene.repo.path / ".git" / "agency", TickingClock(), random_id, environment)


def _begins_anew(ledger: Ledger) -> bool:
    try:
        return ledger.append("note", {"subject": "x"}).seq == 2
    except AgencyError:
        return False


def the_whole_folder_deleted(scene: Scene) -> bool:
    """Database, name and evidence deleted together: nothing is there, so nothing is wrong."""
    with kept(scene) as record:
        shutil.rmtree(record.folder)
        return record.verifies()


def a_review_after_the_folder_was_deleted(scene: Scene) -> bool:
    """The record deleted, in the hope that the next review begins another without a word."""
    with kept(scene) as record:
        shutil.rmtree(record.folder)
        ledger = _opened(scene)
        try:
            anchoring.refuse_unless_anchors_agree(record.repo, ledger)
        except AgencyError:
            return False
        return _begins_anew(ledger)


def another_database(scene: Scene) -> bool:
    """``AGENCY_STORE_URL`` pointed at an empty database, where the chain goes on from nothing."""
    with kept(scene, anchored=False):
        return _begins_anew(_opened(scene, f"sqlite:///{scene.folder / 'other.db'}"))


def everything_written_anew(scene: Scene) -> bool:
    """Every entry's hash and link made anew over changed words; the signature over the old head removed."""
    with kept(scene) as record:
        tamper(record.ledger, "DELETE FROM agency_signed_heads")
        put_in_place(record, rewritten(lines_of(record.ledger), {2: {"note": "another"}}))
        return record.verifies()


def everything_written_anew_and_anchored(scene: Scene) -> bool:
    """The chain made anew, signed with the agent's own key, and the anchor moved to that signature."""
    with kept(scene) as record:
        tamper(record.ledger, "DELETE FROM agency_signed_heads")
        put_in_place(record, rewritten(lines_of(record.ledger), {2: {"note": "another"}}))
        scene.repo.git("update-ref", "-d", record.ref)
        record.anchor(MALLORY)
        return record.verifies()


def a_review_upon_a_rewritten_chain(scene: Scene) -> bool:
    """The chain made anew, in the hope that the next review appends to it and signs its head."""
    with kept(scene) as record:
        tamper(record.ledger, "DELETE FROM agency_signed_heads")
        put_in_place(record, rewritten(lines_of(record.ledger), {2: {"note": "another"}}))
        try:
            record.anchor()
        except AgencyError:
            return False
        return True


def columns_that_lie(scene: Scene) -> bool:
    """The column that says what an entry is about changed, so that a query by subject misses it."""
    with kept(scene) as record:
        record.change("UPDATE agency_entries SET subject = 'ruling:R-9', kind = 'note' WHERE seq = 3")
        return record.verifies()


def guards_taken_away(scene: Scene) -> bool:
    """The triggers dropped that keep a mistake from changing what only grows."""
    with kept(scene) as record:
        tamper(record.ledger, "SELECT 1")
        return record.verifies()


def guards_that_do_nothing(scene: Scene) -> bool:
    """A trigger of the right name in the place of one that refuses, which does nothing."""
    with kept(scene) as record:
        name = "agency_entries_no_update"
        with record.ledger.database.write() as connection:
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
            idle = f"CREATE TRIGGER {name} BEFORE UPDATE ON agency_entries BEGIN SELECT 1; END"
            connection.exec_driver_sql(idle)
        return record.verifies()


def an_entry_behind_the_end(scene: Scene) -> bool:
    """A row with the right hash and link put behind the end that the database remembers."""
    with kept(scene) as record:
        line = _note(lines_of(record.ledger), b"{}")
        query = (
            "INSERT INTO agency_entries SELECT ledger, chain, seq + 1, :hash, 'note', NULL, :line "
            "FROM agency_entries WHERE seq = 4"
        )
        record.change(query, line=line[:-1], hash=json.loads(line)["hash"])
        return record.verifies()


def a_row_changed_under_a_reader(scene: Scene) -> bool:
    """A row exchanged, with a right hash of its own, after a process that goes on reading had verified it."""
    with kept(scene, anchored=False) as record:
        assert record.ledger.about("ruling:R-2")
        lines = rewritten(lines_of(record.ledger), {3: {"verdict": "waived"}})
        tamper(record.ledger, "UPDATE agency_entries SET line = :line WHERE seq = 3", line=lines[2][:-1])
        try:
            return [entry.body["verdict"] for entry in record.ledger.about("ruling:R-2")] == ["waived"]
        except AgencyError:
            return False


def _as_it_stands(_: Any, row: Any, index: Any, seq: int = 0) -> Entry:
    assert index.seq >= seq
    return decode(row.line)[0]


def an_anchor_put_back_by_a_fast_forward(scene: Scene) -> bool:
    """The end cut off, and the genuine anchor of an earlier day committed on top of the newest one."""
    with kept(scene) as record:
        earlier = anchors.tips(record.repo, [record.ref])[0]
        record.ledger.append("note", {"subject": "case:1", "what": "a denial"})
        record.anchor()
        newest = anchors.tips(record.repo, [record.ref])[0]
        record.forget_after(4)
        anchors.add(record.repo, record.ref, newest.commit, "Anchor", earlier.text, TickingClock().now())
        return record.verifies()


def an_anchor_that_is_no_commit(scene: Scene) -> bool:
    """The end cut off, and the anchor's ref pointed at a blob, in the hope that it is passed over."""
    with kept(scene) as record:
        blob = scene.repo.git("hash-object", "-w", "--stdin", stdin=b"nothing here")
        scene.repo.git("update-ref", record.ref, blob)
        record.forget_after(3)
        return record.verifies()


def an_anchor_under_another_name(scene: Scene) -> bool:
    """The end cut off, and the anchor moved to the name of a chain that never was."""
    with kept(scene) as record:
        scene.repo.git("update-ref", f"{anchoring.OWN_REFS}/{'f' * 32}", record.ref)
        scene.repo.git("update-ref", "-d", record.ref)
        record.forget_after(3)
        return record.verifies()


def anchors_deleted(scene: Scene) -> bool:
    """The end cut off and every anchor deleted, where whoever verifies names the remote that anchors came from."""
    with kept(scene) as record:
        scene.repo.git("update-ref", "-d", record.ref)
        record.forget_after(3)
        return record.verifies(anchor=f"{anchoring.FETCHED_REFS}/origin")


def an_anchor_of_a_hostile_remote(scene: Scene) -> bool:
    """A record that nobody anchored made to look anchored by a ref that was fetched from the agent's own remote."""
    with kept(scene, anchored=False) as record:
        record.anchor(MALLORY)
        tamper(record.ledger, "DELETE FROM agency_signed_heads")
        record.change("SELECT 1")
        there = f"{anchoring.FETCHED_REFS}/evil/{record.chain}"
        scene.repo.git("update-ref", there, record.ref)
        scene.repo.git("update-ref", "-d", record.ref)
        return record.verifies(anchor=there)


_ANCHORS = Defence("workflows.check_heads:HeadWitness.anchored", _none_found)
_HASHES = Defence("ledger.chain:decode", _believed)

ATTACKS = (
    Attack("a word of an export", a_word_of_an_export, _HASHES),
    Attack("other line ends", other_line_ends, Defence("ledger.chain:decode", _tolerant)),
    Attack(
        "another spelling of a value",
        another_spelling_of_a_value,
        Defence("canonical_json:CanonicalReader.read", _any_json),
    ),
    Attack("a line given twice", a_line_given_twice, Defence("ledger.chain:ChainCheck._displaced", _nothing)),
    Attack("two lines swapped", two_lines_swapped, Defence("ledger.chain:ChainCheck._place", _counted_only)),
    Attack("a line taken out", a_line_taken_out, Defence("ledger.chain:ChainCheck.finish", _nothing)),
    Attack(
        "a header of another length",
        a_header_of_another_length,
        Defence("ledger.export_header:digest_bytes", lambda _: "sha256:" + "0" * 64),
    ),
    Attack("an export without its signature", an_export_without_its_signature, _ANCHORS),
    Attack("an older signature put back", an_older_signature_put_back, _ANCHORS),
    Attack(
        "a signature over another chain",
        a_signature_over_another_chain,
        Defence("ledger.signed_heads:HeadsKnown.add", lambda *_: True),
    ),
    Attack("the end cut off", the_end_cut_off, Defence("ledger.chain:ChainCheck.finish", _nothing)),
    Attack("the end cut off with care", the_end_cut_off_with_care, _ANCHORS),
    Attack(
        "a cut that a review builds on",
        a_cut_that_a_review_builds_on,
        Defence("ledger.journal:_checked_newest", _the_last_row),
    ),
    Attack("the database deleted", the_database_deleted, Defence("ledger.journal:Ledger._found", _nothing)),
    Attack(
        "the name of the chain deleted",
        the_name_of_the_chain_deleted,
        Defence("ledger.journal:Ledger._refuse_unnamed", _nothing),
    ),
    Attack(
        "the whole folder deleted",
        the_whole_folder_deleted,
        Defence("workflows.verify_record:anchored_without_a_chain", _an_empty_list),
    ),
    Attack(
        "a review after the folder was deleted",
        a_review_after_the_folder_was_deleted,
        Defence("workflows.anchor:_refuse_unless_it_agrees", _nothing),
    ),
    Attack("another database", another_database, Defence("ledger.journal:Ledger._found", _nothing)),
    Attack("everything written anew", everything_written_anew, _ANCHORS),
    Attack(
        "everything written anew and anchored",
        everything_written_anew_and_anchored,
        Defence("attestation.arbiter_act:_standing", _as_listed),
    ),
    Attack(
        "a review upon a rewritten chain",
        a_review_upon_a_rewritten_chain,
        Defence("workflows.anchor:_refuse_unless_it_agrees", _nothing),
    ),
    Attack("columns that lie", columns_that_lie, Defence("ledger.verify:columns_disagree", _an_empty_list)),
    Attack("guards taken away", guards_taken_away, Defence("ledger.verify:guards_changed", _nothing)),
    Attack("guards that do nothing", guards_that_do_nothing, Defence("ledger.verify:guards_changed", _nothing)),
    Attack("an entry behind the end", an_entry_behind_the_end, Defence("ledger.verify:beyond_the_end", _nothing)),
    Attack(
        "a row changed under a reader",
        a_row_changed_under_a_reader,
        Defence("ledger.journal:Ledger._entry", _as_it_stands),
    ),
    Attack(
        "an anchor put back by a fast-forward",
        an_anchor_put_back_by_a_fast_forward,
        Defence("git.anchors:history", _none_found),
    ),
    Attack("an anchor that is no commit", an_anchor_that_is_no_commit, Defence("git.anchors:tips", _none_found)),
    Attack(
        "an anchor under another name",
        an_anchor_under_another_name,
        Defence("workflows.verify_record:anchored_without_a_chain", _an_empty_list),
    ),
    Attack("anchors deleted", anchors_deleted, _ANCHORS),
    Attack(
        "an anchor of a hostile remote",
        an_anchor_of_a_hostile_remote,
        Defence("attestation.arbiter_act:_standing", _as_listed),
    ),
)


@pytest.mark.parametrize("attack", ATTACKS, ids=names(ATTACKS))
def test_the_record(attack: Attack, make_scene: Callable[[str], Scene]) -> None:
    check(attack, make_scene)
