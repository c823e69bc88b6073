"""Whether a failed call speaks against the engine, and whether it says that the engine has too much to do."""

from __future__ import annotations

from agent_agency.errors import AgencyError, EngineError

_DOWN = frozenset(
    {
        "engine.bad_answer",
        "engine.failed",
        "engine.hung",
        "engine.incomplete",
        "engine.load_timeout",
        "engine.out_of_memory",
        "engine.process_died",
        "engine.server_failed",
        "engine.timeout",
        "engine.unreachable",
    }
)
_NEITHER = frozenset({"engine.busy", "engine.cancelled", "engine.closed", "engine.timeout"})
_OVERLOAD = frozenset({"engine.busy", "engine.server_failed", "engine.timeout"})
_FAIR = 2.0


def code_of(error: BaseException) -> str:
    """The stable code of an error; ``engine.failed`` for what is none of ours."""
    return error.stable_code if isinstance(error, AgencyError) else EngineError.code


def is_engines_fault(error: BaseException, given_s: float, usual_s: float | None) -> bool:
    """Whether a breaker counts it: the engine did not do what it could be asked to.

    What is wrong with one request, or with the settings, is none: it is told best each time in its own words.

    Args:
        error: what the call came to.
        given_s: seconds that the call was given when it was sent.
        usual_s: seconds of a usual call; a timeout within twice that is the asker's own.
    """
    code = code_of(error)
    if code == "engine.timeout" and usual_s is not None and given_s < _FAIR * usual_s:
        return False
    return code in _DOWN


def is_engines_word(error: BaseException) -> bool:
    """Whether the engine is there, as it refused the request for what it is."""
    return isinstance(error, EngineError) and error.stable_code not in _DOWN | _NEITHER


def is_overload(error: BaseException) -> bool:
    """Whether fewer calls at once may help."""
    return code_of(error) in _OVERLOAD
