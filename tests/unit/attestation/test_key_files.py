"""Private keys: in OpenSSH's format, so that its tools read ours and we read theirs."""

from __future__ import annotations

import base64
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.attestation.key_files import (
    BCRYPT_ROUNDS,
    KeyFile,
    WrongPassPhraseError,
    new_key_file,
    open_key,
    read_key_file,
)
from agent_agency.attestation.keys import BadKeyError, WireReader, ssh_string

PASS_PHRASE = b"correct horse battery"
OPEN = new_key_file(None)
_ARMOUR = b"-----BEGIN OPENSSH PRIVATE KEY-----\n%b-----END OPENSSH PRIVATE KEY-----\n"


def blob_of(data: bytes) -> bytes:
    return base64.b64decode(b"".join(data.strip().splitlines()[1:-1]))


def armoured(blob: bytes) -> bytes:
    return _ARMOUR % base64.encodebytes(blob)


def test_an_open_key_signs() -> None:
    file = read_key_file(OPEN)
    assert not file.protected
    assert open_key(file, None).public_key == file.public_key


def test_a_protected_key_opens_with_its_pass_phrase_alone() -> None:
    file = read_key_file(new_key_file(PASS_PHRASE, rounds=1))
    assert file.protected
    assert open_key(file, PASS_PHRASE).public_key == file.public_key
    for wrong in (b"another", b"", None):
        with pytest.raises(WrongPassPhraseError):
            open_key(file, wrong)


def test_a_guess_at_a_pass_phrase_is_made_slow() -> None:
    reader = WireReader(blob_of(new_key_file(PASS_PHRASE)))
    reader.take(len(b"openssh-key-v1\0"))
    assert (reader.string(), reader.string()) == (b"aes256-ctr", b"bcrypt")
    options = WireReader(reader.string())
    options.string()
    assert options.number() == BCRYPT_ROUNDS >= 64


@pytest.mark.parametrize("pass_phrase", ["", "correct horse battery"])
def test_keys_of_ssh_keygen_are_read(tmp_path: Path, pass_phrase: str) -> None:
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-a", "1", "-N", pass_phrase, "-f", str(tmp_path / "k")]
    subprocess.run(command, check=True)
    file = read_key_file((tmp_path / "k").read_bytes())
    assert file.protected is bool(pass_phrase)
    assert open_key(file, pass_phrase.encode() or None).public_key.line() in (tmp_path / "k.pub").read_text()


def test_a_public_half_that_was_exchanged_is_noticed() -> None:
    mine, other = read_key_file(OPEN), read_key_file(new_key_file(None))
    swapped = blob_of(OPEN).replace(ssh_string(mine.public_key.blob), ssh_string(other.public_key.blob), 1)
    file = read_key_file(armoured(swapped))
    assert file.public_key == other.public_key
    with pytest.raises(BadKeyError):
        open_key(file, None)


def test_a_protection_that_nobody_knows_is_refused() -> None:
    blob = blob_of(OPEN).replace(ssh_string(b"none") * 2, ssh_string(b"nond") + ssh_string(b"nonf"), 1)
    with pytest.raises(WrongPassPhraseError):
        open_key(read_key_file(armoured(blob)), PASS_PHRASE)


def test_a_protection_that_is_only_half_named_counts_as_none() -> None:
    blob = blob_of(OPEN).replace(ssh_string(b"none"), ssh_string(b"aes256-ctr"), 1)
    assert not read_key_file(armoured(blob)).protected


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        OPEN.replace(b"OPENSSH", b"RSA"),
        OPEN[:-10],
        armoured(b""),
        armoured(b"openssh-key-v2\0" + blob_of(OPEN)[15:]),
        armoured(blob_of(OPEN)[:40]),
        armoured(blob_of(OPEN).replace((1).to_bytes(4, "big"), (2).to_bytes(4, "big"), 1)),
        OPEN.replace(b"b3BlbnNzaC1rZXk", b"!3BlbnNzaC1rZXk"),
    ],
)
def test_what_is_no_key_is_refused(data: bytes) -> None:
    with pytest.raises(BadKeyError):
        read_key_file(data)


@given(st.integers(0, len(OPEN) - 1), st.integers(1, 255))
def test_a_changed_file_is_refused_or_signs_for_its_own_public_key(place: int, difference: int) -> None:
    changed = bytearray(OPEN)
    changed[place] ^= difference
    try:
        file: KeyFile = read_key_file(bytes(changed))
        signer = open_key(file, None)
    except (BadKeyError, WrongPassPhraseError):
        return
    assert signer.public_key == file.public_key
