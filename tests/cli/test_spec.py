from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from support.old_specs import SEED, V10, VNEXT, changed
from support.warm_command import agency


def _project(tmp_path: Path, **files: str | bytes) -> Path:
    for name, content in files.items():
        target = tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)
    return tmp_path


def test_migrate_shows_the_outcome_as_yaml_and_writes_nothing(tmp_path: Path) -> None:
    root = _project(tmp_path, **{".caws/working-spec.yaml": SEED})
    done = agency("spec", "migrate", cwd=root)
    assert done.code == 0
    assert "#   guessed  lifecycle_state (line 1): 'active'" in done.out
    line = SEED.splitlines().index("migrations: []") + 1
    assert f"#   dropped  migrations (line {line}):" in done.out
    assert sorted(path.name for path in root.rglob("*.yaml")) == ["working-spec.yaml"]
    shown = root / "shown.yaml"
    shown.write_text(done.out)
    assert agency("validate", "--parity", "--profile", "caws-vnext", "shown.yaml", cwd=root).code == 0


def test_migrate_write_puts_the_outcome_into_place_and_keeps_the_original(tmp_path: Path) -> None:
    root = _project(tmp_path, **{".caws/working-spec.yaml": SEED})
    first = agency("spec", "migrate", "--write", "--json", cwd=root)
    (row,) = first.document["results"]
    assert first.code == 0
    assert row["written"] == ".caws/specs/FEAT-0042.yaml"
    assert (root / row["original"]).read_text() == SEED
    assert {note["kind"] for note in row["notes"]} == {"changed", "guessed", "dropped"}
    assert sorted(path.name for path in (root / ".caws").rglob("*") if path.is_file()) == [
        "FEAT-0042.yaml",
        "working-spec.yaml.orig",
    ]
    second = agency("spec", "migrate", "--write", "--json", cwd=root)
    assert second.code == 0
    assert second.document["results"][0]["unchanged"] is True
    assert (root / ".caws/specs/FEAT-0042.yaml").read_text() == row["text"]


def test_migrate_in_place_replaces_the_file_and_keeps_the_original_beside_it(tmp_path: Path) -> None:
    root = _project(tmp_path, **{".caws/specs/FEAT-0042.yaml": V10})
    assert agency("spec", "migrate", "--write", cwd=root).code == 0
    assert "lifecycle_state: active" in (root / ".caws/specs/FEAT-0042.yaml").read_text()
    assert (root / ".caws/specs/FEAT-0042.yaml.orig").read_text() == V10
    again = agency("spec", "migrate", "--write", cwd=root)
    assert again.code == 0
    assert "unchanged" in again.out


def test_migrate_never_puts_a_spec_with_gaps_into_place(tmp_path: Path) -> None:
    root = _project(tmp_path, **{".caws/working-spec.yaml": changed(SEED, "mode: banana", without=("title",))})
    done = agency("spec", "migrate", "--write", cwd=root)
    assert done.code == 1
    assert "Nothing was written. 2 things are left" in done.out
    assert "title: null  # FILL IN:" in done.out
    assert not (root / ".caws/specs").exists()
    out = agency("spec", "migrate", "--output", "draft.yaml", cwd=root)
    assert out.code == 1
    assert "title: null  # FILL IN:" in (root / "draft.yaml").read_text()
    assert agency("validate", "--profile", "caws-vnext", "draft.yaml", cwd=root).code == 1


def test_migrate_overwrites_nothing(tmp_path: Path) -> None:
    root = _project(
        tmp_path, **{".caws/working-spec.yaml": SEED, ".caws/specs/FEAT-0042.yaml": "id: mine\n", "o.yaml": "x"}
    )
    for arguments in (("--write",), ("--output", "o.yaml")):
        done = agency("spec", "migrate", ".caws/working-spec.yaml", *arguments, cwd=root)
        assert done.code == 2
        assert "exists and holds something else" in done.err
    assert (root / "o.yaml").read_text() == "x"
    assert (root / ".caws/specs/FEAT-0042.yaml").read_text() == "id: mine\n"
    assert (root / ".caws/working-spec.yaml").read_text() == SEED


def test_migrate_does_not_follow_a_folder_that_leads_outside(tmp_path: Path) -> None:
    root = _project(tmp_path / "repo", **{".caws/working-spec.yaml": SEED})
    (tmp_path / "outside").mkdir()
    (root / ".caws/specs").symlink_to(tmp_path / "outside")
    done = agency("spec", "migrate", ".caws/working-spec.yaml", "--write", cwd=root)
    assert done.code == 2
    assert list((tmp_path / "outside").iterdir()) == []


def test_migrate_where_nothing_can_be_written_leaves_all_as_it_was(tmp_path: Path) -> None:
    root = _project(tmp_path, **{".caws/working-spec.yaml": SEED, ".caws/specs": "a file where a folder should be"})
    done = agency("spec", "migrate", ".caws/working-spec.yaml", "--write", cwd=root)
    assert done.code == 2
    assert "could not be written" in done.err
    assert sorted(path.name for path in (root / ".caws").iterdir()) == ["specs", "working-spec.yaml"]


def test_migrate_on_a_full_disk_leaves_nothing_half_written(tmp_path: Path) -> None:
    root = _project(tmp_path, **{".caws/working-spec.yaml": SEED})
    command = 'ulimit -f 0; exec "$0" -m agent_agency spec migrate --write'
    done = subprocess.run(["bash", "-c", command, sys.executable], cwd=root, capture_output=True, check=False)
    assert done.returncode == 2
    assert b"could not be written" in done.stderr
    assert [path.name for path in root.rglob("*") if path.is_file()] == ["working-spec.yaml"]
    assert (root / ".caws/working-spec.yaml").read_text() == SEED


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [
        (b"\xff\xfe\x00", 1, "spec.yaml."),
        (b"id: [", 1, "spec.yaml.parse_failed"),
        (b"- a\n", 1, "spec.yaml.not_an_object"),
        (b"lifecycle_state: active\nstatus: active\n", 1, "spec.profile.mixed"),
        (b"title: x\n", 1, "spec.profile.unknown"),
        (b"x" * (1024 * 1024 + 2), 1, "spec.yaml.too_large"),
        (VNEXT.encode(), 0, "unchanged"),
    ],
)
def test_migrate_says_what_is_wrong_with_a_file(tmp_path: Path, content: bytes, code: int, said: str) -> None:
    root = _project(tmp_path, **{"spec.yaml": content})
    done = agency("spec", "migrate", "spec.yaml", cwd=root)
    assert (done.code, done.err) == (code, "")
    assert said in done.out


@pytest.mark.parametrize(
    "arguments", [("missing.yaml",), (".",), (), ("--write", "--output", "x", "a.yaml"), ("--to", "caws-10")]
)
def test_migrate_says_in_one_sentence_what_it_cannot_do(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    _project(tmp_path, **{"a.yaml": SEED})
    done = agency("spec", "migrate", *arguments, cwd=tmp_path)
    assert done.code == 2
    assert done.err.startswith("agency: ")
    assert "Traceback" not in done.err


def test_what_could_be_migrated_is_told_beside_what_could_not(tmp_path: Path) -> None:
    root = _project(tmp_path, **{".caws/working-spec.yaml": SEED, ".caws/specs/FEAT-0042.yaml": V10})
    done = agency(
        "spec",
        "migrate",
        "missing.yaml",
        ".caws/specs/FEAT-0042.yaml",
        ".caws/working-spec.yaml",
        "--write",
        "--json",
        cwd=root,
    )
    first, second, third = done.document["results"]
    assert done.code == 2
    assert first["error"]["code"] == "file.unreadable"
    assert second["written"] == ".caws/specs/FEAT-0042.yaml"
    assert "exists and holds something else" in third["error"]["message"]
    assert (root / ".caws/working-spec.yaml").read_text() == SEED
    shown = agency("spec", "migrate", "missing.yaml", ".caws/specs/FEAT-0042.yaml", cwd=root)
    assert shown.code == 2
    assert shown.err == "agency: missing.yaml: There is no such file. Check the path.\n"
    assert "unchanged" in shown.out


def test_a_profile_may_be_named_where_none_can_be_told(tmp_path: Path) -> None:
    root = _project(tmp_path, **{"spec.yaml": "id: FEAT-1\ntitle: A title\n"})
    done = agency("spec", "migrate", "spec.yaml", "--profile", "caws-2025.10", "--json", cwd=root)
    assert done.code == 1
    assert done.document["results"][0]["profile"] == "caws-2025.10"
    assert {note["field"] for note in done.document["results"][0]["notes"] if note["kind"] == "needed"} >= {"risk_tier"}


def test_explain_tells_a_rule_and_lists_them_all(tmp_path: Path) -> None:
    told = agency("spec", "explain", "strict.scope.prose", cwd=tmp_path)
    listed = agency("spec", "explain", "--json", cwd=tmp_path)
    assert told.code == listed.code == 0
    for part in ("Why", "Breaks it", "Mends it", "Source"):
        assert part in told.out
    assert max(len(line) for line in told.out.splitlines()) <= 80
    assert len(listed.document["rules"]) > 150
    assert agency("spec", "explain", cwd=tmp_path).out.count("\n") == len(listed.document["rules"])


def test_explain_leads_a_near_miss_to_the_rule(tmp_path: Path) -> None:
    done = agency("spec", "explain", "strict.scope.prosa", cwd=tmp_path)
    assert done.code == 2
    assert "Did you mean 'strict.scope.prose'?" in done.err


@pytest.mark.parametrize("kind", ["spec", "policy", "waiver", "config"])
def test_schema_prints_a_schema_for_editors(tmp_path: Path, kind: str) -> None:
    done = agency("spec", "schema", "--kind", kind, cwd=tmp_path)
    assert done.code == 0
    assert json.loads(done.out)["$schema"].endswith("2020-12/schema")


def test_schema_says_which_profiles_there_are(tmp_path: Path) -> None:
    done = agency("spec", "schema", "--kind", "waiver", "--profile", "caws-10", cwd=tmp_path)
    assert done.code == 2
    assert "caws-vnext" in done.err
    assert "yaml-language-server" in agency("spec", "schema", "--help", cwd=tmp_path).out
