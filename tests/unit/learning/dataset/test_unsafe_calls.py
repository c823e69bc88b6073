from __future__ import annotations

import pytest

from agent_agency.learning.dataset.constructs import Construct, add_code, shipped_constructs
from agent_agency.learning.dataset.unsafe_calls import introduced, unsafe_calls


@pytest.mark.parametrize("construct", shipped_constructs(), ids=lambda one: one.id)
def test_unsafe_forms_are_found_and_safe_forms_are_not(construct: Construct) -> None:
    for form in construct.unsafe:
        for name in construct.names:
            assert sum(unsafe_calls(add_code('"""Module."""\n', form, name)).values()) == 1
    for form in construct.safe:
        for name in construct.names:
            assert not unsafe_calls(add_code('"""Module."""\n', form, name))


@pytest.mark.parametrize(
    "source",
    [
        "# eval(text) would be unsafe\nx = 1\n",
        'TEXT = "os.system(command)"\n',
        "model.eval()\n",
        "run(eval=True)\n",
        "token = read_token()\n",
        "connection.execute('SELECT 1')\n",
        "import random\ndef shuffle(cards):\n    random.shuffle(cards)\n",
    ],
)
def test_words_that_only_look_unsafe_do_not_count(source: str) -> None:
    assert not unsafe_calls(source)


def test_what_stood_there_before_was_not_brought_in() -> None:
    before = "def a(x):\n    return eval(x)\n"

    assert introduced(before, before + "def b(x):\n    return x\n") == ()
    assert introduced(before, before + "def b(x):\n    return eval(x)\n") == ("eval",)
    assert introduced(before, "def a(x):\n    return int(x)\n") == ()
