"""Changes that keep what a source does and that nobody asked for; each is a function of a source and chance.

One that does not apply gives the source back as it was. That what they make still works is proved by running it.
"""

from __future__ import annotations

import ast
import io
import keyword
import re
import tokenize
import tomllib
from collections.abc import Callable, Iterator, Mapping
from importlib.resources import files
from random import Random
from types import MappingProxyType

Needless = Callable[[str, Random], str]
_Function = ast.FunctionDef
_NARRATION: Mapping[type[ast.stmt], tuple[str, ...]] = MappingProxyType(
    {
        ast.Return: ("# Return the result", "# Give the value back", "# Done, return it"),
        ast.For: ("# Loop over the elements", "# Go through everything", "# Iterate"),
        ast.If: ("# Check the condition", "# Handle this case", "# Is it so?"),
        ast.Assign: ("# Set the value", "# Remember this", "# Initialise"),
    }
)


def dead_helper(source: str, chance: Random) -> str:
    """Add a function that nothing calls."""
    return f"{source}\n\n{chance.choice(_code('helpers'))}"


def needless_class(source: str, chance: Random) -> str:
    """Wrap a function in a class that nothing uses."""
    names = [node.name for node in ast.parse(source).body if isinstance(node, _Function)]
    if not names:
        return source
    name = chance.choice(names)
    title = "".join(part.capitalize() for part in name.split("_"))
    return f"{source}\n\n" + chance.choice(_code("classes")).replace("{Name}", title).replace("{name}", name)


def other_quotes(source: str, chance: Random) -> str:  # noqa: ARG001 - all of these have one shape
    """Put plain texts in single quotes."""
    rows = source.splitlines(keepends=True)
    for token in reversed(list(tokenize.generate_tokens(io.StringIO(source).readline))):
        text = token.string
        if token.type == tokenize.STRING and re.fullmatch(r"\"[^'\"\\]*\"", text):
            row, column = token.start[0] - 1, token.start[1]
            rows[row] = f"{rows[row][:column]}'{text[1:-1]}'{rows[row][column + len(text) :]}"
    return "".join(rows)


def narrated(source: str, chance: Random) -> str:
    """Say in comments what the code says already."""
    rows = source.splitlines(keepends=True)
    told = [node for node in _statements(source) if type(node) in _NARRATION]
    for node in sorted(told, key=lambda node: -node.lineno):
        row = rows[node.lineno - 1]
        indent = row[: len(row) - len(row.lstrip())]
        rows.insert(node.lineno - 1, f"{indent}{chance.choice(_NARRATION[type(node)])}\n")
    return "".join(rows)


def stored_result(source: str, chance: Random) -> str:
    """Give what one function returns a name first."""
    places = [node for node in _statements(source) if _is_plain_return(node)]
    if not places or "result" in source:
        return source
    node = chance.choice(places)
    rows = source.splitlines(keepends=True)
    row = rows[node.lineno - 1]
    indent = row[: len(row) - len(row.lstrip())]
    rows[node.lineno - 1] = f"{indent}result = {row.strip().removeprefix('return ')}\n{indent}return result\n"
    return "".join(rows)


def all_results_stored(source: str, chance: Random) -> str:
    """Give what every function returns a name first."""
    rows = source.splitlines(keepends=True)
    name = chance.choice(("outcome", "answer_value", "final_result"))
    for node in _statements(source):
        if _is_plain_return(node):
            row = rows[node.lineno - 1]
            indent = row[: len(row) - len(row.lstrip())]
            rows[node.lineno - 1] = f"{indent}{name} = {row.strip().removeprefix('return ')}\n{indent}return {name}\n"
    return "".join(rows)


def moved_function(source: str, chance: Random) -> str:  # noqa: ARG001
    """Put the last function before the first."""
    nodes = [node for node in ast.parse(source).body if isinstance(node, _Function)]
    if len(nodes) < 2 or any(node.decorator_list for node in nodes):  # noqa: PLR2004 - nothing to move past
        return source
    rows = source.splitlines(keepends=True)
    first, last = nodes[0], nodes[-1]
    block = rows[last.lineno - 1 : last.end_lineno]
    kept = rows[: last.lineno - 1] + rows[last.end_lineno :]
    text = "".join([*kept[: first.lineno - 1], *block, "\n", "\n", *kept[first.lineno - 1 :]])
    return text.rstrip("\n") + "\n"


def logged(source: str, chance: Random) -> str:  # noqa: ARG001
    """Log the start of every function."""
    rows = source.splitlines(keepends=True)
    functions = [function for function in _functions(source) if _begins_on_own_row(function)]
    if not functions or "logg" in source:
        return source
    for function in sorted(functions, key=lambda node: -node.lineno):
        start = function.body[1] if ast.get_docstring(function) and len(function.body) > 1 else function.body[0]
        indent = " " * start.col_offset
        rows.insert(start.lineno - 1, f'{indent}logger.debug("{function.name} begins")\n')
    at = _first_statement(source)
    head = "import logging\n\nlogger = logging.getLogger(__name__)\n\n\n"
    return "".join(rows[: at - 1]) + head + "".join(rows[at - 1 :])


def longer_docstrings(source: str, chance: Random) -> str:
    """Blow every one-line docstring up."""
    extra = chance.choice(("Returns:\n{i}    The result.", "Note:\n{i}    See the code for details."))

    def longer(found: re.Match[str]) -> str:
        indent = found[1]
        return f'{indent}"""{found[2]}\n\n{indent}{extra.replace("{i}", indent)}\n{indent}"""\n'

    return re.sub(r'^( +)"""([^"\n]+)"""\n', longer, source, flags=re.MULTILINE)


def banners(source: str, chance: Random) -> str:
    """Put a banner above every function of the module."""
    rule = chance.choice("-=*") * chance.choice((40, 60))
    return re.sub(r"^def (\w+)", rf"# {rule}\n# \1\n# {rule}\ndef \1", source, flags=re.MULTILINE)


def renamed_variable(source: str, chance: Random) -> str:
    """Rename one variable of one function."""
    choices = [(function, name) for function in _functions(source) for name in sorted(_variables(function))]
    if not choices:
        return source
    function, name = chance.choice(choices)
    other = chance.choice((f"{name}_value", f"current_{name}", f"my_{name}", f"{name}_"))
    if re.search(rf"\b{other}\b", source) or keyword.iskeyword(other):
        return source
    return _with_name(source, function, name, other)


def more_parameter(source: str, chance: Random) -> str:
    """Give one function a parameter that nothing uses."""
    extra = chance.choice(("strict=False", "verbose=False", "options=None", "debug=False"))
    rows = re.findall(r"^def \w+\([^()*]+\):$", source, flags=re.MULTILINE)
    if not rows:
        return source
    row = chance.choice(rows)
    return source.replace(row, f"{row[:-2]}, {extra}):", 1)


SMALL: tuple[Needless, ...] = (stored_result, renamed_variable, more_parameter)
"""A few lines each."""

LARGE: tuple[Needless, ...] = (
    dead_helper,
    needless_class,
    other_quotes,
    narrated,
    all_results_stored,
    moved_function,
    logged,
    longer_docstrings,
    banners,
)
"""Many lines each, in most sources."""


def _code(kind: str) -> list[str]:
    """Pieces of code that nothing needs, from ``needless.toml``."""
    document = tomllib.loads((files(__package__) / "needless.toml").read_text("utf-8"))
    return [str(piece).lstrip("\n") for piece in document[kind]]


def _functions(source: str) -> list[_Function]:
    return [node for node in ast.walk(ast.parse(source)) if isinstance(node, _Function)]


def _statements(source: str) -> list[ast.stmt]:
    """Every statement inside a function, in no promised order; each once."""
    inner = [node for function in _functions(source) for node in ast.walk(function) if isinstance(node, ast.stmt)]
    return list(dict.fromkeys(inner))


def _is_plain_return(node: ast.stmt) -> bool:
    if not isinstance(node, ast.Return) or node.value is None or node.lineno != node.end_lineno:
        return False
    return not isinstance(node.value, ast.Name | ast.Constant)


def _begins_on_own_row(function: _Function) -> bool:
    return function.body[0].lineno > function.lineno


def _first_statement(source: str) -> int:
    body = ast.parse(source).body
    past = [node for node in body if not isinstance(node, ast.Import | ast.ImportFrom | ast.Expr)]
    return past[0].lineno - len(getattr(past[0], "decorator_list", ()))


def _variables(function: _Function) -> set[str]:
    """Names that the function alone gives a value and that stand in no formatted text."""
    nodes = list(ast.walk(function))
    stored = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    parameters = {node.arg for node in nodes if isinstance(node, ast.arg)}
    declared = {name for node in nodes if isinstance(node, ast.Global | ast.Nonlocal) for name in node.names}
    shown = {name.id for node in nodes if isinstance(node, ast.JoinedStr) for name in _names(node)}
    return {name for name in stored - parameters - declared - shown if len(name) > 1}


def _names(node: ast.AST) -> Iterator[ast.Name]:
    return (inner for inner in ast.walk(node) if isinstance(inner, ast.Name))


def _with_name(source: str, function: _Function, name: str, other: str) -> str:
    rows = source.splitlines(keepends=True)
    places = {(node.lineno, node.col_offset) for node in _names(function) if node.id == name}
    for row, column in sorted(places, reverse=True):
        text = rows[row - 1]
        rows[row - 1] = f"{text[:column]}{other}{text[column + len(name) :]}"
    return "".join(rows)
