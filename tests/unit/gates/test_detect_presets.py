"""Which gates the files of a repository speak for, and that what is written is what the tools do."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.config import Config, read_config
from agent_agency.gates.detect_presets import detect
from agent_agency.gates.presets import Preset, presets_text
from agent_agency.gates.project_files import ProjectFiles
from agent_agency.gates.tool_presence import ToolPresence

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


UNITTEST = "import unittest\n\n\nclass T(unittest.TestCase):\n    def test_a(self):\n        self.assertTrue(1)\n"


def test_unittest_gets_its_report_from_pytest_or_else_from_xmlrunner() -> None:
    gate = found(**{"src/app/__init__.py": "", "tests/test_a.py": UNITTEST})["tests"]

    assert gate.argv[:3] == ("python", "-m", "pytest")
    assert gate.instead is not None
    assert gate.instead.argv == ("PYTHONPATH=src python -m xmlrunner discover -s tests --output-file junit.xml",)
    assert gate.instead.shell == "sh"


def test_xmlrunner_is_taken_where_it_is_declared() -> None:
    files = {"app.py": "", "test_a.py": UNITTEST, "requirements.txt": "unittest_xml_reporting\ncoverage\n"}
    gates = found(**files)

    assert gates["tests"].argv == ("python -m xmlrunner discover --output-file junit.xml",)
    assert "--branch" in gates["coverage"].argv[0]
    assert "-m unittest discover" in gates["coverage"].argv[0]


@pytest.mark.parametrize(
    ("paths", "folders"),
    [
        (("src/shop/totals.py",), ("src",)),
        (("src/shop/__init__.py", "tests/__init__.py"), ("src",)),
        (("src/app.py", "tools/x.py"), ("src",)),
        (("src/__init__.py", "src/app.py"), ("src",)),
        (("shop/__init__.py", "tests/__init__.py"), ("shop",)),
        (("shop.py",), (".",)),
        (("README.md",), ()),
    ],
)
def test_where_the_sources_lie(paths: tuple[str, ...], folders: tuple[str, ...]) -> None:
    assert project(**dict.fromkeys(paths, "")).source_folders == folders


def test_a_src_that_is_a_package_is_not_put_on_the_path() -> None:
    gate = found(**{"src/__init__.py": "", "src/app.py": "", "tests/test_a.py": "import pytest\n"})["tests"]

    assert not any("pythonpath" in part for part in gate.argv)


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
        (
            {"pyproject.toml": "[project]\nname='a'\ndependencies = ['x']\n", "requirements/dev.txt": "pip_audit\n"},
            {"dependencies"},
        ),
        ({"pyproject.toml": "[tool.mutmut]\n"}, {"mutation"}),
        ({"setup.cfg": "[mutmut]\npaths_to_mutate = src\n"}, {"mutation"}),
        ({"cosmic-ray.toml": "[cosmic-ray]\n"}, {"mutation"}),
    ],
)
def test_a_tool_is_found_by_settings_requirements_and_hooks(files: dict[str, str], names: set[str]) -> None:
    assert found(**{"app.py": "", **files}).keys() == names


def test_only_what_asks_a_public_service_gets_the_network() -> None:
    everything = {"requirements.txt": "pytest-cov\nruff\nmypy\nbandit\npip-audit\n", "test_a.py": TEST, "app.py": ""}
    gates = found(**everything)

    assert gates.keys() == {"tests", "coverage", "lint", "types", "security", "dependencies"}
    assert [name for name, gate in gates.items() if gate.network] == ["dependencies"]


NODE = {
    "package.json": '{"devDependencies": {"vitest": "1", "@vitest/coverage-v8": "1", "eslint": "9",'
    ' "@stryker-mutator/core": "8"}}',
    "package-lock.json": "{}",
    "eslint.config.js": "",
}


def settings(*presets: Preset) -> Config:
    read = read_config(presets_text(presets).encode(), "agency.toml")
    assert isinstance(read, Config), read
    return read


def uncommented(*presets: Preset) -> Config:
    hindered = [replace(preset, hindrance=preset.hindrance or "it is a test") for preset in presets]
    lines = [line for line in presets_text(hindered).splitlines() if "not in force" not in line]
    read = read_config("".join(f"{line.removeprefix('# ')}\n" for line in lines).encode(), "agency.toml")
    assert isinstance(read, Config), read
    return read


def test_node_tools_get_their_packages_from_a_set_up_step_that_runs_no_scripts() -> None:
    gates = found(**NODE)
    config = settings(*gates.values())

    assert [gate.name for gate in config.gates] == ["tests-js", "coverage-js", "mutation-js", "lint-js"]
    assert not any(gate.network for gate in config.gates)
    assert {gate.limits.memory_mb for gate in config.gates} == {65536}, "WebAssembly does not start with less"
    assert config.setup is not None
    assert config.setup.command == ("sh", "-c", "npm ci --ignore-scripts --no-audit --no-fund")
    assert config.setup.lock_files == ("package.json", "package-lock.json")
    assert (config.setup.keep, config.setup.network) == (("node_modules",), True)


@pytest.mark.parametrize(
    ("package", "names"),
    [
        ('{"devDependencies": {"jest": "1", "jest-junit": "1"}}', {"tests-js"}),
        ('{"devDependencies": {"jest": "1"}}', set()),
        ('{"devDependencies": {"jest": "1"}, "jest": {"collectCoverage": true}}', {"coverage-js"}),
        ('{"devDependencies": {"jest": "1"}, "scripts": {"test": "jest --coverage"}}', {"coverage-js"}),
    ],
)
def test_jest_is_a_gate_for_what_it_writes_a_report_of(package: str, names: set[str]) -> None:
    assert found(**{"package.json": package, "package-lock.json": "{}"}).keys() == names


@pytest.mark.parametrize("lock", ["", "yarn.lock", "pnpm-lock.yaml"])
def test_without_a_lock_of_npm_a_note_says_why_there_is_no_gate(lock: str) -> None:
    detection = detect(project(**{"package.json": NODE["package.json"], **({lock: ""} if lock else {})}))

    assert (detection.presets, len(detection.notes)) == ((), 1)


def test_several_ecosystems_share_one_set_up_step() -> None:
    gates = found(**NODE, **{"go.mod": "module x\n", "go.sum": "y\n"})
    config = settings(*gates.values())

    assert config.setup is not None
    assert config.setup.lock_files == ("package.json", "package-lock.json", "go.mod", "go.sum")
    assert " && " in config.setup.argv[0]
    assert all("GOMODCACHE" in gate.argv[0] for gate in config.gates if gate.name == "tests-go")


def test_tracked_node_modules_are_used_as_they_are() -> None:
    gate = found(**{"package.json": '{"devDependencies": {"vitest": "1"}}', "node_modules/vitest/a.js": ""})["tests-js"]

    assert (gate.argv[:3], gate.hindrance, gate.network) == (("npx", "--no-install", "vitest"), "", False)


@pytest.mark.parametrize(
    ("files", "name", "programs"),
    [
        ({"go.mod": "module x\n"}, "tests-go", ("go", "gotestsum")),
        (
            {"go.mod": "module x\ntool github.com/jstemmer/go-junit-report/v2\n"},
            "tests-go",
            ("go", "go-junit-report"),
        ),
        ({"Cargo.toml": "[package]\n"}, "tests-rust", ("cargo", "cargo-nextest")),
        ({"pom.xml": "<project/>"}, "tests-jvm", ("mvn",)),
    ],
)
def test_other_languages_get_a_gate_that_reads_junit(
    files: dict[str, str], name: str, programs: tuple[str, ...]
) -> None:
    gate = found(**files)[name]

    assert (gate.format, gate.shell, gate.programs) == ("junit", "sh", programs)
    assert [read.name for read in uncommented(gate).gates] == [name]


def test_what_would_open_the_network_to_the_code_under_review_waits_as_a_comment() -> None:
    gate = found(**{"pom.xml": "<project/>"})["tests-jvm"]

    assert gate.network
    assert gate.hindrance
    assert settings(gate).gates == ()


def on_path(folder: Path, *programs: str) -> ToolPresence:
    folder.mkdir(exist_ok=True)
    for name in programs:
        (folder / name).write_text("#!/bin/sh\n")
        (folder / name).chmod(0o755)
    return ToolPresence({"PATH": str(folder)})


def test_a_gate_without_its_tool_is_a_comment_that_says_so(tmp_path: Path) -> None:
    detection = detect(project(**{"app.py": "", "ruff.toml": "", ".bandit": ""}))
    here = detection.as_found_here(on_path(tmp_path / "bin", "ruff"))

    assert [preset.name for preset in here.in_force] == ["lint"]
    (missing,) = [preset for preset in here.presets if preset.hindrance]
    assert "bandit is not installed here" in missing.hindrance
    assert str(tmp_path) not in presets_text(here.presets)
    assert [gate.name for gate in settings(*here.presets).gates] == ["lint"]
    assert "bandit" in presets_text(here.presets)


def test_no_packages_are_installed_for_gates_that_are_comments(tmp_path: Path) -> None:
    here = detect(project(**NODE)).as_found_here(on_path(tmp_path / "bin"))

    assert here.in_force == ()
    assert settings(*here.presets).setup is None


def test_the_tool_that_is_there_is_taken(tmp_path: Path) -> None:
    presence = on_path(tmp_path / "bin", "sh", "go", "go-junit-report")
    (gate,) = detect(project(**{"go.mod": "module x\n"})).as_found_here(presence).presets

    assert (gate.hindrance, gate.programs) == ("", ("go", "go-junit-report"))


def test_a_cargo_that_an_empty_home_breaks_is_a_comment(tmp_path: Path) -> None:
    presence = on_path(tmp_path / "bin", "sh", "rustup", "cargo-nextest")
    (tmp_path / "bin/cargo").symlink_to(tmp_path / "bin/rustup")
    (gate,) = detect(project(**{"Cargo.toml": "[package]\n"})).as_found_here(presence).presets

    assert "rustup" in gate.hindrance


@pytest.mark.parametrize(
    ("settings", "report"),
    [
        ("", "target/nextest/default/junit.xml"),
        ("[profile.default.junit]\npath = 'tests.xml'\n", "target/nextest/default/tests.xml"),
        ("[profile.default.junit]\npath = '../../x'\n", "target/nextest/default/junit.xml"),
        ("[profile]\ndefault = 1\n", "target/nextest/default/junit.xml"),
        ("[[[", "target/nextest/default/junit.xml"),
    ],
)
def test_the_report_of_nextest_is_where_its_own_settings_put_it(settings: str, report: str) -> None:
    gate = found(**{"Cargo.toml": "[package]\n", ".config/nextest.toml": settings})["tests-rust"]

    assert gate.report == report


def test_crates_that_are_not_tracked_wait_as_a_comment() -> None:
    lock = '[[package]]\nname = "serde"\nsource = "registry+https://github.com/rust-lang/crates.io-index"\n'
    files = {"Cargo.toml": "[package]\n", "Cargo.lock": lock}

    assert found(**files)["tests-rust"].hindrance
    assert not found(**files, **{"vendor/serde/lib.rs": ""})["tests-rust"].hindrance


def test_python3_is_named_where_there_is_no_python(tmp_path: Path) -> None:
    presence = on_path(tmp_path / "bin", "sh", "python3")
    (tmp_path / "bin/python3").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    files = {"app.py": "", "test_a.py": "import pytest\n", "requirements.txt": "coverage\n"}
    here = detect(project(**files)).as_found_here(presence)

    assert [preset.argv[0].split(" -m")[0] for preset in here.in_force] == ["python3", "python3"]


def test_a_program_that_only_a_relative_path_finds_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_path(tmp_path / "bin", "ruff")
    monkeypatch.chdir(tmp_path)

    assert ToolPresence({"PATH": "bin:."}).program("ruff") is None


NAMES = (
    *("pyproject.toml", "setup.cfg", "tox.ini", "package.json", "package-lock.json", "requirements.txt"),
    *("src/a/__init__.py", "test_a.py", "odd \"'$(x)/test_b.py", "go.mod", "go.sum", "Cargo.toml", "pom.xml"),
)
PIECES = (
    "[tool.pytest]\n",
    "[tool.ruff]\n",
    "[tool]\nruff = 1\n",
    "[tool.poetry]\ngroup = 1\n",
    "[project]\ndependencies = [1, 'mypy', [2]]\n",
    "[mypy]\nfiles\n",
    "[coverage:run]\nsource = a\n",
    "import unittest\n",
    'source = "registry+\n',
    "[tool.mutmut]\n",
    '{"scripts": {"a": "jest --coverage"}, "devDependencies": {"jest": 1, "jest-junit": 1}}',
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
