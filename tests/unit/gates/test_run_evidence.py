from __future__ import annotations

import hashlib
import os
import string
import tracemalloc
from pathlib import Path

import pytest

from agent_agency.evidence import EvidenceStore
from agent_agency.facts import GateMode, GateResult, GateStatus
from agent_agency.gates.redaction import MARGIN, PUT_IN_PLACE
from agent_agency.gates.run_evidence import LONGEST_STORED, EvidenceKeeper
from agent_agency.sandbox.model import Ended, Isolation, Outcome
from agent_agency.sandbox.output import KeptOutput

TOKEN = "ghp_" + (string.ascii_letters + string.digits)[-36:]
KEYS = {"kind", "part", "digest", "of", "bytes", "stored_bytes", "redacted", "capped"}


@pytest.fixture
def keeper(tmp_path: Path) -> EvidenceKeeper:
    return EvidenceKeeper.of(EvidenceStore(tmp_path / "agency" / "evidence"), {})


def sha256(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def outcome_of(data: bytes, limit: int = 64 * 2**20) -> Outcome:
    kept = KeptOutput(limit)
    for start in range(0, len(data), 4096):
        kept.add(data[start : start + 4096])
    return Outcome(Ended.EXITED, 0, None, kept.head, kept.tail, kept.count, kept.digest, 0.1, Isolation.NONE)


def every_byte_under(folder: Path) -> bytes:
    return b"\0".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def test_a_report_is_stored_as_it_is_and_its_record_says_so(tmp_path: Path, keeper: EvidenceKeeper) -> None:
    data = b'<testsuite tests="1"/>\n'
    report = tmp_path / "report.xml"
    report.write_bytes(data)
    record = keeper.keep_report(report, sha256(data), "head")
    assert record is not None
    assert set(record) == KEYS
    assert (record["kind"], record["part"], record["redacted"], record["capped"]) == ("report", "head", 0, False)
    assert record["digest"] == record["of"] == sha256(data)
    assert keeper.store.get(record["digest"]) == data


def test_credentials_are_nowhere_in_the_store_and_are_counted(tmp_path: Path, keeper: EvidenceKeeper) -> None:
    data = f"<failure message='assert {TOKEN}'/>\n".encode() * 3
    (tmp_path / "report.xml").write_bytes(data)
    record = keeper.keep_report(tmp_path / "report.xml", None, "head")
    assert record is not None
    assert (record["redacted"], record["of"]) == (3, sha256(data))
    assert record["digest"] != record["of"]
    assert TOKEN.encode() not in every_byte_under(keeper.store.folder)
    assert keeper.store.get(record["digest"]).count(PUT_IN_PLACE.encode()) == 3


@pytest.mark.parametrize("size", [LONGEST_STORED, LONGEST_STORED + 1, LONGEST_STORED + MARGIN, 3 * LONGEST_STORED])
def test_a_large_report_keeps_its_first_and_last_part_and_tells_what_was_left_out(
    tmp_path: Path, keeper: EvidenceKeeper, size: int
) -> None:
    data = b"".join(b"%09d\n" % number for number in range(size // 10 + 1))[:size]
    (tmp_path / "report").write_bytes(data)
    record = keeper.keep_report(tmp_path / "report", sha256(data), "base")
    assert record is not None
    stored = keeper.store.get(record["digest"])
    assert record["capped"] is (size > LONGEST_STORED)
    if not record["capped"]:
        assert stored == data
        return
    half = LONGEST_STORED // 2
    left_out = size - LONGEST_STORED
    assert stored == data[:half] + b"\n[%d bytes left out here]\n" % left_out + data[-half:]
    assert record["stored_bytes"] == len(stored)


def test_a_credential_at_the_cut_leaves_no_part_of_it(tmp_path: Path, keeper: EvidenceKeeper) -> None:
    half = LONGEST_STORED // 2
    for shift in (1, 20, 39):
        data = bytearray(b"." * (3 * LONGEST_STORED))
        data[half - shift - 1 : half - shift + len(TOKEN) + 1] = f" {TOKEN} ".encode()
        start = len(data) - half - shift
        data[start - 1 : start + len(TOKEN) + 1] = f" {TOKEN} ".encode()
        (tmp_path / "report").write_bytes(data)
        record = keeper.keep_report(tmp_path / "report", None, "head")
        assert record is not None
        stored = keeper.store.get(record["digest"])
        assert not any(TOKEN[at : at + 8].encode() in stored for at in range(len(TOKEN) - 8))


def test_a_report_of_any_size_is_never_held_whole(tmp_path: Path, keeper: EvidenceKeeper) -> None:
    keeper.redactor.redact(b"load the detectors")
    report = tmp_path / "report"
    with report.open("wb") as stream:
        stream.truncate(40 * 2**20)
    tracemalloc.start()
    record = keeper.keep_report(report, None, "head")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert record is not None
    assert record["bytes"] == 40 * 2**20
    assert peak < 16 * 2**20


def test_a_report_that_is_no_longer_what_was_judged_is_not_stored(tmp_path: Path, keeper: EvidenceKeeper) -> None:
    (tmp_path / "report").write_bytes(b"forged later")
    record = keeper.keep_report(tmp_path / "report", sha256(b"judged"), "head")
    assert record is not None
    assert (record["digest"], record["of"]) == (None, sha256(b"judged"))
    assert "changed" in record["problem"]
    assert not keeper.store.folder.exists()


def test_a_link_a_pipe_and_a_folder_are_no_reports(tmp_path: Path, keeper: EvidenceKeeper) -> None:
    (tmp_path / "target").write_bytes(b"secret of another place")
    (tmp_path / "link").symlink_to(tmp_path / "target")
    os.mkfifo(tmp_path / "pipe")
    assert keeper.keep_report(tmp_path / "missing", None, "head") is None
    for name in ("pipe", "agency", "link"):
        (tmp_path / "agency").mkdir(exist_ok=True)
        record = keeper.keep_report(tmp_path / name, None, "head")
        assert record is None or record["digest"] is None
    assert not keeper.store.folder.exists()


def test_output_is_stored_whole_or_by_its_ends(keeper: EvidenceKeeper) -> None:
    short = keeper.keep_output(outcome_of(b"3 passed\n"), "head")
    assert keeper.store.get(short["digest"]) == b"3 passed\n"
    assert (short["kind"], short["of"], short["capped"]) == ("output", sha256(b"3 passed\n"), False)
    data = b"".join(b"%09d\n" % number for number in range(200_000))
    long = keeper.keep_output(outcome_of(data), "rerun")
    stored = keeper.store.get(long["digest"])
    head, tail = stored.split(b" bytes left out here]\n")
    assert data.startswith(head.rpartition(b"\n[")[0])
    assert data.endswith(tail)
    left_out = int(head.rpartition(b"[")[2])
    assert len(head.rpartition(b"\n[")[0]) + left_out + len(tail) == long["bytes"] == len(data)
    assert long["of"] == sha256(data)


def test_no_output_at_all_is_evidence_too(keeper: EvidenceKeeper) -> None:
    record = keeper.keep_output(outcome_of(b""), "head")
    assert (record["bytes"], record["stored_bytes"]) == (0, 0)
    assert keeper.store.get(record["digest"]) == b""


def test_where_credentials_cannot_be_looked_for_nothing_but_digests_is_kept(
    keeper: EvidenceKeeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumbles() -> None:
        raise RecursionError(TOKEN)

    monkeypatch.setattr("agent_agency.gates.redaction.open_scanner", stumbles)
    data = TOKEN.encode()
    record = keeper.keep_output(outcome_of(data), "head")
    assert (record["digest"], record["of"], record["bytes"]) == (None, sha256(data), len(data))
    assert TOKEN not in str(record)
    assert "RecursionError" in record["problem"]
    assert not keeper.store.folder.exists()


def test_a_store_that_refuses_is_told_and_nothing_breaks(tmp_path: Path) -> None:
    (tmp_path / "agency").write_text("a file, no folder")
    keeper = EvidenceKeeper.of(EvidenceStore(tmp_path / "agency" / "evidence"), {})
    record = keeper.keep_output(outcome_of(b"3 passed"), "head")
    assert (record["digest"], record["of"]) == (None, sha256(b"3 passed"))
    assert "could not be stored" in record["problem"]


def test_a_result_may_be_used_again_only_while_its_evidence_is_there_and_whole(keeper: EvidenceKeeper) -> None:
    record = keeper.keep_output(outcome_of(b"3 passed"), "head")
    result = GateResult("tests", GateStatus.PASS, GateMode.BLOCK, facts={"evidence": [record, {"digest": None}]})
    assert keeper.holds(result)
    keeper.store.remove(record["digest"])
    assert not keeper.holds(result)
    assert keeper.holds(GateResult("tests", GateStatus.PASS, GateMode.BLOCK))
