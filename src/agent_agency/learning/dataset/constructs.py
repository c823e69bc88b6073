"""Functions that a task may ask for beside its fix, in safe and in unsafe forms, read from ``constructs.toml``."""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Construct:
    """One function: how often it is taken, its possible names, ways to ask for it, and its forms.

    ``{name}`` stands for the name.
    """

    id: str
    weight: int
    names: tuple[str, ...]
    ask: tuple[str, ...]
    unsafe: tuple[str, ...]
    safe: tuple[str, ...]


def shipped_constructs() -> tuple[Construct, ...]:
    """All shipped ones, in their order."""
    document = tomllib.loads((files(__package__) / "constructs.toml").read_text("utf-8"))
    return tuple(
        Construct(
            id=entry["id"],
            weight=entry["weight"],
            names=tuple(entry["names"]),
            ask=tuple(entry["ask"]),
            unsafe=tuple(entry["unsafe"]),
            safe=tuple(entry["safe"]),
        )
        for entry in document["constructs"]
    )


def add_code(source: str, form: str, name: str) -> str:
    """Add a form under a name at the end of a source, its imports after the source's own docstring and imports."""
    text = form.strip("\n").replace("{name}", name).replace("{secret}", _made_up(name))
    imports, _, body = text.rpartition("\n\ndef ")
    lines = [line for line in imports.split("\n") if line.startswith(("import ", "from "))]
    rest = "\n".join(line for line in imports.split("\n") if line not in lines).strip("\n")
    code = f"def {body}" if imports else text
    if rest:
        code = f"{rest}\n\n\n{code}"
    return _with_imports(source, lines) + f"\n\n{code}\n"


def replace_function(source: str, old: str, new: str, name: str) -> str:
    """Take a form that ``add_code`` put at the end for another form."""
    bare = add_code("", old, name)
    code = bare[bare.rindex(f"\n\ndef {name}") :]
    if not source.endswith(code):
        raise ValueError(f"{name} does not stand at the end")
    return add_code(source[: -len(code)].rstrip("\n") + "\n", new, name)


def _made_up(name: str) -> str:
    """What looks like a secret and is none; no such text stands in this repository, for its own scanner to find."""
    return f"tk-{hashlib.sha256(name.encode()).hexdigest()[:14]}"


def _with_imports(source: str, lines: list[str]) -> str:
    missing = [line for line in lines if f"{line}\n" not in source]
    if not missing:
        return source
    rows = source.split("\n")
    imports = [number for number, row in enumerate(rows) if row.startswith(("import ", "from "))]
    if imports:
        at, block = imports[0], missing
    else:
        at = _after_docstring(rows)
        block = [*missing, ""] if at else [*missing, "", ""]
    return "\n".join(rows[:at] + block + rows[at:])


def _after_docstring(rows: list[str]) -> int:
    """The row where imports may begin: after a module's docstring and the blank row that follows it."""
    if not rows[0].startswith('"""'):
        return 0
    closing = next((n for n, row in enumerate(rows) if row.endswith('"""') and (n or row.count('"""') > 1)), 0)
    return min(closing + 2, len(rows))
