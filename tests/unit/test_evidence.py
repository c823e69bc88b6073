from pathlib import Path

import pytest

from agent_agency.errors import EvidenceError
from agent_agency.evidence import EvidenceState, EvidenceStore


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


def test_each_file_is_whole_changed_or_missing(tmp_path: Path) -> None:
    store = EvidenceStore(tmp_path / "evidence")
    whole, changed, missing, linked = (store.put(name) for name in (b"whole", b"changed", b"missing", b"linked"))
    place = {digest: store.folder / digest[7:9] / digest[9:] for digest in (whole, changed, missing, linked)}
    place[changed].write_bytes(b"changef")
    place[missing].unlink()
    place[linked].rename(tmp_path / "elsewhere")
    place[linked].symlink_to(tmp_path / "elsewhere")
    states = [store.state(digest) for digest in (whole, changed, missing, linked)]
    assert [str(state) for state in states] == ["ok", "changed", "missing", "changed"]
    with pytest.raises(EvidenceError):
        store.get(linked)


def test_a_link_in_the_place_of_evidence_is_replaced_by_the_file_itself(tmp_path: Path) -> None:
    store = EvidenceStore(tmp_path / "evidence")
    digest = store.put(b"report")
    target = store.folder / digest[7:9] / digest[9:]
    target.rename(tmp_path / "elsewhere")
    target.symlink_to(tmp_path / "elsewhere")
    store.put(b"report")
    assert store.state(digest) is EvidenceState.OK


def test_what_is_stored_is_listed_and_what_is_removed_is_gone(tmp_path: Path) -> None:
    store = EvidenceStore(tmp_path / "evidence")
    assert list(store.files()) == []
    digests = sorted(store.put(bytes([number]) * number) for number in range(1, 20))
    (store.folder / "aa").mkdir(exist_ok=True)
    (store.folder / "aa" / "notes.txt").write_text("of somebody else")
    assert [file.digest for file in store.files()] == digests
    assert sum(file.size for file in store.files()) == sum(range(1, 20))
    sizes = {file.digest: file.size for file in store.files()}
    assert store.remove(digests[0]) == sizes[digests[0]]
    assert store.remove(digests[0]) == 0
    assert [file.digest for file in store.files()] == digests[1:]


def test_what_killed_writers_left_is_swept_when_it_is_old(tmp_path: Path) -> None:
    store = EvidenceStore(tmp_path / "evidence")
    digest = store.put(b"report")
    left = store.folder / digest[7:9] / ".incoming-abc"
    left.write_bytes(b"half")
    written = left.stat().st_mtime
    assert store.sweep(written - 1) == 0
    assert store.sweep(written + 1) == 4
    assert store.state(digest) is EvidenceState.OK


def test_nobody_holds_the_store_alone_while_a_review_uses_it(tmp_path: Path) -> None:
    store = EvidenceStore(tmp_path / "evidence")
    with (
        store.in_use(),
        store.in_use(),
        pytest.raises(EvidenceError, match="A review is running") as raised,
        store.alone(0.1),
    ):
        pytest.fail("held alone beside two others")
    assert raised.value.stable_code == "evidence.in_use"
    with store.alone(0.1):
        pass


def test_where_no_folder_is_nothing_is_made(tmp_path: Path) -> None:
    store = EvidenceStore(tmp_path / "agency" / "evidence")
    with store.in_use():
        assert list(tmp_path.iterdir()) == []
