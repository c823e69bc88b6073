"""The parts that need no model: characters, stop strings, blocks of memory, and who may run beside whom."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from agent_agency.inference.local.openvino.blocks import BlockStore, blocks_for
from agent_agency.inference.local.openvino.extension_guard import ExtensionGuard
from agent_agency.inference.local.openvino.model_shape import GIB, ModelShape, plan_cache
from agent_agency.inference.local.openvino.token_text import StopWatch, TextSoFar, TokenBytes


class ByteTokenizer:
    """A double of a tokenizer with one token for each byte, and one that steers."""

    def get_vocab(self) -> dict[bytes, int]:
        return {bytes([number]): number for number in range(256)} | {b"<|end|>": 256}

    def decode(self, tokens: list[int], *, skip_special_tokens: bool) -> str:
        assert skip_special_tokens
        return "" if tokens == [256] else chr(tokens[0])


@given(st.text())
def test_text_comes_in_whole_characters_and_entire(text: str) -> None:
    so_far = TextSoFar(TokenBytes(ByteTokenizer()))
    pieces = [so_far.add(token) for token in [256, *text.encode()]]
    assert "".join(pieces) == text
    assert all("\ufffd" not in piece or "\ufffd" in text for piece in pieces)


@given(st.lists(st.text("ab<", max_size=3), max_size=20), st.lists(st.text("ab<", min_size=1, max_size=4), max_size=3))
def test_a_stop_string_is_found_however_it_is_cut_into_pieces(pieces: list[str], stops: list[str]) -> None:
    watch = StopWatch(tuple(stops))
    shown = "".join(watch.add(piece) for piece in pieces)
    if not watch.stopped:
        shown += watch.rest()
    text = "".join(pieces)
    assert watch.stopped == any(stop in text for stop in stops)
    assert text.startswith(shown)
    assert not any(stop in shown for stop in stops)
    assert watch.stopped or shown == text


@given(st.integers(0, 10_000), st.integers(20, 60))
def test_blocks_are_neither_lost_nor_given_twice(seed: int, count: int) -> None:
    chance, store = random.Random(seed), BlockStore(count)
    held: list[tuple[int, ...]] = []
    for _ in range(60):
        ids = tuple(chance.choices(range(2), k=chance.randrange(1, 200)))
        found = store.find(ids)
        assert found.tokens < len(ids)
        store.use(found.blocks)
        own = store.take(blocks_for(len(ids)) - len(found.full))
        if own is None:
            store.release(found.blocks)
        elif chance.random() < 0.5 and not store.has(ids):
            store.keep(ids, (*found.full, *own))
            if found.partial is not None:
                store.release((found.partial,))
        else:
            assert not set(own) & {block for blocks in held for block in blocks}
            held.append(own)
            store.release(found.blocks)
        if held and chance.random() < 0.6:
            store.release(held.pop())
    for blocks in held:
        store.release(blocks)
    assert store.take(count) is not None
    assert store.free == 0


def test_of_prompts_that_go_on_from_one_prompt_one_runs_at_a_time() -> None:
    guard, base = ExtensionGuard(10), tuple(range(50))
    first = guard.admit(base, ())
    assert first is not None
    assert guard.admit((*base, 1), [first]) is None
    assert guard.admit(base, [first]) is not None
    longer = guard.admit((*base, 1), ())
    assert longer is not None
    assert guard.admit((*base, 2, 3), [longer]) is None
    assert guard.admit((*range(49), 7), [first, longer]) is not None


def test_a_prompt_that_the_cache_has_forgotten_is_forgotten() -> None:
    guard, base = ExtensionGuard(2), tuple(range(50))
    first = guard.admit(base, ())
    assert first is not None
    guard.admit((900,) * 40, ())
    guard.admit((901,) * 40, ())
    assert guard.admit((*base, 1), [first]) is not None


def test_memory_is_planned_by_shape_width_and_context() -> None:
    smol = ModelShape(((3, 64, 64),) * 30)
    assert smol.block_bytes(exact=True) == 30 * 3 * 32 * 128 * 4
    assert smol.block_bytes(exact=False) == 30 * 3 * (40 * 64 + 32 * 72)
    small, large = (plan_cache(smol, width, 2048, None, exact=False) for width in (1, 16))
    assert small.blocks == 2 * 65
    assert large.blocks == 16 * 65 + 16 * 65 // 4
    given_memory = plan_cache(smol, 16, 2048, 0.25, exact=False)
    assert 2 * given_memory.blocks * given_memory.block_bytes <= GIB // 4
    assert plan_cache(smol, 1, 2048, 100, exact=False) == small


def test_memory_does_not_grow_with_windows_that_few_requests_fill() -> None:
    smol = ModelShape(((3, 64, 64),) * 30)
    many = plan_cache(smol, 64, 8192, None, exact=False)
    assert 1.4 < many.gigabytes <= 1.5
    large = plan_cache(ModelShape(((32, 128, 128),) * 32), 16, 8192, None, exact=True)
    assert large.blocks == 2 * 257
