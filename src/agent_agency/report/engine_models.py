"""Models of this machine for people and programs: one that was added, all there are, one that was let go."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from agent_agency.report.text import clean

if TYPE_CHECKING:
    from rich.console import Console

    from agent_agency.inference.models.digests import Told
    from agent_agency.inference.models.model_facts import ModelFacts
    from agent_agency.workflows.engine_models import AddedModel, ListedModel, RemovedEngine

_MIB = 1024 * 1024
_DIGITS = 12


def added_lines(added: AddedModel) -> list[str]:
    """What was added, in a few lines, and what to know before judging with it."""
    facts = added.facts
    told = [
        f"{clean(added.name)}: {clean(facts.name) or added.path.name}",
        f"  file       {clean(str(added.path))} ({_size(facts.size)}, {added.digest})",
        f"  model      {_model(facts)}",
        f"  licence    {clean(facts.licence) or 'unknown: the file names none'}",
        f"  context    {_tokens(facts.context_tokens)}",
        f"  runs with  {f'{added.engine}: {added.why}' if added.engine else 'nothing that is installed'}",
    ]
    if added.role is not None:
        before = f", which {clean(added.role_of)} had before" if added.role_of else ""
        told.append(f"  role       {added.role}{before}")
    told += [f"! {clean(one)}" for one in added.warnings]
    return [*told, f"It stands in {clean(added.settings_file)}. Try it: agency engine check {clean(added.name)}"]


def added_document(added: AddedModel) -> dict[str, Any]:
    """The same as JSON data."""
    return {
        "name": added.name,
        "path": str(added.path),
        "digest": added.digest,
        "model": facts_document(added.facts),
        "engine": added.engine or None,
        "why": added.why or None,
        "warnings": list(added.warnings),
        "role": added.role,
        "role_of": added.role_of,
        "settings_file": added.settings_file,
        "downloaded": added.downloaded,
    }


def print_models(path: str, listed: Sequence[ListedModel], console: Console) -> None:
    """Print the models of this machine, each as it is now."""
    from rich.table import Table
    from rich.text import Text

    if not listed:
        console.print(Text(f"No model of this machine stands in {clean(path)}. Add one: agency engine add FILE"))
        return
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold", pad_edge=False)
    for column in ("Engine", "Model", "Size", "Digest", "Standing", "Roles", "File"):
        table.add_column(column, overflow="fold")
    for one in listed:
        facts = one.facts
        cells = (
            one.settings.name,
            "" if facts is None else _model(facts),
            "" if facts is None else _size(facts.size),
            (one.digest or "").removeprefix("sha256:")[:_DIGITS],
            one.standing,
            " ".join(one.roles),
            one.settings.path or "",
        )
        table.add_row(*(Text(clean(cell)) for cell in cells))
    console.print(table)


def model_documents(listed: Sequence[ListedModel]) -> list[dict[str, Any]]:
    """The same as JSON data; ``changed`` is null where there is nothing to hold a file against."""
    return [
        {
            "name": one.settings.name,
            "path": one.settings.path,
            "digest": one.digest,
            "digest_when_added": one.settings.digest,
            "changed": None if one.digest is None or one.settings.digest is None else one.standing == "changed",
            "standing": one.standing,
            "model": None if one.facts is None else facts_document(one.facts),
            "roles": list(one.roles),
        }
        for one in listed
    ]


def removed_lines(removed: RemovedEngine) -> list[str]:
    """What was let go."""
    told = [f"{clean(removed.name)} was taken out of {clean(removed.settings_file)}."]
    if removed.roles:
        told.append(f"No engine has the role {' or '.join(removed.roles)} now.")
    if removed.deleted is not None:
        told.append(f"The download was deleted: {clean(removed.deleted)}")
    elif removed.kept is not None:
        told.append(f"The file stays where it is: {clean(removed.kept)}")
    return told


def removed_document(removed: RemovedEngine) -> dict[str, Any]:
    """The same as JSON data."""
    return {
        "name": removed.name,
        "roles": list(removed.roles),
        "settings_file": removed.settings_file,
        "kept": removed.kept,
        "deleted": removed.deleted,
    }


def facts_document(facts: ModelFacts) -> dict[str, Any]:
    """What a model's file says, as JSON data; null where it does not say."""
    return {
        "format": facts.format,
        "name": facts.name or None,
        "architecture": facts.architecture or None,
        "licence": facts.licence or None,
        "context_tokens": facts.context_tokens,
        "vocabulary": facts.vocabulary,
        "chat_template": facts.chat_template,
        "quantisation": facts.quantisation or None,
        "parameters": facts.parameters,
        "size": facts.size,
    }


@contextmanager
def bytes_progress(console: Console, what: str) -> Iterator[Told]:
    """A living bar on a terminal, nothing elsewhere; yields what is to be told of bytes."""
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, whole: bar.update(task, completed=done, total=whole or None)


def _model(facts: ModelFacts) -> str:
    count = "" if facts.parameters is None else f"{facts.parameters / 1e6:,.1f} M parameters"
    return clean(", ".join(part for part in (facts.architecture, count, facts.quantisation) if part))


def _tokens(count: int | None) -> str:
    return "unknown" if count is None else f"{count:,} tokens"


def _size(size: int) -> str:
    return f"{size / _MIB:,.1f} MiB"
