"""Entries, files and notes of the agent's own, in a record whose chain is sound."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from adversary.harness import Attack, Defence, Scene, check, names
from adversary.record import JUDGE, MALLORY, Kept, header, kept, put_in_place, rewritten
from agent_agency.attestation.key_files import new_key_file
from agent_agency.canonical_json import canonical_json, digest_bytes
from agent_agency.errors import AgencyError
from agent_agency.evidence import EvidenceState, EvidenceStore
from agent_agency.git import notes
from agent_agency.ledger.caws_events import event_hash
from agent_agency.ledger.imports import Refused, import_chain
from agent_agency.workflows import anchor as anchoring
from agent_agency.workflows.check_evidence import EvidenceIndex, check_evidence
from agent_agency.workflows.check_rulings import RulingsChecked
from agent_agency.workflows.import_events import ImportedEvents, import_caws_events
from agent_agency.workflows.publish import Publisher
from agent_agency.workflows.ruling_statement import read_ruling
from support.ledgers import TickingClock, export_to, lines_of, make_ledger, tamper
from support.principals import listed
from support.signed_rulings import signed_body


def _nothing(*_: Any, **__: Any) -> None:
    """A check that checks nothing."""


def _never(*_: Any) -> bool:
    return False


def _signed_somehow(body: Mapping[str, Any], principals: Any, own: Any = ()) -> Any:
    """A signature over the ruling's id, whatever else stands beside it."""
    return read_ruling(body["attestation"], str(body["ruling_id"]), principals, own)


def _unchecked(*_: Any) -> RulingsChecked:
    return RulingsChecked((), frozenset())


def a_ruling_with_another_verdict(scene: Scene) -> bool:
    """A rejection entered again as an approval, with the arbiter's genuine signature beside it."""
    with kept(scene) as record:
        genuine = list(record.ledger.entries())[-1].body
        record.ledger.append("ruling", {**genuine, "verdict": "approved"})
        record.anchor()
        return record.verifies()


def a_ruling_that_nobody_signed(scene: Scene) -> bool:
    """An approval written into the ledger as any program can, and covered by the next signed head."""
    with kept(scene) as record:
        record.ledger.append("ruling", {"ruling_id": "R-9", "subject": "ruling:R-9", "verdict": "approved"})
        record.anchor()
        return record.verifies()


def a_ruling_that_the_agent_signed(scene: Scene) -> bool:
    """An approval signed with a key of the agent's own, where the base lists an arbiter."""
    with kept(scene) as record:
        record.ledger.append("ruling", signed_body({"ruling_id": "R-9", "verdict": "approved"}, MALLORY))
        record.anchor()
        return record.verifies()


def _publisher(record: Kept) -> Publisher:
    return Publisher(record.repo, record.ledger, listed(JUDGE), (), TickingClock())


def _on(scene: Scene, revision: str) -> dict[str, Any]:
    """The members of a ruling on a commit."""
    git = scene.repo.git
    return {
        "head": {"commit": git("rev-parse", revision), "tree": git("rev-parse", f"{revision}^{{tree}}")},
        "base": {"commit": git("rev-parse", "main"), "merge_base": git("merge-base", revision, "main")},
    }


def _published(record: Kept, ruling: str, commit: str | None = None) -> bool:
    try:
        done = _publisher(record).note(ruling, commit)
    except AgencyError:
        return False
    assert done.commit is not None
    return f"CAWS-VERDICT-ID: {ruling}" in notes.read_note(record.repo, done.commit).decode()


def a_note_of_a_ruling_that_nobody_made(scene: Scene) -> bool:
    """An approval of the agent's own entered in the ledger, and bound to its commit by ``agency publish``."""
    with kept(scene) as record:
        body = {"ruling_id": "R-9", "subject": "ruling:R-9", "verdict": "approved", **_on(scene, "work")}
        record.ledger.append("ruling", body)
        return _published(record, "R-9")


def a_note_on_another_commit(scene: Scene) -> bool:
    """A genuine approval bound to a commit that was made after it."""
    with kept(scene) as record:
        members = {"ruling_id": "R-9", "verdict": "approved", **_on(scene, "work")}
        record.ledger.append("ruling", signed_body(members, JUDGE))
        scene.repo.checkout("work")
        later = scene.repo.commit("More", **{"src/more.py": "x = 1\n"})
        return _published(record, "R-9", later)


def a_trailer_for_another_tree(scene: Scene) -> bool:
    """A commit's message that names a ruling on another tree than the staged one."""
    with kept(scene) as record:
        members = {"ruling_id": "R-9", "verdict": "approved", **_on(scene, "work")}
        record.ledger.append("ruling", signed_body(members, JUDGE))
        scene.repo.checkout("work")
        scene.repo.write("src/more.py", "x = 1\n")
        scene.repo.git("add", "-A")
        file = scene.folder / "message"
        file.write_text("More\n")
        try:
            done = _publisher(record).trailer(None, file)
        except AgencyError:
            return False
        return done is not None and "CAWS-VERDICT-ID: R-9" in file.read_text()


def _any_of_them(self: Publisher, tree: str, commits: Any = None) -> Any:
    """The newest ruling, whatever it is on; as if it were on what is staged."""
    from dataclasses import replace

    assert commits is None
    newest = list(self.ledger.of_kinds({"ruling"}))[-1]
    return replace(newest, body={**newest.body, "head": {"commit": None, "tree": tree}})


def _evidence(record: Kept, data: bytes = b"a report") -> tuple[EvidenceStore, str, Path]:
    """A store with one file that a ruling rests on."""
    store = EvidenceStore(record.folder / "evidence")
    digest = store.put(data)
    body = {"ruling_id": "R-9", "verdict": "rejected", "document": digest}
    record.ledger.append("ruling", signed_body(body, JUDGE))
    return store, digest, store.folder / digest[7:9] / digest[9:]


def _holds(record: Kept, store: EvidenceStore) -> bool:
    return check_evidence(record.ledger.entries(), store).verified


def an_explanation_of_a_ruling_of_its_own(scene: Scene) -> bool:
    """A real ruling entered once more under another name, so that ``agency explain`` says that it holds."""
    scene.list_at_base(JUDGE)
    scene.repo.checkout("work")
    scene.repo.commit("Total", **{"src/totals.py": "def total(lines):\n    return sum(lines, 0)\n"})
    key = scene.folder / "judge.key"
    key.write_bytes(new_key_file(None))
    key.chmod(0o600)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AGENCY_ARBITER_KEY", str(key))
        scene.review()
        ledger = make_ledger(scene.repo.path / ".git" / "agency")
        genuine = next(iter(ledger.of_kinds({"ruling"})))
        assert scene.agency("explain", "--json").code == 0, "the genuine ruling holds"
        ledger.append("ruling", {**genuine.body, "attestation": None})
        return scene.agency("explain", "--json").code == 0


def evidence_changed(scene: Scene) -> bool:
    """The report that a rejection rests on rewritten in its place."""
    with kept(scene) as record:
        store, _, file = _evidence(record)
        file.chmod(0o600)
        file.write_bytes(b"a better report")
        return _holds(record, store)


def evidence_behind_a_link(scene: Scene) -> bool:
    """The report replaced by a link to a copy, which can be exchanged after it was checked."""
    with kept(scene) as record:
        store, _, file = _evidence(record)
        copy = scene.folder / "copy"
        shutil.move(file, copy)
        file.symlink_to(copy)
        return _holds(record, store)


def _through_links(path: Path) -> Any:
    return path.open("rb")


def evidence_deleted(scene: Scene) -> bool:
    """The report deleted, after an entry that says beforehand that it was pruned."""
    with kept(scene) as record:
        digest = digest_bytes(b"a report")
        record.ledger.append("evidence_pruned", {"count": 1, "digests": [digest], "keep": {"days": 0}})
        store, _, file = _evidence(record)
        file.unlink()
        return _holds(record, store)


def _pruned_at_any_time(self: EvidenceIndex, digest: str) -> bool:
    return digest in self.prunings


def evidence_that_lies_when_it_is_read(scene: Scene) -> bool:
    """The case file of a ruling exchanged, so that another case is shown for it."""
    with kept(scene) as record:
        store, digest, file = _evidence(record)
        file.chmod(0o600)
        file.write_bytes(b"another case")
        try:
            return store.get(digest) == b"another case"
        except AgencyError:
            return False


def an_import_that_forks(scene: Scene) -> bool:
    """A copy of the own chain with another entry, its hashes made anew, taken in over a lost end."""
    with kept(scene, anchored=False) as record:
        lines = record.exported()
        own = rewritten(lines[1:], {4: {"verdict": "approved"}})
        forged = scene.folder / "forged.jsonl"
        forged.write_bytes(b"".join([header(lines, head=json.loads(own[-1])["hash"]), *own]))
        record.change("DELETE FROM agency_entries WHERE seq > 3")
        result = import_chain(record.ledger, forged)
        return not isinstance(result, Refused) and own[-1] in lines_of(record.ledger)


def an_import_that_shortens(scene: Scene) -> bool:
    """The database deleted and an export of an earlier day taken in, upon which the next review builds."""
    with kept(scene) as record:
        earlier = export_to(record.ledger, scene.folder / "earlier.jsonl")
        record.ledger.append("note", {"subject": "case:1", "what": "a denial"})
        record.anchor()
        tamper(record.ledger, "DELETE FROM agency_signed_heads")
        tamper(record.ledger, "DELETE FROM agency_entries")
        record.change("DELETE FROM agency_chains")
        if isinstance(import_chain(record.ledger, earlier), Refused):
            return False
        try:
            anchoring.refuse_unless_anchors_agree(record.repo, record.ledger)
        except AgencyError:
            return False
        return True


def an_import_that_does_not_verify(scene: Scene) -> bool:
    """An export with a changed word, taken in because nobody looks at it again."""
    with kept(scene, anchored=False) as record:
        lines = record.exported()
        forged = scene.folder / "forged.jsonl"
        forged.write_bytes(b"".join([*lines[:4], lines[4].replace(b"rejected", b"approved")]))
        record.change("DELETE FROM agency_entries WHERE seq > 3")
        try:
            result = import_chain(record.ledger, forged)
        except AgencyError:
            return False
        return not isinstance(result, Refused)


def _believed(line: bytes, reader: Any = None) -> Any:
    from agent_agency.ledger.entry import decode

    entry, _ = decode(line, reader)
    return entry, entry.hash


def _events(count: int, said: str) -> bytes:
    """An event log of the standard, all of whose hashes are right."""
    made: list[dict[str, Any]] = []
    for seq in range(1, count + 1):
        event = {
            "seq": seq,
            "event": "gate_evaluated",
            "ts": "2026-01-31T08:00:00.000Z",
            "actor": {"kind": "agent", "id": "a1"},
            "data": {"verdict": said if seq == 2 else "pass"},
            "prev_hash": made[-1]["event_hash"] if made else None,
        }
        made.append({**event, "event_hash": event_hash(event)})
    return b"".join(canonical_json(event) + b"\n" for event in made)


def events_written_anew(scene: Scene) -> bool:
    """A log of the standard that was taken in, changed, all of its hashes made anew, and taken in again as longer."""
    with kept(scene) as record:
        store = EvidenceStore(record.folder / "evidence")
        assert isinstance(import_caws_events(record.ledger, store, _events(3, "fail")), ImportedEvents)
        return isinstance(import_caws_events(record.ledger, store, _events(4, "pass")), ImportedEvents)


def events_with_an_edit(scene: Scene) -> bool:
    """A log of the standard in which one word was changed."""
    with kept(scene) as record:
        store = EvidenceStore(record.folder / "evidence")
        data = _events(3, "fail").replace(b'"fail"', b'"pass"')
        return isinstance(import_caws_events(record.ledger, store, data), ImportedEvents)


def a_signature_over_another_law(scene: Scene) -> bool:
    """The commit of the law beside a genuine signature changed to one whose list has the agent's key."""
    with kept(scene) as record:
        genuine = list(record.ledger.entries())[-1].body
        put_in_place(record, rewritten(lines_of(record.ledger), {4: {"law": {"commit": "f" * 40}}}))
        assert genuine.get("law") is None
        tamper(record.ledger, "DELETE FROM agency_signed_heads")
        record.change("SELECT 1")
        scene.repo.git("update-ref", "-d", record.ref)
        record.anchor()
        return record.verifies()


ATTACKS = (
    Attack(
        "a ruling with another verdict",
        a_ruling_with_another_verdict,
        Defence("workflows.check_rulings:read_recorded_ruling", _signed_somehow),
    ),
    Attack(
        "a ruling that nobody signed",
        a_ruling_that_nobody_signed,
        Defence("workflows.verify_record:check_rulings", _unchecked),
    ),
    Attack(
        "a ruling that the agent signed",
        a_ruling_that_the_agent_signed,
        Defence("workflows.verify_record:check_rulings", _unchecked),
    ),
    Attack(
        "a signature over another law",
        a_signature_over_another_law,
        Defence("workflows.check_rulings:read_recorded_ruling", _signed_somehow),
    ),
    Attack(
        "a note of a ruling that nobody made",
        a_note_of_a_ruling_that_nobody_made,
        Defence("workflows.publish:read_recorded_ruling", _nothing),
    ),
    Attack(
        "a note on another commit",
        a_note_on_another_commit,
        Defence("workflows.publish:Publisher._refuse_other_commit", _nothing),
    ),
    Attack(
        "a trailer for another tree",
        a_trailer_for_another_tree,
        Defence("workflows.publish:Publisher._newest_on", _any_of_them),
    ),
    Attack(
        "an explanation of a ruling of its own",
        an_explanation_of_a_ruling_of_its_own,
        Defence("workflows.ruling_statement:read_recorded_ruling", _nothing),
    ),
    Attack(
        "evidence changed", evidence_changed, Defence("workflows.check_evidence:state_of", lambda *_: EvidenceState.OK)
    ),
    Attack("evidence behind a link", evidence_behind_a_link, Defence("evidence:_opened", _through_links)),
    Attack(
        "evidence deleted",
        evidence_deleted,
        Defence("workflows.check_evidence:EvidenceIndex.is_pruned", _pruned_at_any_time),
    ),
    Attack(
        "evidence that lies when it is read",
        evidence_that_lies_when_it_is_read,
        Defence("evidence:digest_bytes", lambda data: digest_bytes(data.replace(b"another case", b"a report"))),
    ),
    Attack("an import that forks", an_import_that_forks, Defence("ledger.imports:_forks", _never)),
    Attack(
        "an import that shortens",
        an_import_that_shortens,
        Defence("workflows.anchor:_refuse_unless_it_agrees", _nothing),
    ),
    Attack("an import that does not verify", an_import_that_does_not_verify, Defence("ledger.chain:decode", _believed)),
    Attack("events written anew", events_written_anew, Defence("workflows.import_events:_parts_from", _nothing)),
    Attack("events with an edit", events_with_an_edit, Defence("ledger.caws_events:_own_hash", lambda _: iter(()))),
)


@pytest.mark.parametrize("attack", ATTACKS, ids=names(ATTACKS))
def test_what_is_recorded(attack: Attack, make_scene: Callable[[str], Scene]) -> None:
    check(attack, make_scene)
