from __future__ import annotations

import pytest

from agent_agency.errors import AllowanceUsedUpError, MissingExtraError
from agent_agency.inference.scheduling.blame import code_of, is_engines_fault, is_engines_word, is_overload
from support.scheduled_double import failing


@pytest.mark.parametrize(
    ("code", "fault", "word", "overload"),
    [
        ("unreachable", True, False, False),
        ("process_died", True, False, False),
        ("hung", True, False, False),
        ("server_failed", True, False, True),
        ("timeout", True, False, True),
        ("busy", False, False, True),
        ("cancelled", False, False, False),
        ("prompt_too_long", False, True, False),
        ("empty_answer", False, True, False),
        ("refused", False, True, False),
        ("model_truncated", False, True, False),
    ],
)
def test_each_code_is_held_against_whom_it_should(code: str, fault: bool, word: bool, overload: bool) -> None:
    error = failing(code)
    assert (is_engines_fault(error, 60.0, 1.0), is_engines_word(error), is_overload(error)) == (fault, word, overload)


def test_a_call_that_was_given_too_little_time_speaks_against_nobody() -> None:
    assert not is_engines_fault(failing("timeout"), 1.5, 1.0)
    assert is_engines_fault(failing("timeout"), 2.5, 1.0)
    assert is_engines_fault(failing("timeout"), 0.1, None)


def test_what_is_none_of_ours_is_the_engines_and_a_used_up_allowance_is_not() -> None:
    mistake = ZeroDivisionError("a mistake")
    assert code_of(mistake) == "engine.failed"
    assert is_engines_fault(mistake, 1.0, None)
    for error in (AllowanceUsedUpError("spent", fix="raise it"), MissingExtraError("no library", fix="install it")):
        assert not is_engines_fault(error, 1.0, None)
        assert not is_engines_word(error)
