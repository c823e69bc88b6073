"""Whether a failed call speaks against the engine, and whether it says that the engine has too much to do."""

from __future__ import annotations

from agent_agency.errors import AgencyError, EngineError

_ASKERS = frozenset(
    {
        "engine.bad_request",
        "engine.busy",
        "engine.cancelled",
        "engine.closed",
        "engine.no_labels",
        "engine.not_found",
        "engine.prompt_cut",
        "engine.prompt_too_long",
        "engine.refused",
    }
)
_OVERLOAD = frozenset({"engine.busy", "engine.server_failed", "engine.timeout"})
_FAIR = 2.0


def code_of(error: BaseException) -> str:
    """The stable code of an error; ``engine.failed`` for what is none of ours."""
    return error.stable_code if isinstance(error, AgencyError) else EngineError.code


def is_engines_fault(error: BaseException, given_s: float, usual_s: float | None) -> bool:
    """Whether a breaker counts it.

    Args:
        error: what the call came to.
        given_s: seconds that the call was given when it was sent.
        usual_s: seconds of a usual call; a timeout within twice that is the asker's own.
    """
    if isinstance(error, AgencyError) and not isinstance(error, EngineError):
        return False
    code = code_of(error)
    if code == "engine.timeout" and usual_s is not None and given_s < _FAIR * usual_s:
        return False
    return code not in _ASKERS


def is_overload(error: BaseException) -> bool:
    """Whether fewer calls at once may help."""
    return code_of(error) in _OVERLOAD
