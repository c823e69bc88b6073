from pathlib import Path

import pytest

from agent_agency.errors import EvidenceError
from agent_agency.evidence import EvidenceStore


def test_what_is_put_comes_back_by_its_digest(tmp_path: Path) -> None:
    store = EvidenceStore(tmp_path / "evidence")
    digest = store.put(b"report")
    assert store.get(digest) == b"report"
    assert store.put(b"report") == digest
    assert sum(path.is_file() for path in store.folder.rglob("*")) == 1


def test_changed_evidence_is_refused_and_mended_by_storing_again(tmp_path: Path) -> None:
    store = EvidenceStore(tmp_path)
    digest = store.put(b"report")
    target = next(path for path in tmp_path.rglob("*") if path.is_file())
    target.write_bytes(b"forged")
    with pytest.raises(EvidenceError, match="no longer matches"):
        store.get(digest)
    store.put(b"report")
    assert store.get(digest) == b"report"


@pytest.mark.parametrize("digest", ["", "sha256:../../etc/passwd", "sha256:" + "0" * 63, "md5:" + "0" * 64])
def test_only_a_real_digest_can_be_asked_for(tmp_path: Path, digest: str) -> None:
    with pytest.raises(EvidenceError, match="no evidence digest"):
        EvidenceStore(tmp_path).get(digest)


def test_missing_evidence_is_an_error_never_empty(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match="can be read"):
        EvidenceStore(tmp_path).get("sha256:" + "0" * 64)


def test_a_folder_that_cannot_be_written_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "evidence").write_text("a file, no folder")
    with pytest.raises(EvidenceError, match="could not be stored"):
        EvidenceStore(tmp_path / "evidence").put(b"report")
