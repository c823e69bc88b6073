"""What lies in the wheel, and what merely importing the package costs."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel_names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Build the real wheel with the project's own build backend, in a process of its own."""
    out = tmp_path_factory.mktemp("wheel")
    code = f"from hatchling.build import build_wheel; print(build_wheel({str(out)!r}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(out / done.stdout.split()[-1]) as wheel:
        return set(wheel.namelist())


def test_the_wheel_carries_its_types_its_licence_and_its_command(wheel_names: set[str]) -> None:
    assert "agent_agency/py.typed" in wheel_names
    assert any(name.endswith("/licenses/LICENSE") for name in wheel_names)
    assert any(name.endswith("/entry_points.txt") for name in wheel_names)


def test_the_wheel_carries_every_file_of_the_package(wheel_names: set[str]) -> None:
    package = PROJECT / "src" / "agent_agency"
    on_disk = {
        f"agent_agency/{path.relative_to(package).as_posix()}"
        for path in package.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert len(on_disk) > 20
    assert on_disk - wheel_names == set()


def test_the_wheel_carries_nothing_else(wheel_names: set[str]) -> None:
    assert [name for name in wheel_names if not name.startswith(("agent_agency/", "agent_agency-"))] == []


def _modules_after(statement: str) -> set[str]:
    code = f"import sys\n{statement}\nprint('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_the_package_brings_in_nothing_heavy() -> None:
    extra = _modules_after("import agent_agency") - _modules_after("pass")
    assert {name for name in extra if not name.startswith("agent_agency")} - {"__future__"} == set()


@pytest.mark.parametrize("argument", ["--help", "--version"])
def test_asking_for_help_imports_no_command(argument: str) -> None:
    statement = f"""
from agent_agency.cli.main import main
try:
    main(["{argument}"])
except SystemExit:
    pass
"""
    loaded = _modules_after(statement)
    assert not {"yaml", "rich", "detect_secrets", "agent_agency.cli.review"} & loaded
