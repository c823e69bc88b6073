"""Which file of the repository a report's path means, and that none is guessed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.gates.verdicts.places import RepositoryPaths

ROOT = "/tmp/agency-gate-x/checkout"  # noqa: S108  only a text here
TREE = frozenset({"a.py", "src/pkg/a.py", "src/pkg/b.py", "lib/pkg/b.py", "src/Main.java", "cmd/main.go", "go/x.go"})


@pytest.mark.parametrize(
    ("reported", "meant"),
    [
        ("a.py", "a.py"),
        ("./src/pkg/a.py", "src/pkg/a.py"),
        ("src//pkg/../pkg/a.py", "src/pkg/a.py"),
        (f"{ROOT}/src/pkg/a.py", "src/pkg/a.py"),
        (f"file://{ROOT}/src/pkg/a.py", "src/pkg/a.py"),
        ("src\\pkg\\a.py", "src/pkg/a.py"),
        (".\\src\\pkg\\a.py", "src/pkg/a.py"),
        ("src/pkg\\a.py", "src/pkg/a.py"),
        ("pkg/a.py", "src/pkg/a.py"),
        ("Main.java", "src/Main.java"),
        ("/usr/lib/python3/pkg/a.py", None),
        (f"{ROOT}/build/src/pkg/a.py", None),
        (f"{ROOT}x/a.py", None),
        (f"{ROOT}-a.py", None),
        ("../a.py", None),
        ("other/a.py", None),
        ("C:\\work\\a.py", None),
        ("http://localhost/a.py", None),
        ("", None),
        (".", None),
    ],
)
def test_a_path_means_the_file_it_names_and_no_other(reported: str, meant: str | None) -> None:
    assert RepositoryPaths(TREE, ROOT).find(reported).path == meant


def test_a_path_that_two_files_end_in_means_neither() -> None:
    match = RepositoryPaths(TREE, ROOT).find("pkg/b.py")
    assert (match.path, match.candidates) == (None, ("lib/pkg/b.py", "src/pkg/b.py"))


@pytest.mark.parametrize("source", [f"{ROOT}/lib", "lib", "./lib/", "lib\\"])
def test_a_source_folder_decides_between_two_files(source: str) -> None:
    assert RepositoryPaths(TREE, ROOT, (source,)).find("pkg/b.py").path == "lib/pkg/b.py"


def test_a_source_folder_comes_before_the_root() -> None:
    tree = {"a.py", "src/a.py"}
    assert RepositoryPaths(tree, ROOT, (f"{ROOT}/src",)).find("a.py").path == "src/a.py"
    assert RepositoryPaths(tree, ROOT, ("/elsewhere/src",)).find("a.py").path == "a.py"


def test_two_source_folders_with_the_file_leave_it_open() -> None:
    match = RepositoryPaths(TREE, ROOT, ("src", "lib")).find("pkg/b.py")
    assert match.path is None
    assert set(match.candidates) == {"src/pkg/b.py", "lib/pkg/b.py"}


def test_a_module_path_before_every_file_is_taken_off() -> None:
    reported = ["example.org/tool/cmd/main.go", "example.org/tool/go/x.go"]
    paths = RepositoryPaths(TREE, ROOT, (), reported)
    assert [paths.find(path).path for path in reported] == ["cmd/main.go", "go/x.go"]
    assert RepositoryPaths(TREE, ROOT, (), ["vendor/a.py"]).find("vendor/a.py").path is None


def test_without_the_folder_an_absolute_path_means_its_longest_tail() -> None:
    paths = RepositoryPaths(TREE)
    assert paths.find("/any/where/src/pkg/a.py").path == "src/pkg/a.py"
    assert paths.find("D:\\any\\src\\pkg\\a.py").path == "src/pkg/a.py"


def test_a_name_with_a_backslash_is_that_file() -> None:
    assert RepositoryPaths({"odd\\name.py"}, ROOT).find("odd\\name.py").path == "odd\\name.py"


@pytest.mark.parametrize(
    ("reported", "meant"),
    [(f"{ROOT}/new.py", "new.py"), ("./x.py", "x.py"), ("/etc/passwd", None), ("https://page/", None)],
)
def test_a_finding_never_points_out_of_the_repository(reported: str, meant: str | None) -> None:
    assert RepositoryPaths(frozenset(), ROOT).meant(reported) == meant


NAMES = st.text(st.sampled_from("ab./\\: "), max_size=8)


@given(st.frozensets(NAMES.filter(lambda name: name and not name.startswith("/"))), st.lists(NAMES), NAMES, NAMES)
def test_what_is_found_is_always_a_known_file(known: frozenset[str], sources: list[str], root: str, path: str) -> None:
    match = RepositoryPaths(known, root, sources, [path]).find(path)
    assert {match.path, *match.candidates} - {None} <= known
