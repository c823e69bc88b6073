from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_agency.errors import AgencyError, EngineError, FileUnreadableError
from agent_agency.inference.models import gguf_header
from agent_agency.inference.models.gguf_header import GgufArray, read_gguf
from support.gguf_bytes import gguf, pair, small_model, tensor, text
from support.test_models import nano_model


def _read(folder: Path, data: bytes) -> gguf_header.GgufHeader:
    path = folder / "m.gguf"
    path.write_bytes(data)
    return read_gguf(path)


def _code(folder: Path, data: bytes) -> tuple[str, str]:
    with pytest.raises(AgencyError) as caught:
        _read(folder, data)
    return caught.value.stable_code, caught.value.message


def test_a_real_file_says_what_the_formats_own_library_reads() -> None:
    from gguf import GGUFReader

    ours, theirs = read_gguf(nano_model()), GGUFReader(nano_model())
    assert len(ours.tensors) == len(theirs.tensors)
    assert (ours.missing, ours.needed) == (0, nano_model().stat().st_size)
    for mine, other in zip(ours.tensors, theirs.tensors, strict=True):
        assert (mine.name, mine.shape, mine.kind) == (other.name, tuple(map(int, other.shape)), int(other.tensor_type))
        assert (mine.size, ours.data_start + mine.offset) == (int(other.n_bytes), int(other.data_offset))
    for key, field in theirs.fields.items():
        if key.startswith("GGUF."):
            continue
        value, known = ours.values[key], field.contents()
        assert (value.count if isinstance(value, GgufArray) else value) == (
            len(known) if isinstance(known, list) else known
        )


def test_every_kind_of_value_is_read(tmp_path: Path) -> None:
    pairs = [pair("a", "u8", 7), pair("b", "bool", 1), pair("c", "f32", 0.5), pair("d", "i32", -4), pair("e", "u64", 9)]
    nested = text("f") + struct.pack("<IIQ", 9, 9, 2) + struct.pack("<IQ", 0, 3) + b"abc" + struct.pack("<IQ", 8, 0)
    header = _read(tmp_path, gguf([*pairs, nested], []))
    assert dict(header.values) == {"a": 7, "b": True, "c": 0.5, "d": -4, "e": 9, "f": GgufArray(9, 2)}


@pytest.mark.parametrize("version", [2, 3])
def test_a_file_that_is_cut_anywhere_is_told_as_cut(version: int, tmp_path: Path) -> None:
    whole = bytearray(small_model())
    whole[4:8] = struct.pack("<I", version)
    header = _read(tmp_path, bytes(whole))
    assert (header.missing, header.needed) == (0, len(whole))
    for end in range(4, len(whole), 3):
        if end >= header.data_start:
            assert _read(tmp_path, bytes(whole[:end])).missing == len(whole) - end
        elif end < header.data_start - 31:
            assert _code(tmp_path, bytes(whole[:end]))[0] == "engine.model_truncated"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b"<!DOCTYPE html>", "page for people"),
        (b"version https://git-lfs.github.com/spec/v1\n", "git-lfs"),
        (b'{"error": 1}', "JSON"),
        (b"PK\x03\x04zip", "archive"),
        (b"\x00" * 64, "not begin as GGUF"),
    ],
)
def test_another_kind_of_file_is_told_as_what_it_is(data: bytes, said: str, tmp_path: Path) -> None:
    code, message = _code(tmp_path, data)
    assert code == "engine.not_a_model"
    assert said in message


_BAD = {
    "old version": gguf([], [], version=1),
    "other byte order": b"GGUF" + struct.pack(">IQQ", 3, 0, 0),
    "twice": gguf([pair("a", "u8", 1)] * 2, []),
    "two names": gguf([], [tensor("w", (32,), 0, 0), tensor("w", (32,), 0, 128)]),
    "overlap": gguf([], [tensor("v", (32,), 0, 0), tensor("w", (32,), 0, 64)]),
    "many tensors": gguf([], [], counts=(2**40, 0)),
    "many pairs": gguf([], [], counts=(0, 2**63)),
    "long key": gguf([struct.pack("<Q", 2**50)], []),
    "long text": gguf([text("a") + struct.pack("<IQ", 8, 2**50)], []),
    "long array": gguf([text("a") + struct.pack("<IIQ", 9, 8, 2**60)], []),
    "deep array": gguf([text("a") + struct.pack("<I", 9) + struct.pack("<IQ", 9, 1) * 9], []),
    "unknown kind": gguf([text("a") + struct.pack("<I", 13)], []),
    "key no text": gguf([struct.pack("<Q", 2) + b"\xff\xfe" + struct.pack("<IB", 0, 1)], []),
    "no dimension": gguf([], [tensor("w", (), 0, 0)]),
    "many dimensions": gguf([], [tensor("w", (1,) * 9, 0, 0)]),
    "huge shape": gguf([], [tensor("w", (2**39, 2**39), 0, 0)]),
    "empty shape": gguf([], [tensor("w", (0,), 0, 0)]),
    "half a block": gguf([], [tensor("w", (33,), 8, 0)]),
    "not aligned": gguf([], [tensor("w", (32,), 0, 8)]),
    "far away": gguf([], [tensor("w", (32,), 0, 2**63)]),
    "odd alignment": gguf([pair("general.alignment", "u32", 24)], []),
    "no alignment": gguf([pair("general.alignment", "u32", 0)], []),
    "text alignment": gguf([pair("general.alignment", "str", "x")], []),
}


@pytest.mark.parametrize("name", sorted(_BAD))
def test_a_header_beyond_all_bounds_is_refused_before_anything_is_kept(name: str, tmp_path: Path) -> None:
    assert _code(tmp_path, _BAD[name])[0] == "engine.model_invalid"


def test_many_small_arrays_together_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gguf_header, "MAX_ITEMS", 100)
    pairs = [pair(f"k{number}", "strs", ["x"] * 60) for number in range(2)]
    assert _code(tmp_path, gguf(pairs, []))[0] == "engine.model_invalid"


def test_a_tensor_of_a_kind_from_the_future_is_no_reason_to_refuse(tmp_path: Path) -> None:
    header = _read(tmp_path, gguf([], [tensor("w", (32,), 999, 0)], bytes(64)))
    assert (header.tensors[0].size, header.missing) == (None, 0)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileUnreadableError):
        read_gguf(tmp_path / "none.gguf")


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_whatever_bytes_are_changed_the_answer_is_a_header_or_one_typed_error(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzzed.gguf"
    whole = bytearray(small_model())
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(whole) - 1))
        piece = data.draw(st.binary(min_size=1, max_size=8))
        whole[at : at + len(piece)] = piece
    path.write_bytes(bytes(whole[: data.draw(st.integers(0, len(whole)))]))
    found = _header_or_code(path)
    if isinstance(found, str):
        assert found in {"engine.not_a_model", "engine.model_truncated", "engine.model_invalid"}
    else:
        assert found.needed >= found.data_start


def _header_or_code(path: Path) -> gguf_header.GgufHeader | str:
    try:
        return read_gguf(path)
    except EngineError as error:
        return error.stable_code
