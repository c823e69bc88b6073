"""Three gates on one worker, stopped by Ctrl-C as soon as the second has begun; writes how each stood as JSON.

A program of its own, as the signal goes to a whole process.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading

from agent_agency.facts import GateMode, GateResult, GateStatus
from agent_agency.gate_settings import ConfiguredGate, GateKind
from agent_agency.workflows.gates_stopped import GatesStoppedError
from agent_agency.workflows.schedule_gates import Schedule, run_schedule


def main() -> None:
    cancel = threading.Event()

    def run(one: ConfiguredGate) -> GateResult:
        if one.name == "long":
            os.kill(os.getpid(), signal.SIGINT)
            assert cancel.wait(60), "nobody ended it"
        return GateResult(one.name, GateStatus.PASS, GateMode.BLOCK)

    def unmet(one: ConfiguredGate, need: str) -> GateResult:
        return GateResult(one.name, GateStatus.NOT_RUN, GateMode.BLOCK, reason=need)

    needs = {"quick": (), "long": ("quick",), "later": ("long",)}
    gates = [ConfiguredGate(name, GateKind.CUSTOM, ("true",), needs=before) for name, before in needs.items()]
    try:
        run_schedule(Schedule(gates, run, unmet, 1, cancel))
    except KeyboardInterrupt as stopped:
        sys.stdout.write(json.dumps(stopped.states if isinstance(stopped, GatesStoppedError) else None))


if __name__ == "__main__":
    main()
