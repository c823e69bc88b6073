"""Which gates the files of a repository speak for, and that what is written is what the tools do."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.config import Config, read_config
from agent_agency.gates.detect_presets import detect
from agent_agency.gates.presets import Preset, presets_text
from agent_agency.gates.project_files import ProjectFiles
from agent_agency.gates.reports.model import ReportProblem
from agent_agency.gates.reports.read import read_report

CODE = "def total(lines: list[int]) -> int:\n    return sum(lines) if lines else 0\n"
TEST = "from demo import total\n\n\ndef test_total() -> None:\n    assert total([1, 2]) == 3\n"


def project(**files: str) -> ProjectFiles:
    return ProjectFiles(tuple(files), files.get)


def found(**files: str) -> dict[str, Preset]:
    return {preset.name: preset for preset in detect(project(**files)).presets}


def test_a_repository_without_signs_of_tools_gets_no_gate() -> None:
    assert (
        detect(project(**{"README.md": "Hello", "src/app.py": "A = 1\n", "tests/test_app.py": "B = 1\n"})).presets == ()
    )


@pytest.mark.parametrize(
    "files",
    [
        {"pyproject.toml": "[tool.pytest.ini_options]\naddopts = '-q'\n"},
        {"pytest.ini": "[pytest]\n"},
        {"tox.ini": "[pytest]\nminversion = 6\n"},
        {"setup.cfg": "[tool:pytest]\ntestpaths = tests\n"},
        {"tests/test_a.py": "import pytest\n"},
        {"tests/a_test.py": "def test_a():\n    assert True\n"},
    ],
)
def test_pytest_is_found_by_its_settings_and_by_its_tests(files: dict[str, str]) -> None:
    gate = found(**{"app.py": "", **files})["tests"]

    assert (gate.argv[:3], gate.report, gate.format) == (("python", "-m", "pytest"), "junit.xml", "junit")
    assert "--junitxml=junit.xml" in gate.argv


def test_unittest_alone_gets_a_note_for_it_writes_no_report() -> None:
    text = "import unittest\n\n\nclass T(unittest.TestCase):\n    def test_a(self):\n        pass\n"
    detection = detect(project(**{"app.py": "", "tests/test_a.py": text}))

    assert detection.presets == ()
    assert any("unittest" in note for note in detection.notes)


@pytest.mark.parametrize(
    ("pyproject", "option"),
    [
        ("", "pythonpath=src"),
        ("[tool.pytest.ini_options]\npythonpath = ['tests', '.']\n", "pythonpath=src tests ."),
        ("[tool.pytest.ini_options]\npythonpath = ['src']\n", None),
        ("[tool.pytest.ini_options]\npythonpath = ['$(reboot)']\n", None),
    ],
)
def test_pytest_imports_the_checkouts_own_src(pyproject: str, option: str | None) -> None:
    gate = found(**{"src/demo/__init__.py": CODE, "tests/test_a.py": TEST, "pyproject.toml": pyproject})["tests"]

    assert [part for part in gate.argv if part.startswith("pythonpath=")] == ([option] if option else [])


@pytest.mark.parametrize(
    ("files", "names"),
    [
        ({"ruff.toml": ""}, {"lint"}),
        ({"pyproject.toml": "[tool.ruff]\n"}, {"lint"}),
        ({".pre-commit-config.yaml": "repos:\n- hooks:\n  - id: ruff-check\n  - id: mypy\n"}, {"lint", "types"}),
        ({"pyproject.toml": "[project]\nname='a'\noptional-dependencies = {dev = ['Ruff>=0.5']}\n"}, {"lint"}),
        ({"pyproject.toml": "[dependency-groups]\ndev = ['mypy', {include-group='x'}]\n"}, {"types"}),
        ({"pyproject.toml": "[tool.poetry.group.dev.dependencies]\nbandit = '*'\n"}, {"security"}),
        ({"setup.cfg": "[mypy]\nstrict = true\n"}, {"types"}),
        ({"requirements-dev.txt": "# tools\nbandit==1.7 # x\n-r other.txt\n"}, {"security"}),
        ({"pyrightconfig.json": "{}"}, {"pyright"}),
        ({"requirements.txt": "flask\n", "requirements/dev.txt": "pip_audit\n"}, {"dependencies"}),
        ({"requirements/dev.txt": "pip_audit\n"}, set()),
    ],
)
def test_a_tool_is_found_by_settings_requirements_and_hooks(files: dict[str, str], names: set[str]) -> None:
    assert found(**{"app.py": "", **files}).keys() == names


def test_only_what_asks_a_public_service_gets_the_network() -> None:
    everything = {"requirements.txt": "pytest-cov\nruff\nmypy\nbandit\npip-audit\n", "test_a.py": TEST, "app.py": ""}
    gates = found(**everything)

    assert gates.keys() == {"tests", "coverage", "lint", "types", "security", "dependencies"}
    assert [name for name, gate in gates.items() if gate.network] == ["dependencies"]


def test_node_tools_wait_as_comments_for_a_checkout_has_no_packages() -> None:
    files = {
        "package.json": '{"devDependencies": {"vitest": "1", "eslint": "9"}}',
        "package-lock.json": "{}",
        "eslint.config.js": "",
    }
    gates = found(**files)
    config = read_config(presets_text(gates.values()).encode(), "agency.toml")

    assert gates.keys() == {"tests-js", "lint-js"}
    assert all(gate.hindrance for gate in gates.values())
    assert isinstance(config, Config)
    assert config.gates == ()
    uncommented = "".join(
        line.removeprefix("# ") + "\n"
        for line in presets_text(gates.values()).splitlines()
        if "not in force" not in line
    )
    read = read_config(uncommented.encode(), "agency.toml")
    assert isinstance(read, Config)
    assert [gate.name for gate in read.gates] == ["tests-js", "lint-js"]


def test_tracked_node_modules_are_used_as_they_are() -> None:
    gate = found(**{"package.json": '{"devDependencies": {"vitest": "1"}}', "node_modules/vitest/a.js": ""})["tests-js"]

    assert (gate.argv[:3], gate.hindrance, gate.network) == (("npx", "--no-install", "vitest"), "", False)


@pytest.mark.parametrize("path", ["go.mod", "Cargo.toml", "pom.xml"])
def test_a_tool_that_writes_no_single_report_is_told_of(path: str) -> None:
    detection = detect(project(**{path: ""}))

    assert (detection.presets, len(detection.notes)) == ((), 1)


NAMES = ("pyproject.toml", "setup.cfg", "tox.ini", "package.json", "requirements.txt", "src/a/__init__.py", "test_a.py")
PIECES = (
    "[tool.pytest]\n",
    "[tool.ruff]\n",
    "[tool]\nruff = 1\n",
    "[tool.poetry]\ngroup = 1\n",
    "[project]\ndependencies = [1, 'mypy', [2]]\n",
    "[mypy]\nfiles\n",
    "[coverage:run]\nsource = a\n",
    '{"devDependencies": ["vitest"]}',
    '{"devDependencies": {"jest": 1}}',
    "import pytest\n",
    "bandit; $(x) \"'\n",
    "[" * 3000,
    "\0\x7f\ud7ff",
)


@given(st.dictionaries(st.sampled_from(NAMES), st.lists(st.sampled_from(PIECES), max_size=4).map("".join) | st.text()))
def test_whatever_files_say_the_gates_are_valid_settings(files: dict[str, str]) -> None:
    read = read_config(presets_text(detect(project(**files)).presets).encode(), "agency.toml")

    assert isinstance(read, Config), read


@pytest.mark.parametrize(
    ("tool", "module", "name"),
    [
        ("pytest", "pytest", "tests"),
        ("pytest-cov", "pytest_cov", "coverage"),
        ("coverage", "coverage", "coverage"),
        ("ruff", "", "lint"),
        ("mypy", "", "types"),
        ("bandit", "", "security"),
    ],
)
def test_the_tool_itself_writes_the_report_that_its_gate_names(
    tool: str, module: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(sys.executable).parent
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    if module:
        pytest.importorskip(module, reason=f"{tool} is not installed")
    elif shutil.which(tool) is None:
        pytest.skip(f"{tool} is not installed")
    files = {"src/demo/__init__.py": CODE, "tests/test_demo.py": TEST, "requirements.txt": f"{tool}\n"}
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    gate = found(**files)[name]
    assert gate.report is not None
    assert gate.format is not None

    done = subprocess.run(gate.argv, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    report = read_report(gate.format, tmp_path / gate.report)
    assert not isinstance(report, ReportProblem), report
