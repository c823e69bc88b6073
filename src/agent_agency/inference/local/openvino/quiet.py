"""Keeps OpenVINO's libraries from writing where nobody asked them to, and from reporting anything to anybody."""

from __future__ import annotations

import os
import sys
from typing import Any


def keep_quiet() -> None:
    """Set what the libraries look at when they are first imported; what was set or imported before stays.

    ``import openvino`` brings in its converting tools, and these ``openvino_telemetry``, which would report to Google
    Analytics whenever a model is converted with them. Nothing here calls them; the package is kept out all the same,
    and the tools are made to do without it.
    """
    os.environ.setdefault("OPENVINO_LOG_LEVEL", "0")
    modules: dict[str, Any] = sys.modules
    modules.setdefault("openvino_telemetry", None)  # which is how Python is told to refuse an import
