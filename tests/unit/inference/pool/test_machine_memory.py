from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from agent_agency.inference.engine_settings import EngineSettings
from agent_agency.inference.pool.machine_memory import budget_of, estimate_of, setup_of

GIB = 1024**3


def test_the_settings_say_the_budget_else_the_machine_or_its_container(tmp_path: Path) -> None:
    group, older = tmp_path / "memory.max", tmp_path / "memory.limit_in_bytes"
    assert budget_of(1.5, (group, older)) == int(1.5 * GIB)
    whole = budget_of(None, (group, older))
    assert whole > 0
    group.write_text("max\n")
    older.write_text("9223372036854771712\n")
    assert budget_of(None, (group, older)) == whole
    older.write_text(f"{GIB // 4}\n")
    assert budget_of(None, (group, older)) == int(GIB // 4 * 0.8)
    group.write_text(f"{GIB // 8}\n")
    assert budget_of(None, (group, older)) == int(GIB // 8 * 0.8)


def test_a_model_is_estimated_by_its_files_and_never_beyond_its_own_bound(tmp_path: Path) -> None:
    file, folder = tmp_path / "m.gguf", tmp_path / "model" / "inner"
    folder.mkdir(parents=True)
    file.write_bytes(b"x" * 1000)
    (folder / "weights.bin").write_bytes(b"x" * 1000)
    assert estimate_of(file, None) == estimate_of(folder.parent, None) == 1300 + 300 * 1024**2
    assert estimate_of(file, 0.1) == int(0.1 * GIB)


def test_a_size_is_measured_of_one_file_that_is_run_in_one_way(tmp_path: Path) -> None:
    file = tmp_path / "m.gguf"
    file.write_bytes(b"x" * 1000)
    settings = EngineSettings("m", "local", path=str(file))
    first = setup_of(settings)
    assert setup_of(replace(settings, warm=True, keep_alive="1m", temperature=1.0)) == first
    others = [replace(settings, context=512), replace(settings, width=2), replace(settings, precision="exact")]
    assert len({first, *map(setup_of, others)}) == 4
    os.utime(file, ns=(1, 1))
    assert setup_of(settings) != first
