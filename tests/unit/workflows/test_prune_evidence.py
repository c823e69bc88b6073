from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent_agency.canonical_json import digest_bytes
from agent_agency.errors import EvidenceError, LedgerCorruptError
from agent_agency.identity import random_id
from agent_agency.ledger.exports import export_chain, write_export
from agent_agency.ledger.imports import import_chain
from agent_agency.ledger.verify import verify_ledger
from agent_agency.workflows import prune_evidence
from agent_agency.workflows.check_evidence import EntryEvidence, check_evidence
from agent_agency.workflows.prune_evidence import EvidencePruner, Keep
from support.ledgers import lines_of, replace_line
from support.recorded import Recorded


@pytest.fixture
def recorded(tmp_path: Path) -> Recorded:
    return Recorded.in_folder(tmp_path / "agency")


def named(recorded: Recorded, *rulings: str) -> set[str]:
    entries = map(EntryEvidence.of, recorded.entries())
    return {one.digest for entry in entries if entry.ruling_id in {f"R-{r}" for r in rulings} for one in entry.named}


def prune(
    recorded: Recorded, keep: Keep, *, dry_run: bool = False, unnamed: bool = False
) -> prune_evidence.PruneReport:
    return recorded.pruner.prune(keep, dry_run=dry_run, unnamed=unnamed)


@given(
    reports=st.lists(st.lists(st.binary(max_size=2), max_size=3), min_size=1, max_size=6),
    keep=st.integers(0, 7),
)
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_what_kept_rulings_rest_on_stays_and_the_rest_goes_and_the_ledger_explains_it(
    tmp_path_factory: pytest.TempPathFactory, reports: list[list[bytes]], keep: int
) -> None:
    recorded = Recorded.in_folder(tmp_path_factory.mktemp("r") / "agency")
    for number, listed in enumerate(reports):
        recorded.rule(str(number), *listed)
    kept = named(recorded, *(str(number) for number in range(len(reports))[max(len(reports) - keep, 0) :]))
    everything = named(recorded, *map(str, range(len(reports))))
    report = prune(recorded, Keep(rulings=keep))
    assert recorded.digests() == kept
    assert set(report.digests) == everything - kept
    assert verify_ledger(recorded.record.ledger)[0].verified
    checked = check_evidence(recorded.entries(), recorded.store)
    assert (checked.verified, checked.ok, checked.pruned) == (True, len(kept), len(everything - kept))
    again = prune(recorded, Keep(rulings=keep))
    assert (again.digests, again.entry) == ((), None)


def test_rulings_of_the_last_days_are_kept(recorded: Recorded) -> None:
    recorded.rule("old", b"old")

    class Later:
        def now(self) -> datetime:
            return recorded.clock.now() + timedelta(days=10)

    recorded.record.ledger._clock = Later()
    recorded.rule("new", b"new")
    pruner = EvidencePruner(recorded.record.ledger, recorded.store, Later())
    assert pruner.prune(Keep(days=20), dry_run=False, unnamed=False).digests == ()
    pruner.prune(Keep(days=5), dry_run=False, unnamed=False)
    assert recorded.digests() == named(recorded, "new")


def test_a_dry_run_tells_the_same_and_changes_nothing(recorded: Recorded) -> None:
    recorded.rule("1", b"one")
    recorded.rule("2", b"two")
    before = lines_of(recorded.record.ledger), recorded.digests()
    would = prune(recorded, Keep(rulings=1), dry_run=True)
    assert (lines_of(recorded.record.ledger), recorded.digests()) == before
    did = prune(recorded, Keep(rulings=1))
    assert (would.digests, would.freed_bytes, would.kept) == (did.digests, did.freed_bytes, did.kept)
    assert (would.entry, did.entry is not None) == (None, True)


def test_changed_and_missing_files_are_not_made_good_for(recorded: Recorded) -> None:
    recorded.rule("1", b"changed", b"missing", b"whole")
    recorded.rule("2")
    recorded.file(digest_bytes(b"changed")).write_bytes(b"forged")
    recorded.store.remove(digest_bytes(b"missing"))
    report = prune(recorded, Keep(rulings=1))
    assert report.changed == (digest_bytes(b"changed"),)
    states = {
        problem.digest: str(problem.state) for problem in check_evidence(recorded.entries(), recorded.store).problems
    }
    assert states == {digest_bytes(b"changed"): "changed", digest_bytes(b"missing"): "missing"}


def test_evidence_of_a_stopped_review_is_kept_with_the_rulings_after_it(recorded: Recorded) -> None:
    recorded.rule("1", b"one")
    digest = recorded.store.put(b"of the stopped one")
    recorded.record.append_stopped({"gates": {"tests": "stopped"}, "evidence": [{"digest": digest}]})
    recorded.rule("2", b"two")
    prune(recorded, Keep(rulings=2))
    assert digest in recorded.digests()
    prune(recorded, Keep(rulings=1))
    assert digest not in recorded.digests()
    assert check_evidence(recorded.entries(), recorded.store).verified


def test_what_an_imported_chain_keeps_stays(tmp_path: Path, recorded: Recorded) -> None:
    other = Recorded.in_folder(tmp_path / "other")
    other.rule("theirs", b"shared")
    out = tmp_path / "out.jsonl"
    theirs = other.record.ledger
    shelf = theirs.shelf()
    assert shelf is not None
    export_chain(theirs.database, shelf, write_export(out, other.folder, random_id))
    recorded.rule("1", b"shared", b"mine")
    recorded.rule("2")
    import_chain(recorded.record.ledger, out)
    prune(recorded, Keep(rulings=1))
    assert digest_bytes(b"shared") in recorded.digests()
    assert digest_bytes(b"mine") not in recorded.digests()


def test_a_record_that_does_not_verify_is_not_pruned(recorded: Recorded) -> None:
    recorded.rule("1", b"one")
    recorded.rule("2", b"two")
    before = recorded.digests()
    replace_line(recorded.record.ledger, 2, b"R-1", b"R-9")
    with pytest.raises(LedgerCorruptError):
        prune(recorded, Keep(rulings=0))
    assert recorded.digests() == before


def test_what_no_entry_names_is_told_and_goes_only_when_asked_for_and_old(recorded: Recorded) -> None:
    recorded.rule("1", b"one")
    old, new = recorded.store.put(b"nobody's"), recorded.store.put(b"of a review that runs")
    now = recorded.clock.now()
    os.utime(recorded.file(old), times=(0, (now - timedelta(days=2)).timestamp()))
    os.utime(recorded.file(new), times=(0, now.timestamp()))
    assert prune(recorded, Keep(rulings=1)).unnamed == 1
    assert {old, new} <= recorded.digests()
    prune(recorded, Keep(rulings=1), unnamed=True)
    assert old not in recorded.digests()
    assert new in recorded.digests()


def test_a_running_review_is_not_pruned_from_under(recorded: Recorded) -> None:
    recorded.rule("1", b"one")
    pruner = EvidencePruner(recorded.record.ledger, recorded.store, recorded.clock, wait_s=0.1)
    with recorded.record.in_use():
        recorded.store.put(b"one")
        with pytest.raises(EvidenceError, match="A review is running"):
            pruner.prune(Keep(rulings=0), dry_run=False, unnamed=True)
        recorded.rule("2", b"one")
    assert check_evidence(recorded.entries(), recorded.store).verified


def test_many_digests_go_into_several_entries(recorded: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prune_evidence, "DIGESTS_OF_ENTRY", 4)
    recorded.rule("1", *(bytes([number]) for number in range(10)))
    prune(recorded, Keep(rulings=0))
    pruned = [entry.body["count"] for entry in recorded.entries() if entry.kind == "evidence_pruned"]
    assert pruned == [4, 4, 4, 1]
    assert check_evidence(recorded.entries(), recorded.store).verified


def test_two_at_once_and_reviews_beside_them_leave_a_record_that_holds(recorded: Recorded) -> None:
    for number in range(6):
        recorded.rule(str(number), b"shared", bytes([number]) * 50)
    failures: list[BaseException] = []

    def work(task: str) -> None:
        try:
            for turn in range(6):
                if task == "review":
                    with recorded.record.in_use():
                        recorded.rule(f"{task}{turn}", b"shared", f"{task}{turn}".encode())
                else:
                    prune(recorded, Keep(rulings=2))
        except BaseException as error:  # noqa: BLE001 - a thread's failure is the test's
            failures.append(error)

    threads = [threading.Thread(target=work, args=(task,)) for task in ("prune", "prune", "review")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    prune(recorded, Keep(rulings=2))
    assert verify_ledger(recorded.record.ledger)[0].verified
    assert check_evidence(recorded.entries(), recorded.store).verified


PRUNER = """
import sys
from pathlib import Path
from support.recorded import Recorded
from agent_agency.workflows.prune_evidence import Keep
recorded = Recorded.in_folder(Path(sys.argv[1]))
print("ready", flush=True)
recorded.pruner.prune(Keep(rulings=1), dry_run=False, unnamed=False)
"""


def start_pruner(folder: Path) -> subprocess.Popen[str]:
    tests = Path(__file__).resolve().parents[2]
    environment = {**os.environ, "PYTHONPATH": str(tests)}
    process = subprocess.Popen(
        [sys.executable, "-c", PRUNER, str(folder)], stdout=subprocess.PIPE, text=True, env=environment
    )
    assert process.stdout is not None
    process.stdout.readline()
    return process


def test_kill_9_at_any_moment_leaves_no_hole_that_nothing_explains(tmp_path: Path) -> None:
    chance = random.Random(11)
    cut_short = 0
    for attempt in range(5):
        recorded = Recorded.in_folder(tmp_path / str(attempt))
        for number in range(4):
            recorded.rule(str(number), *(os.urandom(40) for _ in range(30)))
        left = len(recorded.digests()) - chance.randrange(30)
        process = start_pruner(recorded.folder)
        while len(recorded.digests()) > left and process.poll() is None:
            pass
        process.send_signal(signal.SIGKILL)
        process.communicate()
        cut_short += len(recorded.digests()) > len(named(recorded, "3"))
        assert verify_ledger(recorded.record.ledger)[0].problems == ()
        assert check_evidence(recorded.entries(), recorded.store).verified
        later = Recorded.in_folder(recorded.folder)
        prune(later, Keep(rulings=1))
        assert later.digests() == named(later, "3")
        assert check_evidence(later.entries(), later.store).verified
    assert cut_short, "at least one was killed before it was done"


def test_the_clock_of_the_machine_is_not_asked(recorded: Recorded) -> None:
    recorded.rule("1", b"one")
    assert recorded.clock.now() < datetime.now(UTC)
    assert prune(recorded, Keep(days=1)).digests == ()
