from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from agent_agency.gates.pytest_paths import pytest_folders


def laid_out(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / name.replace("__S__", "/").replace("__D__", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


TEST = "import shop\n\n\ndef test_shop():\n    assert shop.HERE\n"
INI = "[tool.pytest.ini_options]\npythonpath = ['src']\n"


@pytest.mark.parametrize(
    ("files", "arguments"),
    [
        ({"tests__S__test_a__D__py": TEST, "shop__D__py": "", "conftest__D__py": ""}, []),
        ({"tests__S__test_a__D__py": TEST, "shop__D__py": "", "tests__S____init____D__py": ""}, []),
        ({"test_a__D__py": TEST, "shop__D__py": ""}, ["-p", "no:cacheprovider", "-o", "junit_family=xunit2"]),
        ({"tests__S__test_a__D__py": TEST, "src__S__shop__D__py": "", "pyproject__D__toml": INI}, ["tests"]),
        (
            {
                "tests__S__test_a__D__py": TEST,
                "src__S__shop__D__py": "",
                "pytest__D__ini": "[pytest]\npythonpath = src\n",
            },
            [],
        ),
        ({"tests__S__test_a__D__py": TEST, "shop__D__py": "", "conftest__D__py": ""}, ["--import-mode=importlib"]),
        ({"tests__S__test_a__D__py": TEST, "shop__D__py": ""}, []),
        (
            {"tests__S__test_a__D__py": TEST, "src__S__shop__D__py": "", "pyproject__D__toml": INI},
            ["-o", "pythonpath="],
        ),
        (
            {
                "tests__S__test_a__D__py": TEST,
                "src__S__shop__D__py": "",
                "pyproject__D__toml": INI,
                "tests__S__pytest__D__ini": "",
            },
            ["tests"],
        ),
        (
            {
                "tests__S__test_a__D__py": TEST,
                "src__S__shop__D__py": "",
                "pyproject__D__toml": INI,
                "pytest__D__ini": "",
            },
            [],
        ),
    ],
)
def test_what_is_granted_pytest_itself_proves(tmp_path: Path, files: dict[str, str], arguments: list[str]) -> None:
    """A module of the same name is installed elsewhere; where a folder is granted, pytest takes the checkout's."""
    checkout = laid_out(tmp_path / "co", **files)
    for module in checkout.rglob("shop.py"):
        module.write_text("HERE = True\n")
    elsewhere = laid_out(tmp_path / "installed", shop__D__py="HERE = False\n")
    plain, ini = pytest_folders(checkout, arguments)
    granted = any((folder / "shop.py").is_file() for folder in plain | ini)
    code = f"import sys; sys.path[0] = {str(elsewhere)!r}; import pytest; sys.exit(pytest.main(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", code, "-q", *arguments],
        cwd=checkout,
        env={"PATH": os.defpath, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        check=False,
        text=True,
    )
    assert granted == (done.returncode == 0), done.stdout + done.stderr


@pytest.mark.parametrize(
    "arguments", [["-c", "x.ini"], ["--rootdir=x"], ["-p", "shop.plugin"], ["--noconftest"], ["/elsewhere"], ["../x"]]
)
def test_an_option_that_may_change_places_takes_every_grant_away(tmp_path: Path, arguments: list[str]) -> None:
    checkout = laid_out(tmp_path / "co", conftest__D__py="", pyproject__D__toml=INI)
    (tmp_path / "x").mkdir()
    arguments = [str(tmp_path) if word == "/elsewhere" else word for word in arguments]
    assert pytest_folders(checkout, arguments) == (frozenset(), frozenset())
    assert pytest_folders(checkout, []) == (frozenset({checkout}), frozenset({checkout / "src"}))


def test_options_in_the_settings_count_as_well(tmp_path: Path) -> None:
    text = INI + "addopts = '--import-mode importlib'\n"
    checkout = laid_out(tmp_path, conftest__D__py="", pyproject__D__toml=text)
    assert pytest_folders(checkout, []) == (frozenset(), frozenset())


def test_settings_that_cannot_be_read_grant_nothing_of_their_own(tmp_path: Path) -> None:
    checkout = laid_out(tmp_path, conftest__D__py="", pyproject__D__toml="[tool.pytest", setup__D__cfg="[[")
    assert pytest_folders(checkout, []) == (frozenset({checkout}), frozenset())
