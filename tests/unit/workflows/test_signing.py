"""Which key signs an act, and which may not."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent_agency.attestation.keys import parse_public_line
from agent_agency.attestation.principals import Principal, Principals
from agent_agency.attestation.signer import sign_statement
from agent_agency.attestation.statement import make_statement
from agent_agency.attestation.verify import verify_envelope
from agent_agency.errors import SigningError, UsageError
from agent_agency.workflows.key_folder import ARBITER_KEY, KeyFolder
from agent_agency.workflows.signing import arbiter_signer, find_signer

PASS_PHRASE = b"correct horse battery"
STATEMENT = make_statement("act", [("x", {"sha256": "ab" * 32})], {})


@pytest.fixture
def keys(tmp_path: Path) -> KeyFolder:
    return KeyFolder(tmp_path / "keys")


def nobody(prompt: str) -> bytes:
    raise AssertionError(f"asked: {prompt}")


def ada(_: str) -> bytes:
    return PASS_PHRASE


def listing(line: str, *roles: str) -> Principals:
    return Principals((Principal("ada", "ada@example.org", frozenset(roles), (parse_public_line(line),)),))


def refusal(keys: KeyFolder, name: str | None, role: str = "approver", **options: object) -> SigningError:
    with pytest.raises(SigningError) as told:
        find_signer(name, role=role, keys=keys, ask=options.pop("ask", nobody), **options)  # type: ignore[arg-type]
    return told.value


def test_a_protected_key_signs_for_an_approver(keys: KeyFolder) -> None:
    made = keys.make("ada", PASS_PHRASE)
    signer = find_signer("ada", role="approver", keys=keys, ask=ada)
    envelope = sign_statement(STATEMENT, signer)
    base = listing(made.file.public_key.line(), "approver")
    assert verify_envelope(envelope, base).principal.name == "ada"


def test_a_wrong_pass_phrase_signs_nothing(keys: KeyFolder) -> None:
    keys.make("ada", PASS_PHRASE)
    assert refusal(keys, "ada", ask=lambda _: b"wrong").stable_code == "signature.pass_phrase"


@pytest.mark.parametrize("role", ["approver", "reviewer"])
def test_an_open_key_signs_for_nobody_who_decides(keys: KeyFolder, role: str) -> None:
    keys.make("ben", None)
    assert refusal(keys, "ben", role).stable_code == "signature.unprotected"


@pytest.mark.parametrize("role", ["requester", "agent"])
def test_an_open_key_signs_for_others_without_a_question(keys: KeyFolder, role: str) -> None:
    made = keys.make("ben", None)
    assert find_signer("ben", role=role, keys=keys, ask=nobody).key_id == made.file.public_key.key_id


def test_a_key_that_the_base_does_not_list_is_refused_before_anybody_types(keys: KeyFolder) -> None:
    made = keys.make("ada", PASS_PHRASE)
    line = made.file.public_key.line()
    assert refusal(keys, "ada", principals=Principals()).stable_code == "signature.not_listed"
    told = refusal(keys, "ada", principals=listing(line, "requester"))
    assert "without the role approver" in told.message


def test_the_only_key_that_can_be_meant_is_taken(keys: KeyFolder) -> None:
    assert refusal(keys, None).stable_code == "signature.no_key"
    keys.make("arbiter", None)
    assert refusal(keys, None).stable_code == "signature.no_key"
    ben = keys.make("ben", None)
    assert find_signer(None, role="requester", keys=keys, ask=nobody).key_id == ben.file.public_key.key_id
    cy = keys.make("cy", None)
    assert "ben, cy" in refusal(keys, None, "requester").message
    base = listing(cy.file.public_key.line(), "requester")
    found = find_signer(None, role="requester", keys=keys, ask=nobody, principals=base)
    assert found.key_id == cy.file.public_key.key_id


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_that_others_may_read_is_not_used(keys: KeyFolder, mode: int) -> None:
    keys.make("ben", None).path.chmod(mode)
    assert refusal(keys, "ben", "requester").stable_code == "signature.shared_key"


def test_a_link_in_the_place_of_a_key_is_not_followed(keys: KeyFolder, tmp_path: Path) -> None:
    shutil.copy(keys.make("ben", None).path, tmp_path / "elsewhere")
    (keys.path / "cy").symlink_to(tmp_path / "elsewhere")
    assert refusal(keys, "cy", "requester").stable_code == "signature.refused"
    (keys.path / "pipe").mkdir()
    assert refusal(keys, "pipe", "requester").code == "signature.refused"


def test_a_broken_key_is_told(keys: KeyFolder) -> None:
    made = keys.make("ben", None)
    made.path.write_bytes(b"-----BEGIN NOTHING-----\n")
    assert "cannot be used" in refusal(keys, "ben", "requester").message


def test_keys_made_at_once_under_one_name_are_one(keys: KeyFolder) -> None:
    outcomes: list[str] = []

    def make() -> None:
        try:
            outcomes.append(keys.make("ben", None).file.public_key.key_id)
        except SigningError:
            outcomes.append("refused")

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    made = [outcome for outcome in outcomes if outcome != "refused"]
    assert made == [keys.read("ben").file.public_key.key_id]
    assert sorted(path.name for path in keys.path.iterdir()) == ["ben", "ben.pub"]


class TestArbiter:
    """The arbiter signs without anybody's help."""

    def test_its_key_is_made_at_first_use_and_kept(self, keys: KeyFolder) -> None:
        first = arbiter_signer(keys, {})
        again = arbiter_signer(keys, {})
        assert (first.made, again.made) == (keys.path / "arbiter", None)
        assert first.signer.key_id == again.signer.key_id
        assert stat.S_IMODE((keys.path / "arbiter").stat().st_mode) == 0o600

    def test_a_key_that_is_kept_elsewhere_is_taken(self, keys: KeyFolder, tmp_path: Path) -> None:
        elsewhere = KeyFolder(tmp_path / "secrets").make("runner", None)
        found = arbiter_signer(keys, {ARBITER_KEY: str(elsewhere.path)})
        assert (found.signer.public_key, found.made) == (elsewhere.file.public_key, None)
        assert not keys.path.exists()

    @pytest.mark.parametrize("content", [None, b"", b"no key"])
    def test_a_key_that_is_named_and_cannot_be_used_is_not_replaced(
        self, keys: KeyFolder, tmp_path: Path, content: bytes | None
    ) -> None:
        path = tmp_path / "runner"
        if content is not None:
            path.touch(0o600)
            path.write_bytes(content)
        with pytest.raises(SigningError):
            arbiter_signer(keys, {ARBITER_KEY: str(path)})
        assert not keys.path.exists()

    def test_a_key_with_a_pass_phrase_is_told(self, keys: KeyFolder) -> None:
        keys.make("arbiter", PASS_PHRASE)
        with pytest.raises(SigningError, match="asks nobody"):
            arbiter_signer(keys, {})


@pytest.fixture
def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An ssh-agent of this test's own."""
    socket = tmp_path / "agent.sock"
    process = subprocess.Popen(["ssh-agent", "-D", "-a", str(socket)], stdout=subprocess.DEVNULL)
    try:
        for _ in range(3000):
            if socket.exists():
                break
            threading.Event().wait(0.02)
        monkeypatch.setenv("SSH_AUTH_SOCK", str(socket))
        yield
    finally:
        process.terminate()
        process.wait()


class TestSshKeys:
    """Keys that OpenSSH keeps."""

    @staticmethod
    def made(folder: Path, pass_phrase: str) -> Path:
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-a", "1", "-N", pass_phrase, "-f", str(folder / "id")]
        subprocess.run(command, check=True)
        return folder / "id"

    def signed(self, keys: KeyFolder, path: Path, role: str) -> None:
        signer = find_signer(None, role=role, keys=keys, ask=nobody, ssh_key=path)
        base = listing(path.with_name("id.pub").read_text(), role)
        assert verify_envelope(sign_statement(STATEMENT, signer), base).principal.name == "ada"

    @pytest.mark.parametrize("name", ["id", "id.pub"])
    def test_an_open_key_signs_for_a_requester_and_for_no_approver(
        self, keys: KeyFolder, tmp_path: Path, name: str
    ) -> None:
        path = self.made(tmp_path, "").with_name(name)
        self.signed(keys, path, "requester")
        assert refusal(keys, None, ssh_key=path).stable_code == "signature.unprotected"

    @pytest.mark.usefixtures("agent")
    def test_a_key_in_an_ssh_agent_signs_for_an_approver(self, keys: KeyFolder, tmp_path: Path) -> None:
        path = self.made(tmp_path, "")
        subprocess.run(["ssh-add", "-q", str(path)], check=True)
        path.rename(tmp_path / "away")
        self.signed(keys, tmp_path / "id.pub", "approver")

    @pytest.mark.usefixtures("agent")
    def test_a_key_that_no_agent_holds_does_not_sign(self, keys: KeyFolder, tmp_path: Path) -> None:
        self.made(tmp_path, "").unlink()
        signer = find_signer(None, role="approver", keys=keys, ask=nobody, ssh_key=tmp_path / "id.pub")
        with pytest.raises(SigningError, match="did not sign"):
            sign_statement(STATEMENT, signer)

    def test_without_ssh_keygen_nothing_is_signed(
        self, keys: KeyFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        signer = find_signer(None, role="requester", keys=keys, ask=nobody, ssh_key=self.made(tmp_path, ""))
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(SigningError, match="not on PATH"):
            sign_statement(STATEMENT, signer)

    def test_a_program_that_signs_with_another_key_is_noticed(
        self, keys: KeyFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        signer = find_signer(None, role="requester", keys=keys, ask=nobody, ssh_key=self.made(tmp_path, ""))
        (tmp_path / "other").mkdir()
        other = self.made(tmp_path / "other", "")
        real = shutil.which("ssh-keygen")
        fake = tmp_path / "bin" / "ssh-keygen"
        fake.parent.mkdir()
        fake.write_text(f"#!/bin/sh\nexec {real} -q -Y sign -f {other} -n agent-agency\n")
        fake.chmod(0o755)
        monkeypatch.setenv("PATH", f"{fake.parent}{os.pathsep}{os.environ['PATH']}")
        with pytest.raises(SigningError, match="another key"):
            sign_statement(STATEMENT, signer)

    def test_what_is_signed_lies_in_no_file_that_could_be_exchanged(
        self, keys: KeyFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = self.made(tmp_path, "")
        real = shutil.which("ssh-keygen")
        fake = tmp_path / "bin" / "ssh-keygen"
        fake.parent.mkdir()
        fake.write_text(f'#!/bin/sh\nprintf "%s " "$@" > {tmp_path / "arguments"}\nexec {real} "$@"\n')
        fake.chmod(0o755)
        monkeypatch.setenv("PATH", f"{fake.parent}{os.pathsep}{os.environ['PATH']}")
        self.signed(keys, path, "requester")
        assert (tmp_path / "arguments").read_text().split() == [
            *("-q", "-Y", "sign", "-f", str(path), "-n", "agent-agency"),
        ]

    @pytest.mark.parametrize("content", [None, b"", b"ssh-rsa AAAA", b"\xff\xfe"])
    def test_a_file_that_names_no_key_is_refused(self, keys: KeyFolder, tmp_path: Path, content: bytes | None) -> None:
        path = tmp_path / "id.pub"
        if content is not None:
            path.write_bytes(content)
        refusal(keys, None, "requester", ssh_key=path)

    def test_a_name_and_a_file_are_not_both_taken(self, keys: KeyFolder, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="both name a key"):
            find_signer("ada", role="requester", keys=keys, ask=nobody, ssh_key=tmp_path)
