"""Language models with random weights, made once for a version of their maker and shared by all test processes."""

from __future__ import annotations

import fcntl
import hashlib
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import pytest

from agent_agency.inference.local import test_model
from agent_agency.inference.local.test_model.make import make_model
from agent_agency.inference.local.test_model.order import ModelOrder
from agent_agency.inference.local.test_model.shapes import SHAPES

_TINY = {"llama": "tiny", "qwen2": "tinyq2", "qwen3": "tinyq3"}
_LIBRARIES = ("numpy", "gguf", "tokenizers")


def nano_model() -> Path:
    """A Llama of 1 M parameters (Q8_0, 1.2 MB) for unit tests."""
    return shared_model("nano")


def tiny_model(arch: str = "llama") -> Path:
    """A model of 17 M parameters (Q8_0, 18 MB), laid out as ``llama``, ``qwen2`` or ``qwen3``."""
    return shared_model(_TINY[arch])


def shared_model(shape: str) -> Path:
    """The model of a shape in a folder that all test processes of this user share; made where it is absent.

    It is read by many tests at once: a test that changes a model works on a copy.
    """
    for library in _LIBRARIES:
        pytest.importorskip(library, reason="NOT RUN: the extra 'local' is not installed, which makes the model")
    folder = Path(tempfile.gettempdir()) / f"agency-test-models-{_user()}-{_maker()[:16]}"
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / f"{shape}.gguf"
    with (folder / f"{shape}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            make_model(path, ModelOrder(SHAPES[shape]), lambda _written, _whole: None)
    return path


def _user() -> str:
    import os

    return str(os.getuid())


def _maker() -> str:
    """The digest of all that a model's bytes depend on."""
    digest = hashlib.sha256(sys.version.encode())
    for library in _LIBRARIES:
        digest.update(version(library).encode())
    for source in sorted(Path(test_model.__path__[0]).iterdir()):
        if source.is_file():
            digest.update(source.name.encode() + b"\0" + source.read_bytes())
    return digest.hexdigest()
