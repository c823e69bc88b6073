"""OpenVINO GenAI's pipeline that fails when a test says so, around a real model.

As a module named to a model's process (``FILE:load``) it fails in a step for as long as the file that
``extra["fails"]`` names is not there, and makes that file unless ``extra["always"]`` is set.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from agent_agency.inference.local.backend import LoadOptions
from agent_agency.inference.local.openvino.backend import OpenVinoBackend
from agent_agency.inference.local.openvino.load import load as load_openvino


class FailingPipeline:
    """Does as the library's, after asking what the test wants.

    Args:
        pipeline: the library's.
        before_step: called with the number of the step, counted from 1; may raise.
        before_request: called with the tokens of a prompt; may raise.
        unreadable: prompts of which no answer can be read.
    """

    def __init__(
        self,
        pipeline: Any,
        *,
        before_step: Callable[[int], object] = lambda _: None,
        before_request: Callable[[list[int]], object] = lambda _: None,
        unreadable: Callable[[list[int]], bool] = lambda _: False,
    ) -> None:
        self._pipeline = pipeline
        self._before_step = before_step
        self._before_request = before_request
        self._unreadable = unreadable
        self.steps = 0

    def step(self) -> None:
        self.steps += 1
        self._before_step(self.steps)
        self._pipeline.step()

    def add_request(self, number: int, tokens: Any, config: Any) -> Any:
        ids = tokens.data[0].tolist()
        self._before_request(ids)
        handle = self._pipeline.add_request(number, tokens, config)
        return Unreadable(handle) if self._unreadable(ids) else handle


class Unreadable:
    """A request whose answer cannot be read."""

    def __init__(self, handle: Any) -> None:
        self._handle = handle

    def __getattr__(self, name: str) -> Any:
        return getattr(self._handle, name)

    def read(self) -> Any:
        raise RuntimeError("nothing can be read")


def fail_with(backend: OpenVinoBackend, **how: Any) -> FailingPipeline:
    """Put a failing pipeline around the one of a loaded model that nobody has asked yet."""
    text = backend._lanes.text
    text._pipeline = failing = FailingPipeline(text._pipeline, **how)
    return failing


def load(options: LoadOptions) -> OpenVinoBackend:
    backend = load_openvino(options)
    marker = Path(str(options.extra["fails"]))

    def before_step(number: int) -> None:
        if number >= 3 and not marker.exists():
            if not options.extra.get("always"):
                marker.touch()
            raise RuntimeError("Exception from src/step.cpp:12: the device is lost")

    fail_with(backend, before_step=before_step)
    return backend
