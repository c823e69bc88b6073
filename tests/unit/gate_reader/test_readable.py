"""Paths that a gate's tool, and with it the code under review, may read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.gate_reader import read_readable, why_not_readable


@pytest.mark.parametrize(
    "path",
    [
        "~/.cargo/bin",
        "~/.rustup",
        "~/go/pkg/mod",
        "~/.local/bin",
        "~/.local/share/mise",
        "~/.m2/repository",
        "~/.nvm/versions/node",
        "~/tools/",
        "/data/tools",
        "/var/lib/toolchains",
        "/home/ann/.pyenv",
        "/home/linuxbrew/.linuxbrew",
        "/opt/sdk",
        "/usr/local/go",
    ],
)
def test_a_folder_of_tools_may_be_read(path: str) -> None:
    assert why_not_readable(path) is None


@pytest.mark.parametrize(
    "path",
    [
        "",
        "tools",
        "./tools",
        "$HOME/x",
        "~",
        "~/",
        "~//",
        "~ann/tools",
        "/",
        "//",
        "/home",
        "/home/ann",
        "/home/ann/",
        "/Users/ann",
        "/root",
        "/var",
        "/tmp",  # noqa: S108  only a name
        "/proc/1",
        "/run/user/0",
        "/var/run/docker.sock",
        "/dev/mem",
        "/data/../root",
        "~/tools/../.ssh",
        "~/./x",
        "/data//tools",
        "~/a\nb",
        "~/\x1b[2J",
        "~/" + "x" * 1025,
    ],
)
def test_what_is_no_plain_path_of_a_tool_is_refused(path: str) -> None:
    assert why_not_readable(path)


@pytest.mark.parametrize(
    "path",
    [
        "~/.ssh",
        "~/.SSH",
        "~/.ssh/id_ed25519",
        "~/.aws",
        "~/.gnupg",
        "~/.config",
        "~/.config/gh",
        "~/.docker/config.json",
        "~/.netrc",
        "~/.npmrc",
        "~/.cargo",
        "~/.cargo/credentials.toml",
        "~/.m2",
        "~/.local",
        "~/.local/share",
        "~/.local/share/keyrings",
        "~/.cache/huggingface/token",
        "~/Library",
        "~/Library/Keychains",
        "/home/ann/.ssh",
        "/home/ann/.local",
        "/root/.aws",
        "/Users/ann/Library/Application Support",
        "/srv/jenkins/.ssh",
    ],
)
def test_what_opens_credentials_is_refused(path: str) -> None:
    assert why_not_readable(path)


def test_where_the_home_is_known_its_absolute_path_is_held_to_the_same() -> None:
    home = "/srv/people/ann"
    assert why_not_readable(home, home)
    assert why_not_readable("/srv/people", home)
    assert why_not_readable(f"{home}/.cargo", home)
    assert why_not_readable(f"{home}/.cargo/bin", home) is None
    assert why_not_readable(f"{home}/.cargo") is None


HOMES = ("~", "/root", "/home/ann", "/Users/Ann")
SECRETS = (".ssh/id_rsa", ".aws/credentials", ".config/gh/hosts.yml", ".local/share/keyrings/a", ".cargo/credentials")


@given(st.sampled_from(HOMES), st.sampled_from(SECRETS), st.integers(0, 4), st.sampled_from(["", "/", "//"]))
def test_no_folder_on_the_way_to_a_secret_may_be_read(home: str, secret: str, depth: int, end: str) -> None:
    path = "/".join([home, *secret.split("/")[:depth]]) + end

    assert why_not_readable(path)


@given(st.text(max_size=20) | st.text("~/.hsrot", max_size=12))
def test_any_text_is_answered(path: str) -> None:
    reason = why_not_readable(path)

    assert reason is None or reason
    assert reason or path.startswith(("/", "~/"))


@pytest.mark.parametrize("value", ["/opt/x", [1], {}, 5, [["/x"]], ["/opt/x"] * 101])
def test_what_is_no_list_of_paths_is_refused(value: object) -> None:
    refused: list[tuple[str, str, str]] = []

    assert read_readable(value, lambda *told: refused.append(told)) == ()
    assert [key for key, _, _ in refused] == ["readable"]


def test_each_wrong_path_is_named() -> None:
    refused: list[str] = []
    read_readable(["/opt/x", "~/.ssh", "~"], lambda _key, problem, _remedy: refused.append(problem))

    assert [problem.split("'")[1] for problem in refused] == ["~/.ssh", "~"]
