"""The parts that need no model: slots, tokens, the private folder."""

from __future__ import annotations

import subprocess
import sys
from itertools import takewhile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from agent_agency.inference.local.llama_cpp.environment import environment_for_child
from agent_agency.inference.local.llama_cpp.slots import Slot, Slots
from agent_agency.inference.local.llama_cpp.tokens import common
from agent_agency.inference.local.private_folder import PrivateFolder

TOKENS = st.lists(st.integers(0, 2), max_size=12).map(tuple)


@given(TOKENS, TOKENS)
def test_what_two_prompts_begin_with_in_common(one: tuple[int, ...], other: tuple[int, ...]) -> None:
    pairs = zip(one, other, strict=False)
    assert common(one, other) == sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


@given(st.lists(TOKENS, min_size=1, max_size=12))
def test_every_prompt_gets_a_slot_and_none_gets_one_that_is_taken(prompts: list[tuple[int, ...]]) -> None:
    slots = Slots(3)
    taken: list[Slot] = []
    for prompt in prompts:
        if len(taken) == 3:
            slots.give_back(taken.pop(0))
        slot = slots.take(prompt, 0)
        assert slot.number not in {one.number for one in taken}
        slot.tokens = prompt
        taken.append(slot)


def test_a_prompt_goes_where_most_of_it_is_held() -> None:
    slots = Slots(3)
    held = [slots.take((n,), 0) for n in range(3)]
    for slot, tokens in zip(held, [(1, 1, 1), (1, 1, 2, 2), (3,)], strict=True):
        slot.tokens = tokens
        slots.give_back(slot)
    assert slots.take((1, 1, 2, 2, 5), 2).number == 1


def test_a_slot_that_holds_no_more_than_can_be_copied_is_left_to_others() -> None:
    slots = Slots(2)
    first, second = slots.take((), 0), slots.take((), 0)
    first.tokens, second.tokens = (1, 1, 7, 7), (1, 1, 8, 8)
    slots.give_back(first)
    slots.give_back(second)
    assert slots.take((1, 1, 9), 2) is first


def test_a_folder_that_a_killed_process_left_is_removed_and_a_living_ones_stays(tmp_path: Path) -> None:
    script = (
        "import os, sys; from pathlib import Path\n"
        "from agent_agency.inference.local.private_folder import PrivateFolder\n"
        "folder = PrivateFolder((Path(sys.argv[1]),)); print(folder.path, flush=True); os._exit(9)\n"
    )
    ran = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=False)
    left = Path(ran.stdout.strip())
    living = PrivateFolder((tmp_path,))
    another = PrivateFolder((tmp_path,))
    assert ran.returncode == 9
    assert not left.exists()
    assert living.path.exists()
    assert living.path != another.path
    living.remove()
    another.remove()
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_to_is_passed_over(tmp_path: Path) -> None:
    folder = PrivateFolder((tmp_path / "absent", tmp_path))
    assert folder.path.parent == tmp_path
    folder.remove()


def test_the_childs_environment_is_of_texts() -> None:
    assert all(isinstance(part, str) for pair in environment_for_child().items() for part in pair)
