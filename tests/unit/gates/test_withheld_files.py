"""Withheld files are known by digest, never half-kept, and are laid where nothing of the change is in the way."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.errors import FileUnreadableError
from agent_agency.gates.checkout import Part
from agent_agency.gates.withheld_files import (
    MOST_BYTES,
    WithheldFiles,
    find_withheld,
    keep_withheld,
    lay_withheld,
    read_folder,
    withheld_parts,
)
from agent_agency.git.tree import TreeEntry

FILES = WithheldFiles((("tests/data/in.txt", b"1\n"), ("tests/test_more.py", b"def test_a(): pass\n")))


def part(*paths: str, mode: str = "100644") -> Part:
    return Part("t" * 40, tuple(TreeEntry(path, mode, "1" * 40) for path in paths))


def left(head: Part, base: Part, files: WithheldFiles = FILES) -> list[str]:
    return sorted(entry.path for kept in withheld_parts(head, base, files) for entry in kept.entries)


def test_what_was_kept_is_found_again_by_its_digest(tmp_path: Path) -> None:
    folder = keep_withheld(tmp_path / "store", FILES)
    assert keep_withheld(tmp_path / "store", FILES) == folder
    assert find_withheld(tmp_path / "store", FILES.digest) == FILES
    assert [path.name for path in (tmp_path / "store").iterdir()] == [folder.name]


def test_what_was_edited_or_taken_away_is_not_believed(tmp_path: Path) -> None:
    folder = keep_withheld(tmp_path / "store", FILES)
    (folder / "tests" / "test_more.py").write_bytes(b"")
    assert "no longer has the digest" in str(find_withheld(tmp_path / "store", FILES.digest))
    assert keep_withheld(tmp_path / "store", FILES) == folder
    assert find_withheld(tmp_path / "store", FILES.digest) == FILES
    (folder / "tests" / "test_more.py").unlink()
    assert isinstance(find_withheld(tmp_path / "store", FILES.digest), str)


@pytest.mark.parametrize("digest", ["sha256:" + "0" * 64, "sha256:../../etc", "", "sha256:" + "0" * 63])
def test_an_unknown_digest_is_told_as_missing(tmp_path: Path, digest: str) -> None:
    assert "not on this machine" in str(find_withheld(tmp_path, digest))


def test_a_link_in_the_store_is_not_followed(tmp_path: Path) -> None:
    folder = keep_withheld(tmp_path / "other", FILES)
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / folder.name).symlink_to(folder)
    assert "not on this machine" in str(find_withheld(tmp_path / "store", FILES.digest))


def test_links_empty_folders_and_repositories_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileUnreadableError, match="holds no file"):
        read_folder(tmp_path)
    (tmp_path / "test_a.py").symlink_to("/etc/passwd")
    with pytest.raises(FileUnreadableError, match="no plain file"):
        read_folder(tmp_path)
    (tmp_path / "test_a.py").unlink()
    (tmp_path / ".git").mkdir()
    with pytest.raises(FileUnreadableError, match="cannot stand in a checkout"):
        read_folder(tmp_path)
    with pytest.raises(FileUnreadableError, match="cannot be read"):
        read_folder(tmp_path / "nowhere")


def test_too_much_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "big.bin").open("wb") as stream:
        stream.truncate(MOST_BYTES + 1)
    with pytest.raises(FileUnreadableError, match="bytes"):
        read_folder(tmp_path)


def test_what_python_leaves_behind_does_not_change_the_digest(tmp_path: Path) -> None:
    (tmp_path / "test_a.py").write_text("def test_a(): pass\n")
    before = read_folder(tmp_path).digest
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "test_a.pyc").write_bytes(b"1")
    assert read_folder(tmp_path).digest == before


def test_only_withheld_test_modules_are_run_with_the_bases_helpers() -> None:
    head = part("src/a.py", "tests/test_old.py", "tests/conftest.py", "tests/test_new.py", "tests/helpers.py")
    base = part("src/a.py", "tests/test_old.py", "tests/conftest.py", "tests/helpers.py")
    kept, tests = withheld_parts(head, base, FILES)
    assert [entry.path for entry in kept.entries] == ["src/a.py"]
    assert [entry.path for entry in tests.entries] == ["tests/conftest.py", "tests/helpers.py"]


def test_nothing_of_the_change_stands_in_the_way() -> None:
    base = part("src/a.py")
    assert left(part("src/a.py", "tests", mode="120000"), base) == ["src/a.py"]
    assert left(part("src/a.py", "tests/test_more.py/deeper.txt"), base) == ["src/a.py"]
    assert left(part("src/a.py", "tests/data/in.txt"), base) == ["src/a.py"]


@given(
    st.lists(
        st.lists(st.sampled_from(["tests", "data", "test_more.py", "in.txt", "src", "a"]), min_size=1, max_size=4),
        max_size=8,
    )
)
def test_laying_never_meets_a_head_file(tmp_path_factory: pytest.TempPathFactory, names: list[list[str]]) -> None:
    root = tmp_path_factory.mktemp("checkout")
    written: set[str] = set()
    for path in left(part(*{"/".join(name) for name in names}), part()):
        if any(path.startswith(f"{other}/") or other.startswith(f"{path}/") for other in written):
            continue  # no tree of git holds both
        written.add(path)
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(b"head")
    lay_withheld(FILES, root)
    assert {path: (root / path).read_bytes() for path, _ in FILES.files} == dict(FILES.files)
