"""Product code that asks whether it is being tested, skips a test, or equals whatever it is compared with."""

from __future__ import annotations

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from agent_agency.facts import Finding, Place, Severity
from agent_agency.gates.tampering.changed_files import Sources
from agent_agency.gates.tampering.literals import literal
from agent_agency.gates.tampering.python_source import dotted, last_name, truth
from agent_agency.gates.tampering.rules import Rule, found

_RUNNERS = frozenset({"pytest", "_pytest", "py.test", "unittest", "nose", "hypothesis", "coverage", "conftest"})
_LOADED = frozenset({"sys.modules", "sys.argv", "sys.orig_argv", "modules"})
_STACK = frozenset({"stack", "_getframe", "currentframe", "extract_stack", "walk_stack", "getouterframes"})
_OF_PYTEST_ALONE = re.compile(r"PYTEST_(?:CURRENT_TEST|VERSION|RUN_CONFIG|XDIST\w*)|PYTEST_?")
_OF_PYTEST = re.compile(
    r"PYTEST_?(?:CURRENT_TEST|VERSION|RUN\w*|XDIST\w*)?|UNITTEST\w*|TESTING|(?:IS_|UNDER_|IN_)TESTS?|RUNNING_TESTS?|TEST_MODE"
)
_OF_CI = frozenset(
    {"CI", "CONTINUOUS_INTEGRATION", "GITHUB_ACTIONS", "GITLAB_CI", "TRAVIS", "CIRCLECI", "BUILDKITE", "JENKINS_URL"}
)
_OUTCOMES = frozenset({"pytest.skip", "pytest.xfail", "pytest.exit", "pytest.importorskip", "unittest.SkipTest"})
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True, slots=True)
class _Sign:
    text: str
    line: int
    severity: Severity = Severity.MAJOR


def under_test_findings(sources: Sources) -> Iterator[Finding]:
    """Signs that the head's product code has more of than the base's."""
    before = Counter(sign.text for tree in sources.product_base.values() for sign in _signs(tree))
    places: dict[str, list[tuple[str, _Sign]]] = defaultdict(list)
    for path, tree in sources.product_head.items():
        for sign in _signs(tree):
            places[sign.text].append((path, sign))
    for text, where in places.items():
        for path, sign in where[before[text] :]:
            yield found(
                Rule.SPECIAL_CASE,
                sign.severity,
                Place(path, sign.line),
                f"product code {text}",
                remedy="Take it out: code must do the same whether or not it is tested",
                subject=text,
            )


def _signs(tree: ast.Module) -> Iterable[_Sign]:
    """The signs in a module, each once a line."""
    return dict.fromkeys(sign for node in ast.walk(tree) for sign in _of_node(node))


def _of_node(node: ast.AST) -> Iterator[_Sign]:
    if isinstance(node, (ast.Constant, ast.BinOp)):
        text = (literal(node) or "")[1:-1]
        if _OF_PYTEST_ALONE.fullmatch(text):
            yield _of_variable(text, node.lineno)
    if isinstance(node, (ast.Call, ast.Subscript, ast.Compare)):
        yield from _of_environment(node)
        yield from _of_loaded(node)
    if isinstance(node, ast.Call):
        if dotted(node) in _OUTCOMES or last_name(node) == "SkipTest":
            yield _Sign(f"calls {dotted(node)}, which ends a test without failing it", node.lineno)
        elif last_name(node) == "_called_from_test":
            yield _Sign("asks whether it is being tested", node.lineno)
    elif isinstance(node, ast.Raise) and isinstance(node.exc, (ast.Name, ast.Attribute)):
        if last_name(node.exc) in {"SkipTest", "Skipped"}:
            yield _Sign(f"raises {dotted(node.exc)}, which ends a test without failing it", node.lineno)
    elif isinstance(node, _FUNCTIONS):
        yield from _of_function(node)
    elif isinstance(node, ast.ClassDef):
        yield from _of_class(node)


def _of_environment(node: ast.Call | ast.Subscript | ast.Compare) -> Iterator[_Sign]:
    """Variables that a test runner or a build service sets, where the environment is asked for them."""
    if not _speaks_of_environment(node):
        return
    for text in _texts(node):
        if _OF_PYTEST.fullmatch(text):
            yield _of_variable(text, node.lineno)
        elif text in _OF_CI:
            told = f"asks the environment for {text}, which tells whether a build service runs it"
            yield _Sign(told, node.lineno, Severity.ADVICE)


def _of_variable(name: str, line: int) -> _Sign:
    return _Sign(f"asks the environment for {name}, which tells whether it is being tested", line)


def _speaks_of_environment(node: ast.AST) -> bool:
    mentioned = {dotted(item) for item in ast.walk(node) if isinstance(item, (ast.Name, ast.Attribute))}
    names = {name.rpartition(".")[2] for name in mentioned}
    return not names.isdisjoint({"environ", "getenv", "environb"})


def _of_loaded(node: ast.Call | ast.Subscript | ast.Compare) -> Iterator[_Sign]:
    """Whether a runner is loaded, or is the program that runs."""
    mentioned = {dotted(item) for item in ast.walk(node) if isinstance(item, (ast.Name, ast.Attribute))}
    asked = sorted(mentioned & _LOADED)
    for name in _texts(node) if asked else ():
        if name.partition(".")[0].lower() in _RUNNERS or "pytest" in name.lower():
            yield _Sign(f"asks {asked[0]} whether {name} is there", node.lineno)


def _of_function(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[_Sign]:
    if node.name in {"__eq__", "__ne__"} and _always(node):
        yield _Sign(f"defines {node.name} that gives the same answer for everything", node.lineno)
    looks = next((item for item in ast.walk(node) if isinstance(item, ast.Call) and last_name(item) in _STACK), None)
    if looks is not None and any("test" in text.lower() for text in _texts(node)):
        yield _Sign(f"{node.name} looks who calls it, and for a test", looks.lineno)


def _of_class(node: ast.ClassDef) -> Iterator[_Sign]:
    for item in node.body:
        if isinstance(item, ast.Assign) and isinstance(item.value, ast.Lambda) and truth(item.value.body) is not None:
            for name in {last_name(target) for target in item.targets} & {"__eq__", "__ne__"}:
                yield _Sign(f"defines {name} that gives the same answer for everything", item.lineno)


def _texts(node: ast.AST) -> Iterator[str]:
    """The pieces of text in an expression; those that are put together from constants as the whole."""
    pending = [node]
    while pending:
        item = pending.pop()
        value = literal(item) if isinstance(item, (ast.Constant, ast.BinOp)) else None
        if value is not None:
            if value[:1] in {"'", '"'}:
                yield value[1:-1]
        else:
            pending.extend(ast.iter_child_nodes(item))


def _always(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    last = function.body[-1]
    returns = [node for node in ast.walk(function) if isinstance(node, ast.Return)]
    return (
        isinstance(last, ast.Return) and len(returns) == 1 and last.value is not None and truth(last.value) is not None
    )
