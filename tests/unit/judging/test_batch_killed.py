from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[3]
RECORDS = 400
WORKERS = 3


def _start(folder: Path, *answers: int) -> subprocess.Popen[bytes]:
    argv = [sys.executable, str(ROOT / "tests/support/batch_victim.py")]
    argv += [*(str(folder / name) for name in ("in.jsonl", "journal", "calls")), *map(str, answers)]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'tests'}{os.pathsep}{ROOT / 'src'}"}
    return subprocess.Popen(argv, env=environment)


def _settled(folder: Path) -> list[str]:
    """Subjects of the whole lines of the journal."""
    journal = folder / "journal"
    lines = journal.read_bytes().split(b"\n")[:-1] if journal.exists() else []
    return [json.loads(line)["subject"] for line in lines]


def test_a_batch_that_is_killed_again_and_again_loses_nothing_and_settles_nothing_twice(tmp_path: Path) -> None:
    lines = [json.dumps({"id": str(n), "output": f"sentence number {n}"}) for n in range(RECORDS)]
    (tmp_path / "in.jsonl").write_text("\n".join(lines), "utf-8")
    kept: list[str] = []
    for answers in (40, 110, 110):
        process = _start(tmp_path, answers)
        while process.poll() is None and len(_settled(tmp_path)) < len(kept) + answers:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        after = _settled(tmp_path)
        assert after[: len(kept)] == kept
        assert len(after) == len(kept) + answers
        kept = after
    assert _start(tmp_path).wait() == 0
    settled = _settled(tmp_path)
    assert len(settled) == len(set(settled)) == RECORDS
    calls = Counter((tmp_path / "calls").read_text("utf-8").splitlines())
    assert len(calls) == RECORDS
    assert calls.total() <= RECORDS + 3 * (WORKERS + 1)  # asked again is only what was in flight at a kill
