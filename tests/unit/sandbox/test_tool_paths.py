"""What a program needs to be readable, and what no program can make readable."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from agent_agency.sandbox.model import Command, Isolation
from agent_agency.sandbox.run import run
from agent_agency.sandbox.tool_paths import find_program, home_folders, program_paths
from support.sandboxes import need


def _program(path: Path, text: str = "#!/bin/sh\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def test_a_virtual_environment_under_the_home_runs_with_its_base_and_the_rest_of_the_home_is_hidden() -> None:
    home = Path(os.environ["HOME"])
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", home / "tools"], check=True, timeout=90)
    (home / "secret").write_text("secret")
    checkout = home / "checkout"
    checkout.mkdir()
    code = "import os, sys; print(sys.prefix, sorted(os.listdir(os.environ['HOME'])))"
    need(Isolation.NAMESPACES)
    command = Command((str(home / "tools/bin/python"), "-c", code), checkout, {"HOME": str(home)}, (checkout,))
    told = run(command, Isolation.NAMESPACES).output_head.decode()
    assert told == f"{home / 'tools'} ['checkout', 'tools']\n"


def test_a_program_in_the_homes_bin_opens_its_libraries_and_nothing_else(tmp_path: Path) -> None:
    for folder in ("bin", "lib", "share", "Documents", ".local/bin", ".local/lib", ".local/share"):
        (tmp_path / folder).mkdir(parents=True)
    tool, local = _program(tmp_path / "bin/tool"), _program(tmp_path / ".local/bin/tool")
    assert set(program_paths(tool, {}, (tmp_path,))) == {tool, tmp_path / "bin", tmp_path / "lib"}
    assert set(program_paths(local, {}, (tmp_path,))) == {local, local.parent, tmp_path / ".local/lib"}


def test_links_and_the_interpreter_of_a_script_are_followed(tmp_path: Path) -> None:
    interpreter = _program(tmp_path / "language/bin/run")
    script = _program(tmp_path / "package/bin/tool", f"#!{interpreter} -x\n")
    link = tmp_path / "links/tool"
    link.parent.mkdir()
    link.symlink_to("../package/bin/tool")
    found = set(program_paths(link, {}, ()))
    assert {link, script, interpreter, interpreter.parent} <= found
    by_name = _program(tmp_path / "other/bin/tool", "#!/usr/bin/env -S run -y\n")
    assert interpreter in program_paths(by_name, {"PATH": str(interpreter.parent)}, ())


def test_a_version_managers_shim_opens_the_versions_below_its_root(tmp_path: Path) -> None:
    shim = _program(tmp_path / "manager/shims/python")
    (tmp_path / "manager/versions").mkdir()
    (tmp_path / "manager/private").mkdir()
    found = program_paths(shim, {}, ())
    assert tmp_path / "manager/versions" in found
    assert tmp_path / "manager/private" not in found


@pytest.mark.parametrize("way", ["shebang", "link", "pyvenv"])
def test_a_program_of_the_change_cannot_name_a_secret_as_its_interpreter(tmp_path: Path, way: str) -> None:
    secret = _program(Path(os.environ["HOME"], "keys/bin/python"), "a private key")
    checkout = tmp_path / "checkout"
    program = checkout / "bin/python"
    if way == "link":
        program.parent.mkdir(parents=True)
        program.symlink_to(secret)
    else:
        _program(program, f"#!{secret}\n" if way == "shebang" else "#!/bin/sh\n")
        (checkout / "pyvenv.cfg").write_text(f"home = {secret.parent}\n" if way == "pyvenv" else "")
    environment = {"PATH": f"{program.parent}:{os.defpath}"}
    trusted = program_paths(program, environment, home_folders({}))
    guarded = program_paths(program, environment, home_folders({}), (checkout, checkout.resolve()))
    assert any(secret.is_relative_to(path) for path in trusted)
    assert not any(secret.is_relative_to(path) for path in guarded)


def test_the_changes_virtual_environment_runs_on_the_python_that_made_it(tmp_path: Path) -> None:
    need(Isolation.NAMESPACES)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / ".venv"], check=True, timeout=90)
    argv = (".venv/bin/python", "-c", "open('.venv/made', 'w'); print('ready')")
    outcome = run(Command(argv, tmp_path, {}, (tmp_path,)), Isolation.NAMESPACES)
    assert outcome.output_head == b"ready\n"


def test_programs_are_found_on_the_commands_path_not_on_the_callers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = _program(tmp_path / "bin/tool-of-this-test")
    monkeypatch.setenv("PATH", str(tool.parent))
    assert find_program(tool.name, {}, tmp_path) is None
    assert find_program(tool.name, {"PATH": "bin"}, tmp_path) == tool
    assert find_program("bin/tool-of-this-test", {}, tmp_path) == tool
    assert find_program("bin", {}, tmp_path) is None
    assert find_program("./bin", {}, tmp_path) is None
