"""Keeps OpenVINO's libraries from writing where nobody asked them to."""

from __future__ import annotations

import os


def keep_quiet() -> None:
    """Set what the libraries read when they are first imported; what somebody has set stays.

    The runtime and GenAI that run models here report nothing to anybody: the package ``openvino_telemetry``, which
    pip brings along, is imported only by OpenVINO's converting tools, which are not used. It is told to keep still
    all the same.
    """
    os.environ.setdefault("OPENVINO_LOG_LEVEL", "0")
    os.environ.setdefault("OPENVINO_TELEMETRY_DISABLE", "1")
