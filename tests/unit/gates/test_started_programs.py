from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent_agency.gates.started_programs import Started, StartedPrograms, says_what_to_start, started_programs
from agent_agency.sandbox.model import Command


class Place:
    """A checkout, and a folder of programs that are on the path."""

    def __init__(self, folder: Path) -> None:
        self.checkout = folder / "checkout"
        self.programs = folder / "env/bin"
        for made in (self.checkout, self.programs):
            made.mkdir(parents=True)
        for name in (
            "python",
            "python3",
            "make",
            "npm",
            "node",
            "tox",
            "uv",
            "poetry",
            "env",
            "timeout",
            "sh",
            "bash",
            "ruff",
        ):
            self.program(name, "\x7fELF")
        for name in ("pytest", "coverage", "mypy", "pip", "mutmut"):
            self.program(name, f"#!{self.programs}/python\nimport sys\n")

    def program(self, name: str, text: str) -> None:
        self.programs.joinpath(name).write_text(text)
        self.programs.joinpath(name).chmod(0o755)

    def file(self, name: str, text: str) -> None:
        path = self.checkout / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)

    def started(self, *argv: str) -> StartedPrograms:
        environment = {"PATH": str(self.programs), "AGENCY_SETUP": str(self.programs.parent)}
        return started_programs(Command(argv, self.checkout, environment))

    def pythons(self, *argv: str) -> dict[str, Started]:
        return {one.name: one for one in self.started(*argv).programs if one.python is not None}

    def front(self, *argv: str) -> set[str]:
        """The folders of the checkout that come first for everything that imports; the first such program counts."""
        importing = [one for one in self.started(*argv).programs if one.python is not None and one.imports]
        return {str(folder.relative_to(self.checkout)) for folder in importing[0].front}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.mark.parametrize(
    "argv",
    [
        ("pytest",),
        ("sh", "-c", "pytest -q"),
        ("sh", "-ec", "cd . && FOO=1 pytest"),
        ("bash", "-lc", "set -e; (pytest) | tee log"),
        ("sh", "-c", "bash -c 'pytest -q'"),
        ("sh", "-c", "$AGENCY_SETUP/bin/pytest"),
        ("env", "-u", "X", "A=1", "pytest"),
        ("timeout", "60", "pytest"),
        ("uv", "run", "--no-sync", "pytest"),
        ("poetry", "run", "pytest", "-q"),
        ("make", "test"),
        ("npm", "test"),
        ("tox",),
        ("./run.sh",),
        ("bash", "run.sh", "--fast"),
        ("sh", "-c", "./run.sh"),
        ("sh", "-c", "if true; then exec ./run.sh; fi"),
        ("sh", "-c", ". ./run.sh"),
    ],
)
def test_a_python_is_found_behind_shells_runners_and_scripts(place: Place, argv: tuple[str, ...]) -> None:
    place.file("run.sh", "#!/bin/sh\nset -e\npytest -q \\\n  --strict\n")
    place.file("Makefile", "test: lint\n\t@pytest -q\nlint:\n\truff check\n")
    place.file("package.json", '{"scripts": {"pretest": "ruff check", "test": "jest && pytest"}}')
    place.file("tox.ini", "[testenv]\ncommands = pytest -q\n")
    assert place.pythons(*argv)["pytest"].python == place.programs / "python"


@pytest.mark.parametrize(
    ("argv", "front"),
    [
        (("python", "-m", "pytest"), {"."}),
        (("python", "-W", "error", "-mpytest"), {"."}),
        (("python", "-c", "import shop"), {"."}),
        (("python", "tools/run.py"), {"tools"}),
        (("python", "-I", "-m", "pytest"), set()),
        (("python", "-P", "-c", "import shop"), set()),
        (("pytest",), set()),
        (("coverage", "run", "-m", "pytest"), {"."}),
        (("coverage", "run", "tools/run.py"), {"tools"}),
        (("mutmut", "run"), set()),
        (("sh", "-c", "PYTHONPATH=src:lib pytest"), {"src", "lib"}),
        (("sh", "-c", "export PYTHONPATH=src\npytest"), {"src"}),
        (("env", "PYTHONPATH=src", "pytest"), {"src"}),
        (("sh", "-c", "cd backend && python -m pytest"), {"backend"}),
        (("sh", "-c", "echo pytest; python -m pytest"), {"."}),
        (("sh", "-c", "# pytest\npython -m pytest"), {"."}),
        (("make", "test"), {"."}),
        (("./run.py",), {"."}),
    ],
)
def test_the_checkout_s_folders_that_come_first_are_known(place: Place, argv: tuple[str, ...], front: set[str]) -> None:
    place.file("Makefile", "PYTHON ?= python3\ntest:\n\t$(PYTHON) -m pytest\n")
    place.file("run.py", f"#!{place.programs}/python\n")
    (place.checkout / "backend").mkdir()
    assert place.front(*argv) == front


@pytest.mark.parametrize(
    "argv", [("mypy", "src"), ("coverage", "xml"), ("pip", "list"), ("python", "-m", "mypy", "src")]
)
def test_a_tool_that_only_reads_files_imports_nothing(place: Place, argv: tuple[str, ...]) -> None:
    assert not any(one.imports for one in place.started(*argv).programs)


def test_mypy_that_is_given_a_package_s_name_imports_it(place: Place) -> None:
    assert any(one.imports for one in place.started("mypy", "-p", "shop").programs)


def test_a_tool_that_is_no_python_asks_for_none(place: Place) -> None:
    place.file("package.json", '{"scripts": {"test": "jest"}}')
    for argv in (("ruff", "check"), ("node", "x.js"), ("npm", "test"), ("sh", "-c", "ruff check && node x.js")):
        assert place.pythons(*argv) == {}
        assert place.started(*argv).programs[0].path == place.programs / argv[0]


def test_a_script_that_is_missing_or_too_large_leaves_the_search_incomplete(place: Place) -> None:
    assert not place.started("bash", "missing.sh").complete
    assert not place.started("./missing.sh").complete
    assert not place.started("make", "test").complete
    place.file("large.sh", "x" * 200_000)
    found = place.started("bash", "large.sh")
    assert not found.complete
    assert any(one.imports for one in found.programs)
    assert place.started("sh", "-c", "pytest").complete


def test_scripts_that_start_each_other_end(place: Place) -> None:
    place.file("a.sh", "./b.sh\n")
    place.file("b.sh", "./a.sh\npytest\n")
    place.program("a-tool", "#!/bin/sh\na-tool\n")
    assert "pytest" in place.pythons("sh", "a.sh")
    place.started("a-tool")


@pytest.mark.parametrize("name", ["Makefile", "run.sh", "package.json", "pytest.ini", "tox.ini"])
def test_a_link_out_of_the_checkout_is_not_read(place: Place, tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "outside").write_text("pytest\n")
    for target in ("pipe", "outside", "/proc/kmsg"):
        (place.checkout / name).unlink(missing_ok=True)
        (place.checkout / name).symlink_to(tmp_path / target)
        for argv in (("make",), ("sh", "run.sh"), ("npm", "test"), ("tox",), ("python", "-m", "pytest")):
            assert not any(one.name == "pytest" for one in place.started(*argv).programs)


def test_what_only_a_file_of_the_checkout_names_is_told_apart(place: Place) -> None:
    place.file("run.sh", "pytest\n")
    named = {one.name: one.named for one in place.started("sh", "-c", "mypy src; ./run.sh").programs}
    assert named["mypy"]
    assert not named["pytest"]


def test_the_environment_of_a_checkout_is_asked_where_a_runner_takes_it(place: Place) -> None:
    place.file(".venv/bin/python", "\x7fELF")
    for argv in (("uv", "run", "pytest"), ("sh", "-c", ". .venv/bin/activate; pytest")):
        place.file(".venv/bin/activate", "")
        assert place.checkout / ".venv/bin/python" in {one.python for one in place.started(*argv).programs}


def test_the_long_first_line_that_installers_split_in_two_is_understood(place: Place) -> None:
    place.program("tool", f"#!/bin/sh\n'''exec' {place.programs}/python \"$0\" \"$@\"\n' '''\nimport sys\n")
    shutil.copy("/bin/sh", place.programs / "sh")
    assert place.programs / "python" in {one.python for one in place.started("tool").programs}


@pytest.mark.parametrize(
    ("path", "executable", "expected"),
    [
        ("run", True, True),
        ("ci/test.sh", False, True),
        ("web/package.json", False, True),
        ("src/shop.py", False, False),
    ],
)
def test_files_that_say_what_to_start_are_known_by_name(path: str, executable: bool, expected: bool) -> None:
    assert says_what_to_start(path, executable=executable) is expected


@given(
    script=st.text(max_size=300)
    | st.lists(
        st.sampled_from(["sh", "-c", "'", "pytest", "&&", "$(", "env", "make", "\n", "./run.sh", "cd", "."]),
        max_size=30,
    ).map(" ".join)
)
@settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_no_script_breaks_the_search(place: Place, script: str) -> None:
    place.file("run.sh", "x")
    place.checkout.joinpath("run.sh").write_text(script, "utf-8", "replace")
    place.started("sh", "-c", script)
    place.started("sh", "run.sh")
