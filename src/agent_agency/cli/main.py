"""The ``agency`` command: wires the groups, turns errors into one sentence and an exit code."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import sys
from importlib import import_module

import click

from agent_agency._version import __version__
from agent_agency.errors import AgencyError, InternalError, UsageError

EXIT_CANNOT_RUN = 2
EXIT_INTERRUPTED = 130
_ALLOCATIONS = 50_000  # what is imported stays: looking for garbage every 700 objects is a tenth of a review's time
LONGEST_MESSAGE = 1200
"""Characters of an error's message that are shown on a terminal; ``--json`` has all of it."""


class LazyGroup(click.Group):
    """A group whose commands are imported only when called, so that a cold start stays short."""

    def __init__(self, *args: object, lazy: dict[str, tuple[str, str, str]] | None = None, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.lazy = lazy or {}

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Name the commands, in the order in which a newcomer meets them."""
        return list(self.lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command; unknown names give ``None``, as click expects."""
        if cmd_name not in self.lazy:
            return super().get_command(ctx, cmd_name)
        module, attribute, _ = self.lazy[cmd_name]
        command = getattr(import_module(module), attribute)
        if not isinstance(command, click.Command):
            raise TypeError(f"{module}:{attribute} is no command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands from the table, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, _, text) in self.lazy.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Resolve a command; a near miss is answered with what was probably meant."""
        if args and args[0] not in self.lazy and not args[0].startswith("-"):
            from difflib import get_close_matches

            close = get_close_matches(args[0], self.lazy, n=1)
            here = ctx.command_path
            fix = f"Did you mean '{here} {close[0]}'?" if close else f"Run '{here} --help' for the list."
            raise UsageError(f"There is no command {args[0]!r}", fix=fix)
        return super().resolve_command(ctx, args)


_COMMANDS = {
    "review": ("agent_agency.cli.review", "review", "Is this change inside its working spec?"),
    "try": ("agent_agency.cli.try_example", "try_example", "See it work on a bundled example."),
    "init": ("agent_agency.cli.init", "init", "Write a policy, a first spec and a config."),
    "validate": ("agent_agency.cli.validate", "validate", "Check specs, policy and waivers."),
    "scope": ("agent_agency.cli.scope", "scope", "May I edit this path?"),
    "spec": ("agent_agency.cli.spec", "spec", "Migrate, explain and describe specs."),
    "waiver": ("agent_agency.cli.waiver", "waiver", "Ask for a bounded exception, or decide."),
    "appeal": ("agent_agency.cli.appeal", "appeal", "Have a ruling heard again."),
    "cases": ("agent_agency.cli.cases", "cases", "What is still open, and until when?"),
    "precedent": ("agent_agency.cli.precedent", "precedent", "Let final rulings guide later ones."),
    "gates": ("agent_agency.cli.gates", "gates", "Which tools judge a change, and can they run?"),
    "explain": ("agent_agency.cli.explain", "explain", "Why was it ruled so, and is it still so?"),
    "publish": ("agent_agency.cli.publish", "publish", "Bind a ruling to its commit."),
    "evidence": ("agent_agency.cli.evidence", "evidence", "Look after what rulings rest on."),
    "rules": ("agent_agency.cli.rules", "rules", "Show, test and try the rules of the law."),
    "ledger": ("agent_agency.cli.ledger", "ledger", "Verify, export and import the record."),
    "identity": ("agent_agency.cli.identity", "identity", "Make keys to sign with, and see which count."),
    "judge": ("agent_agency.cli.judge", "judge", "Ask judges, and measure how far to trust them."),
    "panel": ("agent_agency.cli.panel", "panel", "Make one judge of many, and score it."),
    "experiment": ("agent_agency.cli.experiment", "experiment", "Compare two arms, and stop by rule."),
    "trend": ("agent_agency.cli.trend", "trend", "Follow judges over time, and tell when one got worse."),
    "prompt": ("agent_agency.cli.prompt", "prompt", "Which version of a judge's prompt is active?"),
    "evaluations": ("agent_agency.cli.evaluations", "evaluations", "What judges answered, and how well."),
    "label": ("agent_agency.cli.label", "label", "Say what the right verdict is."),
    "optimize": ("agent_agency.cli.optimize", "optimize", "Look for better prompts, and prove them."),
    "dataset": ("agent_agency.cli.dataset", "dataset", "What judges learn from, and its proof."),
    "engine": ("agent_agency.cli.engine", "engine", "Which models judge, and can they be trusted?"),
    "doctor": ("agent_agency.cli.doctor", "doctor", "Say what this machine can do."),
}


@click.group(
    cls=LazyGroup,
    lazy=_COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="agency")
def cli() -> None:
    """An arbiter for AI coding agents: it measures a change and rules by written law."""


def main(argv: list[str] | None = None) -> None:
    """Run the command line and exit; every failure is one sentence on standard error, or one JSON document."""
    arguments = sys.argv[1:] if argv is None else argv
    gc.set_threshold(_ALLOCATIONS)
    try:
        _refuse_unless_utf8()
        _refuse_without_output()
        code = cli.main(args=arguments, prog_name="agency", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        sys.exit(EXIT_CANNOT_RUN)
    except (click.Abort, KeyboardInterrupt) as stopped:
        how = str(stopped.__cause__ or stopped) or "interrupted; nothing was left half-written"
        click.echo(f"agency: {how}.", err=True)
        sys.exit(EXIT_INTERRUPTED)
    except (BrokenPipeError, SystemExit):
        # Commands return their exit code; it is click that exits by itself, with 1, when the reader has gone.
        _close_output()
        sys.exit(EXIT_CANNOT_RUN)
    except Exception as error:  # noqa: BLE001 - whatever went wrong ends as one sentence and exit code 2
        if os.environ.get("AGENCY_TRACEBACK"):
            import traceback

            traceback.print_exception(error)
        told = _as_agency_error(error)
        _tell(told, as_json=_wants_json(arguments))
        sys.exit(told.exit_code)
    sys.exit(code if isinstance(code, int) else 0)


def _refuse_unless_utf8() -> None:
    """Names of files are held against the law as UTF-8; read otherwise, an excluded path would look like another one.

    Raises:
        AgencyError: when this Python reads file names in another encoding.
    """
    encoding = sys.getfilesystemencoding()
    if encoding.lower().replace("-", "") != "utf8":
        raise AgencyError(
            f"This Python reads file names as {encoding}",
            fix="Put PYTHONUTF8=1 in front of the command.",
            code="system.not_utf8",
        )


def _refuse_without_output() -> None:
    """Standard output that was closed takes no answer, and a file opened meanwhile would take its place.

    Raises:
        AgencyError: when standard output is closed.
    """
    if sys.stdout is None:
        raise AgencyError("Standard output is closed", fix="Redirect it to a file or to /dev/null.")


def _wants_json(arguments: list[str]) -> bool:
    asked = " ".join(arguments)
    return "--json" in arguments or "--format json" in asked or "--format=json" in asked


def _as_agency_error(error: Exception) -> AgencyError:
    """Translate any failure; a defect of ours must never exit with 1, which means "findings"."""
    if isinstance(error, AgencyError):
        return error
    if isinstance(error, click.ClickException):
        return UsageError(error.format_message(), fix="Run the command with --help to see what it takes.")
    if isinstance(error, OSError):
        return _from_os_error(error)
    return InternalError(error)


def _from_os_error(error: OSError) -> AgencyError:
    where = os.fsdecode(error.filename) if isinstance(error.filename, (str, bytes)) else None
    return AgencyError(
        f"The system refused: {error.strerror or error}",
        fix="Check that the file or folder exists, may be used, and that the disk has room.",
        path=where,
        code="system.refused",
    )


def _tell(error: AgencyError, *, as_json: bool) -> None:
    """Say it where it can be said; where nothing can be written any more, the exit code alone says it."""
    if as_json and not error.answered:
        try:
            click.echo(json.dumps({"schema_version": 1, "error": error.as_dict()}, indent=2))
        except OSError:
            _close_output()
        else:
            return
    with contextlib.suppress(OSError):
        click.echo(_in_one_line(error), err=True)


def _in_one_line(error: AgencyError) -> str:
    from agent_agency.facts import display_path
    from agent_agency.report.text import clean

    place = f"{display_path(error.path)}{f':{error.line}' if error.line else ''}: " if error.path else ""
    message = _bounded(clean(" ".join(error.message.split())))
    stop = "" if message.endswith((".", "?", "!", ")")) else "."
    return f"agency: {place}{message}{stop} {clean(error.fix)}"


def _bounded(message: str) -> str:
    """A sentence that fits a screen, whatever an argument or a file put into it; its begin and end stay."""
    if len(message) <= LONGEST_MESSAGE:
        return message
    half = LONGEST_MESSAGE // 2
    return f"{message[:half]} … {message[-half:]}"


def _close_output() -> None:
    """Point standard output at nothing, so that interpreter shutdown does not fail on the broken pipe."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
