"""A loaded model tells nobody of itself, and writes nothing of its own to where people read."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_RUN = """
import socket, sys
from agent_agency.inference.local.backend import LoadOptions
from agent_agency.inference.local.openvino.load import load

def refuse(*_):
    raise AssertionError("a connection")

socket.socket.connect = socket.getaddrinfo = refuse
load(LoadOptions(sys.argv[1], width=1, context_tokens=256, extra={"folder": sys.argv[2]})).close()
import openvino
print([name for name in sys.modules if name.startswith("openvino_telemetry.")])
"""


def test_loading_a_model_opens_no_connection_and_is_silent(nano_model: Path, conversions: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", _RUN, str(nano_model), str(conversions)],
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert (run.stdout, run.stderr, run.returncode) == ("[]\n", "", 0)
