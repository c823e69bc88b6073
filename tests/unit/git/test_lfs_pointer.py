from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.git.lfs_pointer import LfsPointer, parse_pointer, pointer_for, write_pointer

OID = "0123456789abcdef" * 4
GOOD = f"version https://git-lfs.github.com/spec/v1\noid sha256:{OID}\nsize 7\n"


def test_a_pointer_is_read() -> None:
    assert parse_pointer(GOOD.encode()) == LfsPointer(OID, 7)


def test_a_pointer_with_an_extension_is_read() -> None:
    text = GOOD.replace("oid", f"ext-0-zip sha256:{OID}\noid", 1)
    assert parse_pointer(text.encode()) == LfsPointer(OID, 7)


@pytest.mark.parametrize(
    "text",
    [
        "",
        GOOD.rstrip("\n"),
        GOOD + "\n",
        GOOD + "import os\n",
        GOOD + "x = 1\n",
        GOOD + "size 8\n",
        GOOD.replace("v1", "v9"),
        GOOD.replace(OID, OID.upper()),
        GOOD.replace(OID, OID[:-1]),
        GOOD.replace("size 7", "size 07"),
        GOOD.replace("size 7", "size -7"),
        GOOD.replace("size 7", "size 7 "),
        GOOD.replace("\n", "\r\n"),
        GOOD.replace("sha256", "sha1"),
        "\n".join(reversed(GOOD.rstrip("\n").split("\n"))) + "\n",
        GOOD + "#" * 2000,
    ],
)
def test_whatever_is_not_exactly_a_pointer_is_none(text: str) -> None:
    assert parse_pointer(text.encode()) is None


@given(st.integers(0, 2**60), st.binary(min_size=32, max_size=32))
def test_what_is_written_is_read_back(size: int, digest: bytes) -> None:
    pointer = LfsPointer(digest.hex(), size)
    assert parse_pointer(write_pointer(pointer)) == pointer


@given(st.binary(max_size=1100))
def test_no_content_confuses_the_reader(data: bytes) -> None:
    assert parse_pointer(data) is None


def test_the_pointer_of_a_file_is_that_of_its_content(tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(b"x" * 3_000_000)
    parsed = parse_pointer(pointer_for(tmp_path / "big"))
    assert parsed is not None
    assert parsed.size == 3_000_000
