"""What a review takes from this machine: its clock, chance, environment, and how it can keep commands apart."""

from __future__ import annotations

import io
import os
import sys
import uuid
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent_agency.attestation.signer import Ed25519Signer
    from agent_agency.inference.protocol import Engine, Parameters
    from agent_agency.sandbox.probe import IsolationReport
    from agent_agency.workflows.gate_progress import GateProgress
    from agent_agency.workflows.judge_gates import AskJudge, Sitting
    from agent_agency.workflows.review import Services


CONFIG = "agency.toml"
LARGEST_CONFIG = 256 * 1024


def machine_services(
    folder: Path | None = None, *, reuse: bool = True, arbiter: Callable[[], Ed25519Signer] | None = None
) -> Services:
    """Gather the real services; progress of long work goes to standard error.

    ``folder`` is where the repository is looked for: isolation is probed at once where its settings name gates. Without
    ``reuse`` every gate is measured anew. ``arbiter`` gives the key that signs; this user's arbiter key by default.
    """
    probe = _begun(_probe) if folder is not None and _names_gates(folder) else _probe
    from agent_agency.clock import SystemClock
    from agent_agency.report.json_document import to_document
    from agent_agency.workflows.review import Services
    from agent_agency.workflows.run_gates import ToolServices

    tools = ToolServices(probe, dict(os.environ), _progress(), reuse)
    signer = arbiter or arbiter_of_this_machine
    judges = partial(_open_judges, folder or Path(), signer, reuse=reuse)
    return Services(SystemClock(), lambda: uuid.uuid4().hex, to_document, tools, signer, judges)


def _open_judges(folder: Path, arbiter: Callable[[], Ed25519Signer], sitting: Sitting, *, reuse: bool) -> AskJudge:
    """Judges as this user set them up; loaded only for a repository whose law names some."""
    from agent_agency.clock import SystemClock
    from agent_agency.workflows.judge_desk import Bench, JudgeDesk
    from agent_agency.workflows.kept_answers import fence_secret, kept_answers

    bench = Bench(
        folder,
        os.environ,
        _engine_of_this_user,
        lambda: (arbiter().public_key,),
        SystemClock(),
        fence_secret(os.environ),
        kept_answers(os.environ) if reuse else None,
    )
    return JudgeDesk(bench, sitting)


def _engine_of_this_user() -> tuple[Engine, Parameters]:
    from agent_agency.cli.chosen_engine import chosen_engine

    return chosen_engine(None)


def throw_away_arbiter() -> Ed25519Signer:
    """A key that nobody keeps, for rulings that are an example."""
    from agent_agency.attestation.signer import Ed25519Signer

    return Ed25519Signer.from_seed(os.urandom(32))


def arbiter_of_this_machine() -> Ed25519Signer:
    """This user's arbiter key; that it was just made is told once."""
    from agent_agency.workflows.key_folder import KeyFolder
    from agent_agency.workflows.signing import arbiter_signer

    found = arbiter_signer(KeyFolder.of(os.environ), os.environ)
    if found.made is not None:
        import click

        told = f"agency: made a key that signs your rulings: {found.made} ({found.signer.key_id})"
        click.echo(told, err=True)
    return found.signer


def _names_gates(folder: Path) -> bool:
    """Whether gates are likely to be run; which ones there are is read from the base."""
    try:
        with (folder / CONFIG).open("rb") as stream:
            return b"[[gate]]" in stream.read(LARGEST_CONFIG)
    except OSError:
        return False


def _begun(probe: Callable[[], IsolationReport]) -> Callable[[], IsolationReport]:
    """A probe that is at work already, beside what else a review does, by the time it is asked."""
    from concurrent.futures import ThreadPoolExecutor

    pool = ThreadPoolExecutor(1)
    found = pool.submit(probe)
    pool.shutdown(wait=False)
    return found.result


def _progress() -> GateProgress:
    """A living line for each gate on a terminal, plain lines elsewhere, nothing where standard error is closed."""
    from agent_agency.cli.console import make_console
    from agent_agency.report.gate_progress import LiveProgress, PlainProgress

    if sys.stderr is None:
        return PlainProgress(io.StringIO())
    if sys.stderr.isatty():
        return LiveProgress(make_console(stderr=True))
    return PlainProgress(sys.stderr)


def _probe() -> IsolationReport:
    from agent_agency.sandbox.probe import probe

    return probe()
