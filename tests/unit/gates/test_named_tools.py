from __future__ import annotations

import os
from pathlib import Path

import pytest

from agent_agency.gates.gate_command import SYSTEM_PATH, trusted_path
from agent_agency.gates.named_tools import named_tool_paths
from agent_agency.gates.readable_paths import missing_readable, readable_paths
from agent_agency.sandbox.model import Command


def program(path: Path, text: str = "#!/bin/sh\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def command(folder: Path, *argv: str) -> Command:
    (folder / "checkout").mkdir(exist_ok=True)
    path = os.pathsep.join([str(folder / "home/env/bin"), "/usr/bin", "/bin"])
    return Command(argv, folder / "checkout", {"PATH": path, "HOME": str(folder / "home")}, (folder / "checkout",))


def test_what_a_shell_is_told_to_start_is_opened(tmp_path: Path) -> None:
    tool = program(tmp_path / "home/env/bin/checker")
    (tmp_path / "home/env/lib").mkdir()
    opened = named_tool_paths(command(tmp_path, "sh", "-c", "checker --all"))
    assert {tool.parent, tmp_path / "home/env/lib"} <= set(opened)
    assert tmp_path / "home" not in opened


def test_what_only_the_change_names_is_not_opened(tmp_path: Path) -> None:
    program(tmp_path / "home/env/bin/checker")
    asked = command(tmp_path, "sh", "run.sh")
    program(tmp_path / "checkout/run.sh", "checker\n")
    program(tmp_path / "checkout/Makefile", "all:\n\tchecker\n")
    assert tmp_path / "home/env/bin" not in named_tool_paths(asked)
    assert tmp_path / "home/env/bin" not in named_tool_paths(command(tmp_path, "make", "all"))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/usr/bin:/bin", "/usr/bin:/bin"),
        (":/usr/bin:.:bin:../x:", "/usr/bin"),
        ("{checkout}/bin:/bin:{checkout}", "/bin"),
        ("{checkout}/../checkout/bin:/bin", "/bin"),
        ("", SYSTEM_PATH),
        (".:bin", SYSTEM_PATH),
    ],
)
def test_only_absolute_folders_outside_of_the_checkout_reach_a_tool(tmp_path: Path, path: str, expected: str) -> None:
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    assert trusted_path(path.format(checkout=checkout), checkout, None) == expected


def test_a_link_into_the_checkout_is_no_place_for_programs_and_the_set_up_comes_first(tmp_path: Path) -> None:
    checkout, setup = tmp_path / "checkout", tmp_path / "setup"
    for made in (checkout / "bin", setup / "bin"):
        made.mkdir(parents=True)
    (tmp_path / "link").symlink_to(checkout / "bin")
    assert trusted_path(f"{tmp_path / 'link'}:/bin", checkout, setup) == f"{setup / 'bin'}:/bin"


def test_paths_below_the_home_are_found_there_and_missing_ones_are_named(tmp_path: Path) -> None:
    (tmp_path / ".tools").mkdir()
    texts = ("~/.tools", "~/gone", "/etc", "/no/such/place", "~other/x")
    assert readable_paths(texts, str(tmp_path)) == (tmp_path / ".tools", Path("/etc"))
    assert missing_readable(texts, str(tmp_path)) == ("~/gone", "/no/such/place", "~other/x")
    assert readable_paths(("~/.tools",), "") == ()
