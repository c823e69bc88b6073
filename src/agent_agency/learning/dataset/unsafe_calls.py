"""Constructs that open a program to its input, found in the syntax tree; comments and texts never count.

The kinds follow the weaknesses that Bandit and CWE list: CWE-95 (eval, exec), CWE-78 (a shell), CWE-502 (pickle,
marshal, YAML), CWE-89 (SQL put together), CWE-798 (a secret in the source), CWE-295 (certificates unchecked), CWE-22
(archives unpacked as they come), CWE-377 (mktemp), CWE-327 (weak hashes), CWE-330 (guessable tokens), CWE-732 (files
that anybody may write).
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from types import MappingProxyType

SEVERE = frozenset({"eval", "shell", "deserialise", "sql", "secret", "certificate", "archive"})
"""Kinds that let an attacker in; the others (``mktemp``, ``hash``, ``random``, ``mode``) weaken a defence."""

_CALLS: Mapping[str, str] = MappingProxyType(
    {
        "eval": "eval",
        "exec": "eval",
        "os.system": "shell",
        "os.popen": "shell",
        "subprocess.getoutput": "shell",
        "pickle.load": "deserialise",
        "pickle.loads": "deserialise",
        "marshal.loads": "deserialise",
        "ssl._create_unverified_context": "certificate",
        "tempfile.mktemp": "mktemp",
        "hashlib.md5": "hash",
        "hashlib.sha1": "hash",
    }
)
_SECRET_NAME = re.compile(r"(password|passwd|secret|token|api_?key)$", re.IGNORECASE)
_TOKEN_MAKER = re.compile(r"token|password|secret|nonce|voucher|session", re.IGNORECASE)
_SHORTEST_SECRET = 8
_OTHERS_MAY_WRITE = 0o002


def unsafe_calls(source: str) -> Counter[str]:
    """How often each kind of construct stands in a source.

    Raises:
        SyntaxError: it is no Python.
    """
    return Counter(_kinds(ast.parse(source)))


def introduced(before: str, after: str) -> tuple[str, ...]:
    """The kinds that stand more often in the second source than in the first, sorted."""
    return tuple(sorted(unsafe_calls(after) - unsafe_calls(before)))


def _kinds(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from _of_call(node)
        elif isinstance(node, ast.Assign | ast.AnnAssign) and _holds_secret(node):
            yield "secret"
        elif isinstance(node, ast.FunctionDef) and _TOKEN_MAKER.search(node.name):
            yield from ("random" for call in ast.walk(node) if _name_of(call).startswith("random."))


def _of_call(call: ast.Call) -> Iterator[str]:
    name = _name_of(call)
    keywords = {keyword.arg: keyword.value for keyword in call.keywords}
    if name in _CALLS:
        yield _CALLS[name]
    if name.startswith("subprocess.") and _is(keywords.get("shell"), value=True):
        yield "shell"
    if name == "yaml.load" and "Safe" not in ast.dump(call):
        yield "deserialise"
    if _is(keywords.get("verify"), value=False):
        yield "certificate"
    if name.endswith(".execute") and call.args and _put_together(call.args[0]):
        yield "sql"
    if name.endswith(".extractall") and "filter" not in keywords:
        yield "archive"
    if name.endswith("chmod") and any(_opens_to_all(argument) for argument in call.args):
        yield "mode"


def _name_of(node: ast.AST) -> str:
    """The dotted name that is called; empty for anything else, ``?`` for what stands before the last dots."""
    if not isinstance(node, ast.Call):
        return ""
    parts: list[str] = []
    at: ast.expr = node.func
    while isinstance(at, ast.Attribute):
        parts.append(at.attr)
        at = at.value
    parts.append(at.id if isinstance(at, ast.Name) else "?")
    return ".".join(reversed(parts))


def _is(node: ast.expr | None, *, value: bool) -> bool:
    return isinstance(node, ast.Constant) and node.value is value


def _put_together(node: ast.expr) -> bool:
    if isinstance(node, ast.JoinedStr):
        return any(isinstance(part, ast.FormattedValue) for part in node.values)
    formats = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format"
    return formats or (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mod))


def _holds_secret(node: ast.Assign | ast.AnnAssign) -> bool:
    value = node.value
    if not (isinstance(value, ast.Constant) and isinstance(value.value, str) and len(value.value) >= _SHORTEST_SECRET):
        return False
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return any(isinstance(target, ast.Name) and _SECRET_NAME.search(target.id) for target in targets)


def _opens_to_all(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int) and bool(node.value & _OTHERS_MAY_WRITE)
