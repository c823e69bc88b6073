"""Which programs a command line can start, through shells, runners and scripts, and which Python each of them is.

Nothing is run. A script is read, not carried out, so that what only its run decides is taken as possible.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath

from agent_agency.gates.checkout import lies_inside
from agent_agency.gates.definition_texts import makefile_commands, npm_commands
from agent_agency.gates.pytest_paths import pytest_folders
from agent_agency.sandbox.model import Command
from agent_agency.sandbox.tool_paths import find_program

SHELLS = frozenset({"sh", "bash", "dash", "ash", "zsh", "ksh", "mksh", "fish", "busybox"})
PREFIXES = frozenset(
    {
        *("env", "exec", "command", "builtin", "eval", "time", "timeout", "gtimeout", "nice", "ionice", "nohup"),
        *("setsid", "stdbuf", "unbuffer", "xvfb-run", "xargs", "sudo", "doas", "chrt", "taskset", "then", "do", "else"),
        *("if", "elif", "while", "until", "!", "dotenv", "direnv", "strace", "flock", "parallel", "watch"),
    }
)
RUNNERS = frozenset({"uv", "uvx", "poetry", "pipenv", "pdm", "hatch", "rye", "pixi", "conda", "mamba", "micromamba"})
"""Programs that start another one, named behind their own options, in an environment that they choose."""

DEFINED_ELSEWHERE: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("make", "gmake", "bmake"), ("Makefile", "makefile", "GNUmakefile")),
    **dict.fromkeys(("npm", "npx", "pnpm", "yarn", "bun"), ("package.json",)),
    "just": ("justfile", "Justfile", ".justfile"),
    "task": ("Taskfile.yml", "Taskfile.yaml", "taskfile.yml"),
    "tox": ("tox.ini", "tox.toml", "setup.cfg", "pyproject.toml"),
    "nox": ("noxfile.py",),
    "invoke": ("tasks.py",),
    "inv": ("tasks.py",),
    "pre-commit": (".pre-commit-config.yaml",),
}
"""Programs that start what a file of the checkout says."""

READS_ONLY = frozenset(
    {
        *(
            "pip",
            "pip3",
            "pip-audit",
            "ruff",
            "black",
            "isort",
            "flake8",
            "pycodestyle",
            "pyflakes",
            "bandit",
            "vulture",
        ),
        *(
            "radon",
            "codespell",
            "yamllint",
            "pyright",
            "basedpyright",
            "pylint",
            "mypy",
            "dmypy",
            "pydocstyle",
            "twine",
        ),
        *("build", "semgrep", "detect-secrets", "interrogate", "venv", "virtualenv", "compileall", "safety", "deptry"),
        *(
            "json.tool",
            "ensurepip",
            "tox",
            "nox",
            "pre-commit",
            "py_compile",
            "http.server",
            "zipfile",
            "import-linter",
        ),
    }
)
"""Tools in Python, and modules of ``python -m``, that read source files and import none of the project."""

_IS_PYTHON = re.compile(r"(?:python|pypy)[0-9]*(?:\.[0-9]+)*(?:-dbg|[a-z]{1,2})?")
_SAYS_PYTHON = re.compile(r"\$[({]?\w*(?:python|py)\w*[)}]?", re.IGNORECASE)
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|\((\w+)\)|(\w+))")
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)
_COMMENT = re.compile(r"(?:^|(?<=\s))#[^\n]*")
_ENDS_COMMAND = re.compile(r"[;\n|&()`{}]+")
_ENDS_WORD = re.compile(r"[\s'\",\[\]]+")
_SAYS_NOTHING = frozenset({"echo", "printf", "cd", "test", "[", "[[", "mkdir", "rm", "cp", "mv", "touch", "cat", "ls"})
_MENTIONS_PYTHON = re.compile(r"python|pytest|coverage|unittest")
_MOST_PROGRAMS = 40
_MOST_WORDS = 4000
_LARGEST_SCRIPT = 128 * 1024
_LONGEST_FIRST_LINE = 512
_DEEPEST = 4
_OPTIONS_WITH_VALUE = frozenset({"-W", "-X", "--check-hash-based-pycs"})


@dataclass(frozen=True, slots=True)
class Started:
    """A program that may be started.

    ``python`` is the interpreter that runs it, ``None`` for a program that is no Python. ``module`` is what ``python
    -m`` names, ``imports`` whether it would import the project's code. ``front`` are the checkout's folders that come
    before what is installed, ``ini_front`` those that pytest's setting ``pythonpath`` adds, which pytest 7 brought.
    ``named`` is whether the command line itself leads to it, not a file of the checkout.
    """

    name: str
    path: Path
    python: Path | None = None
    module: str | None = None
    imports: bool = False
    front: frozenset[Path] = frozenset()
    ini_front: frozenset[Path] = frozenset()
    named: bool = True


@dataclass(frozen=True, slots=True)
class StartedPrograms:
    """Every program that a command line can start, as far as its words and the scripts that they name tell.

    ``complete`` is whether every script that it names could be read.
    """

    programs: tuple[Started, ...]
    complete: bool


def started_programs(command: Command) -> StartedPrograms:
    """Follow a command line, and the scripts of its checkout that it names."""
    search = _Search(command, command.cwd)
    search.command(list(command.argv), frozenset(), 0)
    return StartedPrograms(tuple(dict.fromkeys(search.found)), search.complete)


def says_what_to_start(path: str, *, executable: bool) -> bool:
    """Whether a file of a checkout may be one that is read to find out what a command line starts."""
    pure = PurePath(path)
    named = {name for names in DEFINED_ELSEWHERE.values() for name in names}
    return executable or pure.name in named or pure.suffix in {".sh", ".bash", ".zsh", ".ksh", ".fish"}


@dataclass(slots=True)
class _Search:
    """A walk over the words of a command line and of the scripts behind them."""

    origin: Command
    cwd: Path
    complete: bool = True
    in_file: bool = False
    found: list[Started] = field(default_factory=list)
    _read: set[tuple[Path, Path]] = field(default_factory=set)
    _read_well: set[Path] = field(default_factory=set)
    _words: int = 0

    def command(self, words: list[str], front: frozenset[Path], depth: int) -> None:
        """One command: its program and its arguments."""
        if not words or depth > _DEEPEST or len(self.found) >= _MOST_PROGRAMS:
            return
        word, rest = words[0], words[1:]
        name = PurePath(word).name
        path = self._find(word)
        if path is None:
            if name in PREFIXES:
                self._behind(rest, front, depth)
            elif os.sep in word:
                self.complete = False
            return
        if _IS_PYTHON.fullmatch(name):
            self._python(name, path, rest, front)
            return
        interpreter, script = self._interpreter(path)
        if interpreter is not None and _IS_PYTHON.fullmatch(interpreter.name):
            self._tool(name, path, interpreter, rest, front)
        else:
            self._add(Started(name, path))
            if interpreter is not None:
                self._add(Started(interpreter.name, interpreter))
        self._goes_on(name, path, rest, front, depth)
        if script is not None and name not in SHELLS:
            with self._in(path):
                self.text(script, front, depth + 1)

    def text(self, text: str, front: frozenset[Path], depth: int) -> None:
        """A script: every command in it."""
        text = _COMMENT.sub("", text.replace("\\\n", " "))
        for piece in _ENDS_COMMAND.split(self._expanded(text)):
            words = [word for word in _ENDS_WORD.split(piece) if word]
            self._words += len(words)
            if self._words > _MOST_WORDS or len(self.found) >= _MOST_PROGRAMS:
                self.complete = False
                self._unknown()
                return
            if words[:1] == ["export"]:
                front |= self._assigned(words[1:])
            if words[:1] in (["cd"], ["pushd"]) and len(words) > 1:
                self.cwd = self._place(words[1])
            if words[:1] in (["source"], ["."]) and len(words) > 1:
                self._sourced(self._place(words[1]), front, depth)
                continue
            self._behind(words, front, depth)

    def _behind(self, words: Sequence[str], front: frozenset[Path], depth: int) -> None:
        """A command behind assignments, options and other words that start it, and Pythons named among its own."""
        front |= self._assigned(words)
        words = [word.lstrip("@-+") if number == 0 else word for number, word in enumerate(words)]
        for number, word in enumerate(words):
            if PurePath(word).name in _SAYS_NOTHING:
                return
            named = word and not word.startswith("-") and not _ASSIGNMENT.fullmatch(word)
            if named and word.startswith(("./", "../")) and not self._place(word).is_file():
                self.complete = False
            if named and self._find(word) is not None:
                pythons = sum(one.python is not None for one in self.found)
                self.command(list(words[number:]), front, depth + 1)
                if sum(one.python is not None for one in self.found) == pythons:
                    self._named_among(words[number + 1 :], front, depth)
                return

    def _named_among(self, words: Sequence[str], front: frozenset[Path], depth: int) -> None:
        """A Python that another program is told to start, as ``find -exec`` is."""
        for number, word in enumerate(words):
            name = PurePath(word).name
            if _IS_PYTHON.fullmatch(name) or name in {"pytest", "py.test", "coverage"}:
                self.command(list(words[number:]), front, depth + 1)
                return

    def _find(self, word: str) -> Path | None:
        return find_program(word, self.origin.environment, self.cwd)

    def _goes_on(self, name: str, path: Path, rest: list[str], front: frozenset[Path], depth: int) -> None:
        """What a program that starts others starts."""
        if name in SHELLS:
            self._shell(rest, front, depth)
        elif name in PREFIXES:
            self._behind(rest, front, depth)
        elif name in RUNNERS:
            self._own_environment(front)
            before = len(self.found)
            self._behind(rest[1:] if rest[:1] in (["run"], ["exec"]) else rest, front, depth)
            if len(self.found) == before and name != "uvx":
                self._unknown()
        elif name in DEFINED_ELSEWHERE:
            self._defined(name, rest, front, depth)
        elif path.parent.name == "shims":  # of a version manager: which Python it takes is its own matter
            self._unknown()

    def _shell(self, rest: list[str], front: frozenset[Path], depth: int) -> None:
        for number, word in enumerate(rest):
            if rest[number - 1 : number] in (["-o"], ["+o"], ["-O"]):
                continue
            if word.startswith("-") and not word.startswith("--") and "c" in word:
                self._elsewhere("\n".join(rest[number + 1 : number + 2]), front, depth)
                return
            if not word.startswith(("-", "+")):
                self._script(self._place(word), front, depth)
                return

    def _script(self, path: Path, front: frozenset[Path], depth: int) -> None:
        with self._in(path):
            self._elsewhere(self._script_text(path), front, depth)

    def _script_text(self, path: Path) -> str:
        """A script's text; one that is not there starts nothing, one that cannot be read may start anything."""
        text = self._text_of(path)
        if text is None and path not in self._read_well:
            self.complete = False
            if os.path.lexists(path):
                self._unknown()
        return text or ""

    def _sourced(self, path: Path, front: frozenset[Path], depth: int) -> None:
        """A script that the shell itself carries out; that of a virtual environment brings its Python."""
        python = path.parent / "python"
        if path.name.startswith("activate") and os.access(python, os.X_OK):
            self._add(Started("python", python, python, imports=True, front=front | {self.cwd}))
            return
        text = self._script_text(path)
        if depth < _DEEPEST:
            with self._in(path):
                self.text(text, front, depth + 1)

    def _elsewhere(self, text: str, front: frozenset[Path], depth: int) -> None:
        """A script of a process of its own, which goes to other folders by itself."""
        here = self.cwd
        if depth < _DEEPEST:
            self.text(text, front, depth + 1)
        self.cwd = here

    def _defined(self, name: str, rest: list[str], front: frozenset[Path], depth: int) -> None:
        here = self.cwd
        if "-C" in rest[:-1]:
            place = rest.index("-C")
            self.cwd = self._place(rest[place + 1])
            rest = rest[:place] + rest[place + 2 :]
        files = [self.cwd / file for file in DEFINED_ELSEWHERE[name]]
        if not any(file.is_file() for file in files):
            self.complete = False
        texts = [self._definition(file, rest) for file in files]
        whole, before = "\n".join(texts), len(self.found)
        with self._in(self.cwd / name):
            self.text(whole, front, depth + 1)
            if len(self.found) == before and _MENTIONS_PYTHON.search(whole):
                self._unknown()
        self.cwd = here

    def _definition(self, path: Path, arguments: list[str]) -> str:
        """What a file says to start; where its form tells, only what the arguments ask for."""
        text = self._read_file(path) or ""
        if path.name == "package.json":
            return npm_commands(text, arguments)
        return makefile_commands(text, arguments) if path.name.lower().endswith("makefile") else text

    @contextmanager
    def _in(self, path: Path) -> Iterator[None]:
        """While a script is read: what a file of the checkout names, the change may have chosen."""
        before = self.in_file
        self.in_file = before or path.is_relative_to(self.origin.cwd)
        yield
        self.in_file = before

    def _place(self, word: str) -> Path:
        return Path(os.path.abspath(self.cwd / word))  # noqa: PTH100  links are followed where it matters

    def _own_environment(self, front: frozenset[Path]) -> None:
        python = self.cwd / ".venv/bin/python"
        if python.is_file() and os.access(python, os.X_OK):
            self._add(Started("python", python, python, imports=True, front=front))

    def _unknown(self) -> None:
        """A Python that no word names: the first one on the path, with nothing of the checkout before it."""
        found = {name: path for name in ("python", "python3") if (path := self._find(name)) is not None}
        for name, path in {(path.parent, path.resolve()): (name, path) for name, path in found.items()}.values():
            self._add(Started(name, path, path, imports=True))

    def _python(self, name: str, path: Path, rest: list[str], front: frozenset[Path]) -> None:
        """An interpreter: with ``-m`` and ``-c`` the folder it starts in comes first, else that of its script."""
        here = frozenset({self.cwd})
        safe, skip = False, False
        for number, word in enumerate(rest):
            if skip:
                skip = False
            elif word in _OPTIONS_WITH_VALUE:
                skip = True
            elif word == "-m" or (word.startswith("-") and not word.startswith("--") and word.endswith("m")):
                safe = safe or bool(set(word) & {"I", "P"})
                module = rest[number + 1] if len(rest) > number + 1 else ""
                self._module(Started(name, path, path, module), rest[number + 2 :], front if safe else front | here)
                return
            elif word == "-" or (word.startswith("-") and not word.startswith("--") and word.endswith("c")):
                safe = safe or bool(set(word) & {"I", "P"})
                break
            elif word.startswith("-"):
                safe = safe or (not word.startswith("--") and bool(set(word) & {"I", "P"}))
                front = frozenset() if "I" in word or "E" in word else front
            else:
                here = frozenset({self._place(word).parent})
                break
        self._add(Started(name, path, path, imports=True, front=front if safe else front | here))

    def _module(self, started: Started, rest: list[str], front: frozenset[Path]) -> None:
        module = started.module or ""
        self._imports(started, module, rest, front)

    def _tool(self, name: str, path: Path, interpreter: Path, rest: list[str], front: frozenset[Path]) -> None:
        """A script in Python: its own folder comes first on its path, none of the checkout's."""
        inside = path.is_relative_to(self.origin.cwd)
        self._imports(Started(name, path, interpreter), name, rest, front | ({path.parent} if inside else frozenset()))

    def _imports(self, started: Started, tool: str, rest: list[str], front: frozenset[Path]) -> None:
        """A tool in Python, with what it puts before the installed packages by itself."""
        ini = frozenset[Path]()
        imports = tool not in READS_ONLY or (tool in {"mypy", "dmypy"} and not {"-p", "-m"}.isdisjoint(rest))
        if tool == "coverage":
            imports = rest[:1] == ["run"]
            if imports:
                front, tool, rest = self._under_coverage(rest[1:], front)
        if tool in {"pytest", "py.test"}:
            plain, ini = pytest_folders(self.cwd, rest)
            front |= plain
        self._add(Started(started.name, started.path, started.python, started.module, imports, front, ini))

    def _under_coverage(self, rest: list[str], front: frozenset[Path]) -> tuple[frozenset[Path], str, list[str]]:
        """What ``coverage run`` runs: it puts first on the path what Python itself would."""
        for number, word in enumerate(rest):
            if word == "-m":
                module = rest[number + 1] if len(rest) > number + 1 else ""
                return front | {self.cwd}, module, rest[number + 2 :]
            if word.endswith(".py"):
                return front | {self._place(word).parent}, "", []
        return front, "", []

    def _interpreter(self, path: Path) -> tuple[Path | None, str | None]:
        """What a script's first line names, and the text of a script for a shell."""
        try:
            with path.open("rb") as stream:
                first = stream.readline(_LONGEST_FIRST_LINE)
        except OSError:
            return None, None
        if not first.startswith(b"#!"):
            # a shell carries a text without a first line out by itself
            is_text = path.is_relative_to(self.origin.cwd) and b"\0" not in first
            return None, self._text_of(path) if is_text else None
        words = os.fsdecode(first[2:]).split()
        if words and PurePath(words[0]).name == "env":
            words = [word for word in words[1:] if not word.startswith("-") and not _ASSIGNMENT.fullmatch(word)]
        found = self._find(words[0]) if words else None
        if found is None:
            return None, None
        return found, self._text_of(path) if found.name in SHELLS else None

    def _text_of(self, path: Path) -> str | None:
        """A script's text, once; ``None`` when it is too large to be one, or was read before in the same folder."""
        if (path, self.cwd) in self._read:
            return None
        self._read.add((path, self.cwd))
        text = self._read_file(path)
        if text is not None:
            self._read_well.add(path)
        return text

    def _read_file(self, path: Path) -> str | None:
        """A file's text; a link of the checkout that leads out of it is not followed, for it may lead to anything."""
        checkout = self.origin.cwd
        if path.is_relative_to(checkout) and not lies_inside(path, checkout):
            return None
        try:
            if not path.is_file() or path.stat().st_size > _LARGEST_SCRIPT:
                return None
            return path.read_text("utf-8", "replace")
        except OSError:
            return None

    def _expanded(self, text: str) -> str:
        known = self.origin.environment

        def value(match: re.Match[str]) -> str:
            name = match[1] or match[2] or match[3]
            if name in known:
                return known[name]
            return "python3" if _SAYS_PYTHON.fullmatch(match[0]) else match[0]

        return _VARIABLE.sub(value, text)

    def _assigned(self, words: Sequence[str]) -> frozenset[Path]:
        """The checkout's folders that an assignment of ``PYTHONPATH`` puts first."""
        folders = set()
        for word in words:
            match = _ASSIGNMENT.fullmatch(word)
            if match is not None and match[1] == "PYTHONPATH":
                entries = match[2].split(os.pathsep)
                folders |= {self._place(entry) for entry in entries if "$" not in entry}
        return frozenset(folders)

    def _add(self, started: Started) -> None:
        self.found.append(replace(started, named=not self.in_file))
