"""Every recorded ruling explained again to the same bytes, whatever became of the repository since."""

from __future__ import annotations

import shutil
import string
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adversary.harness import Scene
from support.git_repo import GitRepo
from support.law import POLICY, WAIVER, lawful_repo

TOKEN = "ghp_" + (string.ascii_lowercase + string.digits)[-36:]
CHANGES: dict[str, dict[str, str]] = {
    "good": {"src/app.py": "one = 1\n"},
    "outside": {"outside.txt": "x\n"},
    "frozen": {"src/frozen/export.py": "FORMAT = 2\n"},
    "large": {"src/app.py": "".join(f"N_{number} = {number}\n" for number in range(200))},
    "leak": {"src/keys.py": f'TOKEN = "{TOKEN}"\n'},
    "deferred": {"src/app.py": "one = 1  # TO" + "DO: two\n"},
    "law-only": {".caws/policy.yaml": POLICY.replace("max_loc: 150", "max_loc: 160")},
    "law-and-code": {".caws/policy.yaml": POLICY.replace("max_files: 8", "max_files: 9"), "src/app.py": "one = 1\n"},
    "pipeline": {".github/workflows/ci.yml": "on: push\n"},
    "hostile": {"src/a\udcff\x1b[2J\nb.py": "one = 1\n"},
    "waived": {"docs/notes.md": "x\n"},
    "empty": {},
}


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    scene = Scene(tmp_path, lawful_repo(tmp_path / "repo"))
    now = datetime.now(UTC)
    known = {"id": "WV-0001", "gate": "scope_boundary", "approver": "owner@example.org", "spec": "FEAT-1"}
    text = WAIVER.format(**known, expires=f"{now + timedelta(days=9):%Y-%m-%dT%H:%M:%SZ}")
    created = f"{now - timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"
    scene.repo.checkout("main")
    scene.repo.commit("Grant", **{".caws/waivers/WV-0001.yaml": text.replace("2026-01-01T00:00:00Z", created)})
    return scene


def _review_all(scene: Scene) -> dict[str, str]:
    """The verdict of each change; each is a ruling of its own in the record."""
    verdicts = {}
    for name, files in CHANGES.items():
        scene.repo.branch(name)
        scene.repo.commit("Work", **files)
        verdicts[name] = scene.review(name)["verdict"]
    scene.repo.branch("claims")
    scene.repo.commit("Work\n\nCAWS-VERDICT-ID: R-1", **{"src/app.py": "two = 2\n"})
    verdicts["claims"] = scene.review("claims")["verdict"]
    return verdicts


def _told(scene: Scene, *more: str) -> dict[int, str]:
    """What is explained of every ruling, by the number of its entry."""
    listed = scene.agency("ledger", "list", "--json", *more).document["entries"]
    told = {}
    for entry in listed:
        if entry["kind"] != "ruling":
            continue
        done = scene.agency("explain", str(entry["seq"]), "--json", *more)
        assert done.code == 0, done.out
        assert '"same_bytes": true' in done.out
        told[int(entry["seq"])] = done.out
    return told


def _change_everything(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another HEAD, another law, an empty working tree, and a PATH with git alone."""
    scene.repo.git("checkout", "-q", "--orphan", "elsewhere")
    scene.repo.git("rm", "-r", "-q", "-f", ".")
    scene.repo.commit("Elsewhere", **{"agency.toml": '[law]\nweaken = ["scope.boundary"]\n'})
    for name in (*CHANGES, "claims", "work"):
        scene.repo.git("branch", "-q", "-D", name)
    scene.repo.git("branch", "-q", "-f", "main", "elsewhere")
    tools = scene.folder / "tools"
    tools.mkdir()
    git = shutil.which("git")
    assert git is not None
    (tools / "git").symlink_to(git)
    monkeypatch.setenv("PATH", str(tools))


def _clone(scene: Scene) -> Scene:
    """A repository that has nothing but an export of the record and the evidence."""
    out = scene.folder / "out.jsonl"
    assert scene.agency("ledger", "export", "--out", str(out)).code == 0
    clone = Scene(scene.folder, GitRepo.create(scene.folder / "clone"))
    assert clone.agency("ledger", "import", str(out)).code == 0
    evidence = Path(".git") / "agency" / "evidence"
    shutil.copytree(scene.repo.path / evidence, clone.repo.path / evidence, dirs_exist_ok=True)
    return clone


def test_every_ruling_is_decided_again_to_the_same_bytes(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    verdicts = _review_all(scene)
    assert {"approved", "rejected", "conditional", "waived"} <= set(verdicts.values()), verdicts
    before = _told(scene)
    assert len(before) == len(CHANGES) + 1
    chain = scene.agency("explain", "--json").document["entry"]["chain"]
    clone = _clone(scene)
    _change_everything(scene, monkeypatch)
    assert _told(scene) == before
    assert _told(clone, "--chain", chain) == before
