from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.errors import EngineError
from agent_agency.inference.event_stream import MAX_EVENT_BYTES, json_lines, sse_events

_ENDS = st.sampled_from([b"\n", b"\r\n", b"\r"])
_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"), max_size=12).map(str.encode)


def _chunked(data: bytes, cuts: list[int]) -> list[bytes]:
    borders = sorted({cut % (len(data) + 1) for cut in cuts})
    return [data[start:end] for start, end in zip([0, *borders], [*borders, len(data)], strict=True)]


@given(st.lists(st.lists(_TEXT, min_size=1, max_size=3), max_size=6), st.lists(st.integers(0, 10**6)), _ENDS)
def test_any_borders_of_chunks_give_the_same_events(events: list[list[bytes]], cuts: list[int], end: bytes) -> None:
    stream = b"".join(b"".join(b"data: " + line + end for line in lines) + end for lines in events)
    assert list(sse_events(_chunked(stream, cuts))) == [b"\n".join(lines) for lines in events]


@given(st.binary(max_size=60).map(lambda raw: raw.replace(b"\x00", b"\r")), st.lists(st.integers(0, 60)))
def test_whatever_comes_borders_make_no_difference(stream: bytes, cuts: list[int]) -> None:
    assert list(sse_events(_chunked(stream, cuts))) == list(sse_events([stream]))
    assert list(json_lines(_chunked(stream, cuts))) == list(json_lines([stream]))


@given(st.text("\r\n:dat x", max_size=40).map(str.encode), st.lists(st.integers(0, 40)))
def test_borders_between_line_ends_make_no_difference(stream: bytes, cuts: list[int]) -> None:
    assert list(sse_events(_chunked(stream, cuts))) == list(sse_events([stream]))


@pytest.mark.parametrize(
    ("stream", "events"),
    [
        (b"data: a\n\n", [b"a"]),
        (b"data:a\r\n\r\ndata: b\r\n\r\n", [b"a", b"b"]),
        (b"\xef\xbb\xbfdata: a\n\n", [b"a"]),
        (b": comment\nevent: x\nid: 1\nretry: 5\ndata: a\n\n", [b"a"]),
        (b"data: a\ndata: b\n\n", [b"a\nb"]),
        (b"data\n\n", [b""]),
        (b"data: a\n", []),
        (b"\n\n\n", []),
        (b"dataset: a\n\n", []),
    ],
)
def test_events_are_those_of_the_standard(stream: bytes, events: list[bytes]) -> None:
    assert list(sse_events([stream])) == events


def test_json_lines_need_no_end_at_the_last() -> None:
    assert list(json_lines([b'{"a":1}\n\n{"b', b'":2}'])) == [b'{"a":1}', b'{"b":2}']


@pytest.mark.parametrize("read", [sse_events, json_lines])
def test_an_event_without_end_is_refused_before_it_fills_the_memory(read: object) -> None:
    chunks = iter([b"data: "] + [b"x" * 1024 * 1024] * 100)
    with pytest.raises(EngineError):
        list(read(chunks))  # type: ignore[operator]
    assert len(list(chunks)) >= 100 - MAX_EVENT_BYTES // (1024 * 1024) - 1


def test_many_lines_of_one_event_are_bounded_too() -> None:
    with pytest.raises(EngineError):
        list(sse_events([b"data: " + b"x" * 1024 * 512 + b"\n"] * 20))
