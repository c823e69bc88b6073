"""The measure of smallness: alike is 0, rewritten is 1, moved is not rewritten, each method named for what it is."""

from __future__ import annotations

import ast
import keyword
import random
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_agency.change.measure import Head, measure
from agent_agency.change.minimality import ONLY_COMMENTS, FileMinimality, measure_minimality
from agent_agency.change.syntax_tree import Grower
from agent_agency.change.tree_edit import NotComparableError, TreeEdit, compare_sources, same_code
from agent_agency.change.tree_match import Allowance
from agent_agency.git import Repository
from support.git_repo import GitRepo

SOURCES = Path(__file__).resolve().parents[3] / "src" / "agent_agency"
FUNCTION = """
def {name}({arg}):
    total = 0
    for item in {arg}:
        if item > {limit}:
            total += item * {factor}
    return total
"""


def edit(old: str, new: str) -> TreeEdit:
    return compare_sources(old.encode(), new.encode(), Allowance(10_000_000))


def ratio(old: str, new: str) -> float:
    found = edit(old, new)
    return found.size / (found.old_size + found.new_size)


def function(name: str, limit: int = 3, factor: int = 2, arg: str = "items") -> str:
    return FUNCTION.format(name=name, limit=limit, factor=factor, arg=arg)


def module(*functions: str) -> str:
    return "\n".join(functions)


ALPHA, BETA, GAMMA = function("alpha"), function("beta", 7, 9), function("gamma", 1, 5)


def test_alike_is_nothing() -> None:
    assert edit(module(ALPHA, BETA), module(ALPHA, BETA)).size == 0


def test_formatting_and_comments_are_nothing() -> None:
    assert edit("x = f(a, 'b')\n", 'x = f(\n    a,  # why\n    "b",\n)\n').size == 0


def test_a_moved_function_is_one_move_and_nothing_rewritten() -> None:
    found = edit(module(ALPHA, BETA, GAMMA), module(GAMMA, ALPHA, BETA))
    assert (found.inserted, found.deleted, found.updated, found.moved) == (0, 0, 0, 1)


def test_a_function_moved_into_a_class_is_kept() -> None:
    old = module(ALPHA, BETA, "class Box:\n    size = 3\n")
    new = module(BETA, "class Box:\n    size = 3\n" + textwrap.indent(ALPHA, "    "))
    found = edit(old, new)
    assert (found.inserted, found.deleted, found.updated, found.moved) == (0, 0, 0, 1)


def test_a_renamed_variable_costs_its_uses_and_no_more() -> None:
    found = edit(module(function("alpha", arg="items"), BETA), module(function("alpha", arg="things"), BETA))
    assert (found.inserted, found.deleted, found.updated, found.moved) == (0, 0, 2, 0)


def test_a_changed_constant_is_one_update() -> None:
    found = edit(module(ALPHA, BETA), module(function("alpha", limit=4), BETA))
    assert (found.updated, found.size) == (1, 1)


def test_a_changed_operator_is_small() -> None:
    found = edit(module(ALPHA, BETA), module(ALPHA.replace(">", ">="), BETA))
    assert found.size <= 2


def test_an_inserted_statement_costs_its_own_nodes() -> None:
    found = edit(module(ALPHA), module(ALPHA.replace("total = 0", "total = 0\n    log(total)")))
    assert found.deleted == found.updated == found.moved == 0
    assert found.inserted == 5  # expression, call, function name, argument list, argument


def test_a_rewrite_is_large_and_a_touch_is_small() -> None:
    other = (
        "import os\n\nclass Walker:\n    def __init__(self, top):\n        self.top = os.fspath(top)\n\n"
        "    @property\n    def name(self): return {k: v for k, v in vars(self).items()}\n"
    )
    assert ratio(module(ALPHA, BETA, GAMMA), other) > 0.5
    assert ratio(module(ALPHA, BETA, GAMMA), module(ALPHA, BETA, GAMMA, "x = 1\n")) < 0.05


def test_moving_between_branches_is_seen() -> None:
    old = "if a:\n    x(1, 2)\n    y(3, 4)\nelse:\n    z(5, 6)\n"
    new = "if a:\n    x(1, 2)\nelse:\n    y(3, 4)\n    z(5, 6)\n"
    found = edit(old, new)
    assert (found.moved, found.size) == (1, 1)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("a[1:]", "a[:1]"),
        ("f(*a)", "f(**a)"),
        ("def f(*a): pass", "def f(**a): pass"),
        ("x: int = 1", "x: str = 1"),
        ("1", "1.0"),
        ("1", "True"),
        ("'a'", "b'a'"),
        ("async def f(): pass", "def f(): pass"),
        ("from . import a", "from .. import a"),
        ("{**a}", "{None: a}"),
        ("global a", "global b"),
        ("f'{a!r}'", "f'{a!s}'"),
        ("lambda a, /: 1", "lambda a: 1"),
        ("lambda a=1, b=2: 1", "lambda a, b=2: 1"),
        ("import a as b", "import a"),
        ("a < b < c", "a < b <= c"),
        ("if a: b\nelse: c", "if a: c\nelse: b"),
        ("try: a\nexcept E: b\nfinally: c", "try: a\nexcept E: b\nelse: c"),
    ],
)
def test_what_means_something_else_is_never_alike(old: str, new: str) -> None:
    assert edit(old, new).size > 0


def test_only_comments_or_blank_lines() -> None:
    assert same_code(b"x = 1\n\n\ny = 2\n", b"# why\nx = 1  # one\ny = 2\n")
    assert not same_code(b"x = 1\n", b"x = 2\n")
    assert not same_code(b"x = 'a'\n", b'x = "a"\n')
    assert not same_code(b"if a:\n  x\ny\n", b"if a:\n  x\n  y\n")
    assert not same_code(b"x = '''\n# a'''\n", b"x = '''\n'''\n")
    assert not same_code(b"x = (", b"x = (")


@pytest.mark.parametrize(
    "source", ["def f(:\n", "\0", "x = '", "(" * 500, "-" * 100_000 + "1", "1" + "+1" * 100_000, "\ufeff\x85x ="]
)
def test_what_python_cannot_parse_is_not_compared(source: str) -> None:
    with pytest.raises(NotComparableError):
        edit(source, "x = 1\n")


def test_work_is_bounded() -> None:
    with pytest.raises(NotComparableError):
        compare_sources(b"x = 1\n" * 1000, b"x = 2\n" * 1000, Allowance(3_000))


def test_an_escape_that_python_warns_of_does_no_harm() -> None:
    assert edit("x = '\\d'\n", "x = '\\d'\n").size == 0


NAMES = st.sampled_from(["a", "b", "value", "total"])
EXPRESSIONS = st.recursive(
    NAMES | st.integers(0, 9).map(str) | st.sampled_from(["'s'", "None", "f(a)", "a.b", "[a, b]", "a[1:b]"]),
    lambda inner: st.builds("({} {} {})".format, inner, st.sampled_from(["+", "*", "and", "<", "if a else"]), inner),
    max_leaves=6,
)
SIMPLE = st.builds("{} = {}".format, NAMES, EXPRESSIONS) | EXPRESSIONS | st.sampled_from(["pass", "import a", "del b"])


def block(body: list[str], head: str) -> str:
    return head + "\n" + textwrap.indent("\n".join(body), "    ")


STATEMENTS = st.recursive(
    SIMPLE,
    lambda inner: st.builds(
        block,
        st.lists(inner, min_size=1, max_size=4),
        st.sampled_from(["if a:", "while b:", "def f(a, b=1):", "class A:", "with a as b:", "for a in b:", "try:"]),
    ).map(lambda text: text + "\nfinally:\n    pass" if text.startswith("try:") else text),
    max_leaves=12,
)
MODULES = st.lists(STATEMENTS, max_size=6).map("\n".join)


@settings(max_examples=40, deadline=None)
@given(MODULES)
def test_every_module_is_alike_to_itself(source: str) -> None:
    assert edit(source, source).size == 0


@settings(max_examples=60, deadline=None)
@given(MODULES, MODULES)
def test_the_edit_is_bounded_and_turns_one_tree_into_the_other(old: str, new: str) -> None:
    found = edit(old, new)
    assert 0 <= found.size <= found.old_size + found.new_size
    assert found.old_size - found.deleted + found.inserted == found.new_size
    assert (found.size == 0) == (ast.dump(ast.parse(old)) == ast.dump(ast.parse(new)))


@settings(max_examples=30, deadline=None)
@given(MODULES, MODULES)
def test_there_and_back_cost_much_the_same(old: str, new: str) -> None:
    there, back = edit(old, new), edit(new, old)
    assert abs(there.size - back.size) <= (there.old_size + there.new_size) / 2


@settings(max_examples=40, deadline=None)
@given(st.lists(STATEMENTS, min_size=2, max_size=6, unique=True), st.randoms(use_true_random=False))
def test_reordered_statements_are_moved_and_never_rewritten(statements: list[str], chance: random.Random) -> None:
    shuffled = [*statements]
    chance.shuffle(shuffled)
    found = edit("\n".join(statements), "\n".join(shuffled))
    assert found.inserted == found.deleted == found.updated == 0
    assert found.moved < len(statements) or shuffled == statements


@settings(max_examples=30, deadline=None)
@given(MODULES)
def test_equal_numbers_mean_equal_trees(source: str) -> None:
    grower = Grower()
    tree, again = grower.grow(source.encode()), grower.grow((source + "\n# comment\n").encode())
    assert tree is not None
    assert again is not None
    assert tree.identity == again.identity


@pytest.mark.parametrize("path", sorted(SOURCES.rglob("*.py"))[::8], ids=lambda path: path.name)
def test_real_files_with_one_name_changed_cost_what_the_name_is_used(path: Path) -> None:
    source = path.read_text()
    tree = ast.parse(source)
    names = sorted(
        {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and not keyword.iskeyword(node.id)}
    )
    if not names:
        return
    chosen = names[len(names) // 2]
    renamed = ast.parse(source)
    uses = [node for node in ast.walk(renamed) if isinstance(node, ast.Name) and node.id == chosen]
    for node in uses:
        node.id = "entirely_new_name"
    found = edit(source, ast.unparse(renamed))
    assert found.size <= 3 * len(uses)


class Work:
    def __init__(self, git_repo: GitRepo) -> None:
        self.git_repo = git_repo
        self.repo = Repository.discover(git_repo.path)

    def files(self) -> dict[str, FileMinimality]:
        change = measure(self.repo, self.repo.resolve("HEAD"), Head.worktree())
        return {row.path: row for row in measure_minimality(self.repo, change).files}


@pytest.fixture
def work(git_repo: GitRepo) -> Iterator[Work]:
    found = Work(git_repo)
    yield found
    found.repo.close()


def test_each_file_names_its_method(work: Work) -> None:
    files: dict[str, str | bytes] = {
        "code.py": module(ALPHA, BETA),
        "commented.py": ALPHA,
        "spaced.py": "x = f(1,2)\n",
        "broken.py": "x = 1\n",
        "notes.md": "a\nb\nc\nd\n",
        "moved.py": GAMMA,
        "blob": b"\0",
    }
    work.git_repo.commit("base", **files)
    work.git_repo.write("code.py", module(BETA, ALPHA))
    work.git_repo.write("commented.py", "# why\n" + ALPHA)
    work.git_repo.write("spaced.py", "x = f(1, 2)\n")
    work.git_repo.write("broken.py", "x = = 1\n")
    work.git_repo.write("notes.md", "a\nB\nc\nd\n")
    work.git_repo.write("blob", b"\0\0")
    work.git_repo.write("fresh.py", "x = 1\n")
    work.git_repo.git("mv", "moved.py", "elsewhere.py")
    rows = work.files()
    assert set(rows) == {"code.py", "commented.py", "spaced.py", "broken.py", "notes.md", "fresh.py", "elsewhere.py"}
    assert (rows["code.py"].method, rows["code.py"].moved, rows["code.py"].edit_size) == ("tree", 1, 1)
    assert (rows["commented.py"].note, rows["commented.py"].edit_size) == (ONLY_COMMENTS, 0)
    assert (rows["spaced.py"].whitespace_only, rows["spaced.py"].edit_size, rows["spaced.py"].ratio) == (True, 0, 0)
    assert (rows["broken.py"].method, rows["broken.py"].ratio) == ("line", 1)
    assert "does not parse" in rows["broken.py"].note
    assert (rows["notes.md"].method, rows["notes.md"].edit_size, rows["notes.md"].tree_size) == ("line", 2, 8)
    assert (rows["fresh.py"].method, rows["fresh.py"].ratio) == ("tree", 1)
    assert (rows["elsewhere.py"].no_op, rows["elsewhere.py"].ratio) == (True, 0)


def test_a_huge_file_is_compared_by_lines_and_says_so(work: Work) -> None:
    huge = "x = 1\n" * 300_000
    work.git_repo.commit("base", **{"huge.py": huge})
    work.git_repo.write("huge.py", huge + "y = 2\n")
    row = work.files()["huge.py"]
    assert (row.method, row.edit_size, row.tree_size) == ("line", 1, 600_001)
    assert "too large" in row.note
