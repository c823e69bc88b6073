"""What a gate's tool consists of, and where it takes the project from, as a user meets it in ``agency review``."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from support.command import Done
from support.git_repo import GitRepo
from support.law import lawful_repo
from support.warm_command import agency

TEST = "import shop\n\n\ndef test_price():\n    assert shop.PRICE == 5\n"


@dataclass
class Shop:
    """A repository, a virtual environment in which its tools are installed, and another copy of the project."""

    repo: GitRepo
    environment: Path
    elsewhere: Path

    @property
    def site(self) -> Path:
        (found,) = (self.environment / "lib").glob("python*/site-packages")
        return found

    def review(self, *arguments: str, path: str = "") -> Done:
        variables = {"PATH": f"{path}{self.environment / 'bin'}{os.pathsep}{os.defpath}"}
        command = ("review", "--base", "main", "--head", "work", "--json", *arguments)
        return agency(*command, cwd=self.repo.path, env=variables)


def gate(done: Done, name: str = "tests") -> dict[str, Any]:
    (found,) = [gate for gate in done.document["gates"] if gate["name"] == name]
    return dict(found)


def rules(done: Done) -> set[str]:
    return {finding["rule"] for finding in done.document["findings"]}


def gate_with(argv: str) -> str:
    return f"""\
[[gate]]
name = "tests"
kind = "tests"
argv = {argv}
report = "report.xml"
format = "junit"
timeout_s = 120
[tools]
readable = ["ELSEWHERE", "INSTALLED"]
"""


PYTEST = "-q -p no:cacheprovider --junitxml=report.xml"


def shop(tmp_path: Path, config: str, **files: str) -> Shop:
    """A change that sets the price to 5, while an editable install leads to a copy where it is 5 already."""
    environment, elsewhere = tmp_path / "env", tmp_path / "elsewhere"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    elsewhere.mkdir()
    (installed,) = (Path(sys.prefix) / "lib").glob("python*/site-packages")
    told = config.replace("ELSEWHERE", str(elsewhere)).replace("INSTALLED", str(installed))
    repo = lawful_repo(tmp_path / "repo", config=told)
    repo.checkout("main")
    for name, text in files.items():
        repo.write(name, text).chmod(0o755)
    repo.commit("Start", **{"tests/test_price.py": TEST})
    repo.git("branch", "-f", "work", "main")
    repo.checkout("work")
    made = Shop(repo, environment, elsewhere)
    packages = ("pytest", "_pytest", "pluggy", "iniconfig", "packaging", "pygments", "py.py")
    for package in (*packages, *(path.name for name in packages for path in installed.glob(f"{name}-*.dist-info"))):
        if (installed / package).exists():
            (made.site / package).symlink_to(installed / package)
    script = environment / "bin/pytest"
    script.write_text(f"#!{environment}/bin/python\nimport pytest, sys\nsys.exit(pytest.console_main())\n")
    script.chmod(0o755)
    return made


def wrong_price(made: Shop, folder: str) -> None:
    """The change's own price is wrong; only the copy elsewhere has the right one."""
    made.repo.commit("Sell", **{f"{folder}shop/__init__.py": "PRICE = 4\n"})
    (made.elsewhere / "shop").mkdir()
    (made.elsewhere / "shop/__init__.py").write_text("PRICE = 5\n")
    made.site.joinpath("__editable__.shop.pth").write_text(f"{made.elsewhere}\n")


BARE = '["pytest", "-q", "--junitxml=report.xml"]'
MODULE = f'["python", "-m", "pytest", {", ".join(repr(word) for word in PYTEST.split())}]'
SHELL = f'["sh", "-c", "pytest {PYTEST}"]'


@pytest.mark.parametrize("argv", [BARE, MODULE, SHELL, '["make", "test"]', '["./run.sh"]'])
def test_no_command_line_measures_an_editable_install_unnoticed(tmp_path: Path, argv: str) -> None:
    scripts = {"Makefile": f"test:\n\tpytest {PYTEST}\n", "run.sh": f"#!/bin/sh\nexec pytest {PYTEST}\n"}
    made = shop(tmp_path, gate_with(argv), **scripts)
    wrong_price(made, "src/")
    done = made.review()
    assert (gate(done)["status"], done.document["verdict"]) == ("error", "conditional"), done.err
    assert "foreign_code" in rules(done)
    assert "shop from" in gate(done)["reason"]


def test_a_checkout_that_comes_first_is_measured_although_a_copy_is_installed(tmp_path: Path) -> None:
    made = shop(tmp_path, gate_with(MODULE))
    wrong_price(made, "")
    done = made.review()
    assert gate(done)["status"] == "fail", done.err
    assert "foreign_code" not in rules(done)


def test_folders_of_tests_that_a_package_brought_along_disturb_nothing(tmp_path: Path) -> None:
    made = shop(tmp_path, gate_with(BARE), **{"tests/__init__.py": "", "examples/__init__.py": ""})
    for name in ("tests", "examples"):
        (made.site / name).mkdir()
        (made.site / name / "__init__.py").touch()
    made.repo.commit("Sell", **{"shop.py": "PRICE = 5\n"})
    done = made.review()
    assert gate(done)["status"] == "pass", done.err


def test_the_ruling_names_the_tools_outside_of_the_checkout_with_digests(tmp_path: Path) -> None:
    made = shop(tmp_path, gate_with(MODULE))
    made.repo.commit("Sell", **{"shop.py": "PRICE = 5\n"})
    tools = gate(made.review())["facts"]["tool_environment"]
    programs = {program["name"]: program for program in tools["programs"]}
    assert programs["python"]["outside"] is True
    assert programs["python"]["digest"].startswith("sha256:")
    assert programs["pytest"]["version"] == pytest.__version__
    assert tools["digest"].startswith("sha256:")
    assert tools["packages"] >= 4


def test_a_result_is_used_again_until_a_tool_changes(tmp_path: Path) -> None:
    made = shop(tmp_path, gate_with(SHELL), **{"conftest.py": ""})
    made.repo.commit("Sell", **{"shop.py": "PRICE = 5\n"})
    first = made.review()
    assert (gate(first)["status"], gate(first)["reused"]) == ("pass", False), first.err
    assert gate(made.review())["reused"] is True
    assert gate(made.review("--no-cache"))["reused"] is False
    (made.site / "plugin-1.0.dist-info").mkdir()
    (made.site / "plugin-1.0.dist-info/RECORD").write_text("plugin.py,,\n")
    assert gate(made.review())["reused"] is False


def test_an_edited_result_is_not_believed(tmp_path: Path) -> None:
    made = shop(tmp_path, gate_with(SHELL), **{"conftest.py": ""})
    made.repo.commit("Sell", **{"shop.py": "PRICE = 4\n"})
    assert gate(made.review())["status"] == "fail"
    for kept in (made.repo.path / ".git/agency/results").glob("*.json"):
        kept.write_bytes(kept.read_bytes().replace(b'\\"fail\\"', b'\\"pass\\"'))
    done = made.review()
    assert (gate(done)["status"], gate(done)["reused"]) == ("fail", False)


def test_a_program_of_the_change_is_not_taken_for_a_tool(tmp_path: Path) -> None:
    made = shop(tmp_path, '[[gate]]\nname = "tests"\nkind = "custom"\nargv = ["checker"]\n')
    made.repo.write("checker", "#!/bin/sh\nexit 0\n").chmod(0o755)
    made.repo.commit("Bring the judge along", **{"shop.py": "PRICE = 4\n"})
    for entry in ("", ".", "bin/.."):
        done = made.review(path=f"{entry}{os.pathsep}")
        assert gate(done)["status"] == "not_run", (entry, done.err)
