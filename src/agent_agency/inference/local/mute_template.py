"""A chat template must hand on what people say; one that does not makes every question the same one."""

from __future__ import annotations

from collections.abc import Callable

from agent_agency.errors import EngineError
from agent_agency.inference.protocol import Message

_SAID = "Is this change safe?"


def refuse_mute_template(write: Callable[[tuple[Message, ...]], str], path: str) -> None:
    """Refuse a model whose template leaves out what a user says, or cannot be applied at all.

    Args:
        write: applies the template.
        path: of the model.

    Raises:
        EngineError: ``engine.no_chat_template``.
    """
    try:
        heard = _SAID in write((Message("user", _SAID),))
    except EngineError as error:
        if error.stable_code != "engine.bad_request":
            raise
        heard = False
    if not heard:
        raise EngineError(
            "The model's chat template cannot be used: it does not hand on what people say",
            fix="Take another file of this model, or mend the file's template.",
            path=path,
            code="engine.no_chat_template",
        )
