from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from agent_agency.gates.interpreter_answer import ask_interpreter
from agent_agency.gates.tool_environment import ToolEnvironment, ToolExaminer, examine_tools
from agent_agency.sandbox.model import Command, Isolation
from support.sandboxes import need


@dataclass
class Tools:
    """A virtual environment outside of a checkout, with a pytest that is only a name, and a checkout."""

    folder: Path
    isolation: Isolation = Isolation.NONE
    examiner: ToolExaminer = field(default_factory=ToolExaminer)

    @property
    def environment(self) -> Path:
        return self.folder / "env"

    @property
    def site(self) -> Path:
        (found,) = (self.environment / "lib").glob("python*/site-packages")
        return found

    @property
    def checkout(self) -> Path:
        return self.folder / "checkout"

    @property
    def elsewhere(self) -> Path:
        return self.folder / "elsewhere"

    def file(self, name: str, text: str = "") -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def installed(self, name: str, version: str, *files: str) -> None:
        for file_name in files:
            self.file(f"{self.site.relative_to(self.folder)}/{file_name}")
        record = "".join(f"{file_name},,\n" for file_name in files)
        self.file(f"{self.site.relative_to(self.folder)}/{name}-{version}.dist-info/RECORD", record)

    def examine(self, *argv: str, readable: tuple[Path, ...] = ()) -> ToolEnvironment:
        path = os.pathsep.join([str(self.environment / "bin"), "/usr/bin", "/bin"])
        variables = {"PATH": path, "HOME": str(self.folder / "home")}
        command = Command(argv, self.checkout, variables, writable=(self.checkout,), readable=readable)
        return examine_tools(command, self.isolation, examiner=self.examiner)

    def foreign(self, *argv: str) -> list[str]:
        found = self.examine(*argv).foreign
        assert found is not None
        return [told.split(" from ")[0] for told in found]


@pytest.fixture(scope="module")
def made_environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    return folder


@pytest.fixture
def tools(tmp_path: Path, made_environment: Path) -> Tools:
    subprocess.run(["cp", "-a", made_environment, tmp_path / "env"], check=True)
    made = Tools(tmp_path)
    made.checkout.mkdir()
    made.installed("pytest", "8.4.1", "pytest/__init__.py")
    script = made.file("env/bin/pytest", f"#!{made.environment}/bin/python\nimport sys\n")
    script.chmod(0o755)
    return made


COMMANDS = [
    ("python", "-m", "pytest"),
    ("pytest",),
    ("sh", "-c", "pytest -q"),
    ("env", "A=1", "pytest"),
    ("make", "test"),
    ("./run.sh",),
    ("timeout", "9", "python3", "-m", "pytest"),
]


@pytest.mark.parametrize("argv", COMMANDS)
def test_an_editable_install_is_found_whatever_starts_the_python(tools: Tools, argv: tuple[str, ...]) -> None:
    tools.file("elsewhere/src/shop/__init__.py")
    tools.site.joinpath("shop.pth").write_text(f"{tools.elsewhere}/src\n")
    tools.file("checkout/src/shop/__init__.py")
    tools.file("checkout/Makefile", "test:\n\tpytest\n")
    tools.file("checkout/run.sh", "#!/bin/sh\npytest\n").chmod(0o755)
    assert tools.foreign(*argv) == ["shop"]
    tools.site.joinpath("shop.pth").unlink()
    tools.examiner = ToolExaminer()
    assert tools.foreign(*argv) == []


def test_a_single_module_and_a_package_without_init_are_asked_for_too(tools: Tools) -> None:
    for folder in ("elsewhere", "checkout"):
        tools.file(f"{folder}/shop.py")
        tools.file(f"{folder}/acme/till/core.py")
    tools.site.joinpath("dev.pth").write_text(f"{tools.elsewhere}\n")
    assert tools.foreign("pytest") == ["acme.till.core", "shop"]
    assert tools.foreign("python", "-m", "pytest") == []


def test_a_part_of_a_shared_name_space_that_others_install_is_no_alarm(tools: Tools) -> None:
    tools.installed("acme-other", "1", "acme/other/__init__.py")
    tools.file("checkout/src/acme/till/__init__.py")
    assert tools.foreign("pytest") == []
    tools.installed("acme-till", "1", "acme/till/__init__.py")
    tools.examiner = ToolExaminer()
    assert tools.foreign("pytest") == ["acme.till"]


def test_a_package_that_hides_a_name_space_wins_even_over_the_current_folder(tools: Tools) -> None:
    tools.file("checkout/acme/till.py")
    tools.installed("acme", "1", "acme/__init__.py", "acme/till.py")
    assert tools.foreign("python", "-m", "pytest") == ["acme.till"]


def test_a_finder_that_a_start_up_file_puts_first_wins_over_the_current_folder(tools: Tools) -> None:
    tools.file("elsewhere/shop.py")
    finder = f"""
import importlib.util, sys
class Finder:
    def find_spec(name, path=None, target=None):
        if name == "shop":
            return importlib.util.spec_from_file_location(name, {str(tools.elsewhere / "shop.py")!r})
sys.meta_path.insert(0, Finder)
"""
    tools.site.joinpath("sitecustomize.py").write_text(finder)
    tools.file("checkout/shop.py")
    assert tools.foreign("python", "-m", "pytest") == ["shop"]


def test_a_module_that_a_start_up_file_has_imported_already_is_foreign(tools: Tools) -> None:
    tools.file("elsewhere/shop.py")
    tools.site.joinpath("shop.pth").write_text(f"import sys; sys.path.append({str(tools.elsewhere)!r}); import shop\n")
    tools.file("checkout/shop.py")
    assert tools.foreign("python", "-m", "pytest") == ["shop"]


def test_folders_beside_the_product_that_somebody_installed_are_no_alarm(tools: Tools) -> None:
    beside = ("tests/__init__.py", "examples/__init__.py", "docs/__init__.py")
    tools.installed("careless", "1", *beside)
    for name in (*beside, "src/shop/__init__.py"):
        tools.file(f"checkout/{name}")
    assert tools.foreign("pytest") == []


def test_a_copy_of_somebody_else_s_package_in_the_repository_is_no_alarm(tools: Tools) -> None:
    tools.installed("PyYAML", "6.0", "yaml/__init__.py")
    for name in ("yaml/__init__.py", "shop/__init__.py"):
        tools.file(f"checkout/{name}")
    tools.file("checkout/pyproject.toml", '[project]\nname = "shop"\n')
    assert tools.foreign("pytest") == []


@pytest.mark.parametrize("record", [True, False])
def test_an_installed_copy_of_the_project_itself_is_foreign(tools: Tools, record: bool) -> None:
    tools.installed("shop", "1", *(("shop/__init__.py",) if record else ()))
    tools.file(f"{tools.site.relative_to(tools.folder)}/shop/__init__.py")
    tools.file("checkout/shop/__init__.py")
    tools.file("checkout/pyproject.toml", '[project]\nname = "shop"\n')
    assert tools.foreign("pytest") == ["shop"]
    assert tools.foreign("python", "-m", "pytest") == []


def test_a_checkout_that_pytest_puts_first_is_no_alarm(tools: Tools) -> None:
    tools.installed("shop", "1", "shop/__init__.py")
    tools.file("checkout/src/shop/__init__.py")
    tools.file("checkout/pyproject.toml", "[tool.pytest.ini_options]\npythonpath = ['src']\n")
    assert tools.foreign("pytest") == []
    assert tools.foreign("sh", "-c", "PYTHONPATH=src python x.py") == []
    tools.site.joinpath("pytest-8.4.1.dist-info").rename(tools.site / "pytest-6.2.5.dist-info")
    tools.examiner = ToolExaminer()
    assert tools.foreign("pytest") == ["shop"]  # that pytest does not know the setting


def test_a_tool_that_reads_files_only_is_no_alarm(tools: Tools) -> None:
    tools.installed("shop", "1", "shop/__init__.py")
    tools.file("checkout/src/shop/__init__.py")
    tools.file("env/bin/mypy", f"#!{tools.environment}/bin/python\n").chmod(0o755)
    assert tools.foreign("mypy", "src") == []


def test_an_interpreter_that_gives_no_answer_proves_nothing(tools: Tools) -> None:
    tools.file("checkout/shop.py")
    (tools.environment / "bin/python").unlink()
    tools.file("env/bin/python", "#!/bin/sh\necho '{}'\n").chmod(0o755)
    found = tools.examine("python", "-m", "pytest")
    assert found.foreign is None
    assert not found.pinned
    assert found.key is None


def test_a_start_up_file_cannot_give_the_answer_itself(tools: Tools) -> None:
    tools.site.joinpath("sitecustomize.py").write_text(
        "import atexit, json\n"
        "print(json.dumps({'found': {}}))\n"
        "atexit.register(print, '\\n' + json.dumps({'version': '3', 'build': '', 'packages': {}, 'hooks': {},"
        " 'changeable': [], 'found': {}}))\n"
    )
    tools.installed("shop", "1", "shop/__init__.py")
    tools.file("checkout/shop.py")
    assert tools.foreign("pytest") == ["shop"]


def test_nothing_of_the_change_is_imported_by_the_question(tools: Tools) -> None:
    for name in ("json.py", "hashlib.py", "sitecustomize.py", "shop.py"):
        tools.file(f"checkout/{name}", "raise SystemExit(7)\n")
    assert tools.foreign("python", "-m", "pytest") == []


def test_the_programs_and_packages_are_named_with_version_and_digest(tools: Tools) -> None:
    facts = tools.examine("sh", "-c", "python -m pytest").as_facts()
    programs = {program["name"]: program for program in facts["programs"]}
    python = tools.environment / "bin/python"
    assert programs["python"] == {
        "name": "python",
        "path": str(python),
        "version": ".".join(map(str, sys.version_info[:3])),
        "digest": "sha256:" + hashlib.sha256(python.read_bytes()).hexdigest(),
        "outside": True,
    }
    assert (programs["pytest"]["version"], programs["pytest"]["path"]) == ("8.4.1", str(python))
    assert facts["packages"] == 1
    assert facts["digest"].startswith("sha256:")


def test_a_program_of_the_checkout_is_named_as_such(tools: Tools) -> None:
    tools.file("checkout/ci/run.sh", "#!/bin/sh\ntrue\n").chmod(0o755)
    (program, *_) = tools.examine("ci/run.sh").as_facts()["programs"]
    assert (program["path"], program["outside"]) == ("ci/run.sh", False)


def test_a_home_is_not_told(tools: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tools.folder))
    assert tools.examine("pytest").programs[0].path == "~/env/bin/pytest"


def test_the_digest_changes_with_every_part_of_the_tools_and_with_nothing_else(tools: Tools) -> None:
    def digest() -> str:
        tools.examiner = ToolExaminer()
        found = tools.examine("pytest")
        assert found.pinned
        return found.digest

    seen = [digest()]
    tools.file("checkout/shop.py", "PRICE = 1\n")
    assert digest() == seen[0]
    tools.installed("plugin", "1", "plugin.py")
    seen.append(digest())
    tools.installed("plugin", "1", "plugin.py", "more.py")
    seen.append(digest())
    tools.site.joinpath("hook.pth").write_text("import sys\n")
    seen.append(digest())
    tools.file("env/bin/pytest", tools.file("env/bin/pytest").read_text() + f"#!{tools.environment}/bin/python\n#\n")
    seen.append(digest())
    assert len(set(seen)) == len(seen)


def test_tools_with_a_folder_that_can_change_unnoticed_are_not_pinned(tools: Tools) -> None:
    assert tools.examine("pytest").pinned
    tools.file("elsewhere/helper.py")
    tools.site.joinpath("helper.pth").write_text(f"{tools.elsewhere}\n")
    tools.examiner = ToolExaminer()
    assert not tools.examine("pytest").pinned


def test_an_editable_install_behind_a_finder_is_not_pinned(tools: Tools) -> None:
    tools.file("elsewhere/pyproject.toml")
    tools.installed("helper", "1")
    text = f'{{"url": "file://{tools.elsewhere}", "dir_info": {{"editable": true}}}}'
    tools.site.joinpath("helper-1.dist-info/direct_url.json").write_text(text)
    assert not tools.examine("pytest").pinned


def test_an_interpreter_is_asked_once_by_all_gates_of_a_review(tools: Tools) -> None:
    asked = tools.folder / "asked"
    tools.site.joinpath("sitecustomize.py").write_text(f"open({str(asked)!r}, 'a').write('x')\n")
    threads = [
        threading.Thread(target=tools.examine, args=argv) for argv in [("pytest",), ("python", "-m", "pytest")] * 3
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tools.examine("sh", "-c", "pytest")
    assert asked.read_text() == "x"


@pytest.mark.parametrize("isolation", [Isolation.NAMESPACES, Isolation.LANDLOCK])
def test_the_question_is_asked_where_the_tool_is_run(tools: Tools, isolation: Isolation) -> None:
    need(isolation)
    tools.isolation = isolation
    tools.file("elsewhere/shop.py")
    tools.site.joinpath("shop.pth").write_text(f"{tools.elsewhere}\n")
    tools.file("checkout/shop.py")
    assert tools.examine("pytest").foreign == ()  # what the tool cannot see it cannot import
    assert tools.examine("pytest").pinned
    found = tools.examine("pytest", readable=(tools.elsewhere,))
    assert found.foreign == (f"shop from {tools.elsewhere}/shop.py",)


def test_thousands_of_modules_are_asked_for_too(tools: Tools) -> None:
    (tools.checkout / "src").mkdir()
    for number in range(6000):
        (tools.checkout / f"src/module_with_a_rather_long_name_{number}.py").touch()
    tools.installed("late", "1", "module_with_a_rather_long_name_5999.py")
    assert tools.foreign("pytest") == ["module_with_a_rather_long_name_5999"]


def test_a_question_can_be_stopped(tools: Tools) -> None:
    tools.site.joinpath("sitecustomize.py").write_text("import time\ntime.sleep(600)\n")
    cancel = threading.Event()
    threading.Timer(0.3, cancel.set).start()
    begun = time.monotonic()
    command = Command(("python",), tools.checkout, {"PATH": "/bin"}, writable=(tools.checkout,))
    assert ask_interpreter(tools.environment / "bin/python", (), command, Isolation.NONE, cancel) is None
    assert time.monotonic() - begun < 100
