"""``agency engine add``, ``models`` and ``remove``: the models that run on this machine."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from agent_agency.inference.models.source import Remote

SCHEMA_VERSION = 1
_GIB = 1024**3
_ENGINES = ("auto", "openvino", "llama.cpp")
_ROLES = ("primary", "fast", "quality", "alternative")
_json_option = click.option("--json", "as_json", is_flag=True, help="Write one JSON document.")


@click.command()
@click.argument("source", metavar="MODEL")
@click.option("--name", metavar="NAME", help="What the engine is called. Default: made of the file's name.")
@click.option("--engine", type=click.Choice(_ENGINES), default="auto", show_default=True, help="What runs it.")
@click.option("--role", type=click.Choice(_ROLES), help="A role that it takes.")
@click.option("--sha256", metavar="DIGITS", help="The digest that the file must have.")
@click.option("--max-gb", type=click.FloatRange(0.001), default=256.0, show_default=True, help="Most GiB to download.")
@click.option("--proxy", metavar="URL", help="Download through this proxy; the environment's are never used.")
@click.option("--ca-file", metavar="FILE", help="Certificates of an authority to trust when downloading.")
@_json_option
def add(
    *,
    source: str,
    name: str | None,
    engine: str,
    role: str | None,
    sha256: str | None,
    max_gb: float,
    proxy: str | None,
    ca_file: str | None,
    as_json: bool,
) -> int:
    """Take a model into your engines; it runs on this machine.

    MODEL is a GGUF file or an OpenVINO folder, which stay where they are, a URL of a GGUF file, or
    hf:owner/repo/path/file.gguf[@revision] (HF_ENDPOINT names another hub; a token is taken from HF_TOKEN and goes to
    that hub alone). A download that broke off goes on with the same command. What is no whole model is refused, and
    nothing of it is kept.
    """
    from agent_agency.cli.console import make_console
    from agent_agency.inference.models.download import Bounds, Download
    from agent_agency.report.engine_models import added_document, added_lines, bytes_progress
    from agent_agency.workflows.engine_models import AddOrder, add_model

    order = AddOrder(source, name, engine, role, sha256)
    with bytes_progress(make_console(stderr=True), "Reading the model") as told:

        def fetch(remote: Remote, wanted: str | None, into: Path) -> str:
            bounds = Bounds(max_bytes=int(max_gb * _GIB))
            return Download(os.environ, bounds=bounds, told=told, proxy=proxy, ca_file=ca_file)(remote, wanted, into)

        added = add_model(order, os.environ, fetch, told)
    if as_json:
        _print_json({"added": added_document(added)})
        return 0
    for line in added_lines(added):
        click.echo(line)
    return 0


@click.command()
@_json_option
def models(*, as_json: bool) -> int:
    """List the models of this machine in your engines, and whether each is as it was added.

    Exit 1 when one is changed, cut off or gone.
    """
    from agent_agency.cli.console import make_console
    from agent_agency.report.engine_models import bytes_progress, model_documents, print_models
    from agent_agency.workflows.engine_models import list_models

    with bytes_progress(make_console(stderr=True), "Reading models") as told:
        path, listed = list_models(os.environ, told)
    if as_json:
        _print_json({"path": path, "models": model_documents(listed)})
    else:
        print_models(path, listed, make_console())
    return 0 if all(one.fine for one in listed) else 1


@click.command()
@click.argument("name")
@click.option("--keep-file", is_flag=True, help="Keep what was downloaded.")
@_json_option
def remove(*, name: str, keep_file: bool, as_json: bool) -> int:
    """Take an engine out of your settings, and delete the model if agency downloaded it."""
    from agent_agency.report.engine_models import removed_document, removed_lines
    from agent_agency.workflows.engine_models import remove_engine

    removed = remove_engine(name, os.environ, keep_file=keep_file)
    if as_json:
        _print_json({"removed": removed_document(removed)})
        return 0
    for line in removed_lines(removed):
        click.echo(line)
    return 0


def _print_json(members: dict[str, Any]) -> None:
    click.echo(json.dumps({"schema_version": SCHEMA_VERSION, **members}, indent=2))
