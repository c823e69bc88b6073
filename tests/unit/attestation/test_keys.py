"""Public keys: one spelling, one name, and none for which anybody can sign."""

from __future__ import annotations

import base64
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.attestation.keys import (
    ED25519,
    HARDWARE,
    BadKeyError,
    PublicKey,
    ed25519_key,
    parse_public_blob,
    parse_public_line,
    ssh_string,
)

FIELD = 2**255 - 19
ORDER_EIGHT = "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"
SMALL = [
    "01" + "00" * 31,
    "00" * 32,
    "00" * 31 + "80",
    "ec" + "ff" * 30 + "7f",
    ORDER_EIGHT,
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
]
OTHER_ENCODINGS = [
    "ed" + "ff" * 30 + "7f",  # 0 written as p
    "ee" + "ff" * 30 + "7f",  # 1 written as p + 1
    "ff" * 31 + "7f",
    "ed" + "ff" * 31,
]


def line_of(key: PublicKey) -> str:
    return key.line("somebody")


seeds = st.binary(min_size=32, max_size=32)


def public(seed: bytes) -> PublicKey:
    return ed25519_key(Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw())


@given(seeds)
def test_a_real_key_is_read_from_what_it_is_written_as(seed: bytes) -> None:
    key = public(seed)
    assert parse_public_line(key.line()) == key
    assert parse_public_line(key.line("a comment of words")) == key
    hardware = PublicKey(HARDWARE, key.point, "ssh:")
    assert parse_public_line(hardware.line("x")) == hardware
    assert hardware.key_id != key.key_id


def test_the_key_id_is_the_fingerprint_that_openssh_shows(tmp_path: Path) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "k"], check=True)
    key = parse_public_line((tmp_path / "k.pub").read_text())
    shown = subprocess.run(["ssh-keygen", "-lf", tmp_path / "k.pub"], capture_output=True, text=True, check=True).stdout
    assert shown.split()[1] == key.key_id
    (tmp_path / "h.pub").write_text(PublicKey(HARDWARE, key.point, "ssh:").line("h"))
    shown = subprocess.run(["ssh-keygen", "-lf", tmp_path / "h.pub"], capture_output=True, text=True, check=True).stdout
    assert shown.split()[1] == PublicKey(HARDWARE, key.point, "ssh:").key_id


@pytest.mark.parametrize("point", SMALL)
def test_a_key_of_small_order_is_refused(point: str) -> None:
    with pytest.raises(BadKeyError, match="small order"):
        ed25519_key(bytes.fromhex(point))


def test_what_is_refused_would_let_anybody_sign() -> None:
    from agent_agency.attestation.ed25519 import check_ed25519

    neutral = bytes.fromhex(SMALL[0])
    check_ed25519(neutral, neutral + bytes(32), b"anything at all")


@pytest.mark.parametrize("point", OTHER_ENCODINGS)
def test_a_second_encoding_of_a_point_is_refused(point: str) -> None:
    with pytest.raises(BadKeyError, match="one encoding"):
        ed25519_key(bytes.fromhex(point))


@pytest.mark.parametrize("point", [(2).to_bytes(32, "little"), b"", bytes(31), bytes(33)])
def test_what_is_no_point_is_refused(point: bytes) -> None:
    with pytest.raises(BadKeyError):
        ed25519_key(point)


KEY = public(b"k" * 32)
BLOB = base64.b64encode(KEY.blob).decode()


@pytest.mark.parametrize(
    "line",
    [
        "",
        "ssh-ed25519",
        "ssh-ed25519 !!!!",
        f"ssh-ed25519 {BLOB[:-1]}",
        f"ssh-ed25519 {BLOB}=",
        f"ssh-ed25519 {BLOB[:20]}\n{BLOB[20:]}",
        f"ssh-rsa {BLOB}",
        f"sk-ssh-ed25519@openssh.com {BLOB}",
        f'command="x" ssh-ed25519 {BLOB}',
        f"ssh-ed25519-cert-v01@openssh.com {BLOB}",
        f"SSH-ED25519 {BLOB}",
        "ssh-ed25519 " + base64.b64encode(KEY.blob + b"\0").decode(),
        "ssh-ed25519 " + base64.b64encode(KEY.blob[:-1]).decode(),
        "ssh-ed25519 " + base64.b64encode(ssh_string(b"ssh-rsa") + ssh_string(KEY.point)).decode(),
        "ssh-ed25519 " + "A" * 5000,
        "ssh-ed25519 ÄÄÄÄ",
    ],
)
def test_a_line_that_is_no_public_key_is_refused(line: str) -> None:
    with pytest.raises(BadKeyError):
        parse_public_line(line)


@pytest.mark.parametrize("application", ["", "web:x", "ssh:\n"])
def test_a_hardware_key_made_for_something_else_is_refused(application: str) -> None:
    with pytest.raises(BadKeyError, match="not one made for SSH"):
        parse_public_blob(PublicKey(HARDWARE, KEY.point, application).blob)


@given(st.binary(max_size=120))
def test_any_bytes_are_a_key_or_refused(data: bytes) -> None:
    try:
        key = parse_public_blob(data)
    except BadKeyError:
        return
    assert key.blob == data


@given(st.integers(0, len(KEY.blob) - 1), st.integers(1, 255))
def test_a_changed_byte_never_gives_the_same_key(place: int, difference: int) -> None:
    changed = bytearray(KEY.blob)
    changed[place] ^= difference
    try:
        assert parse_public_blob(bytes(changed)).key_id != KEY.key_id
    except BadKeyError:
        assert changed != KEY.blob
    assert KEY.type == ED25519
