"""The settings of whatever is run: its command, its time, its network, its variables."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from agent_agency.gate_reader.values import Refuse, can_match, is_number, is_texts
from agent_agency.gate_settings import DEFAULT_TIMEOUT_S

LONGEST_TIMEOUT_S = 24 * 3600
SHELLS = ("sh", "bash")
SET_BY_THE_ARBITER = frozenset({"PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "PYTHONHASHSEED", "CI", "AGENCY_SETUP"})
"""Variables that every tool gets from the arbiter itself, the same for whoever runs it."""

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_CREDENTIAL = re.compile(
    r"(?:^|_)(?:TOKEN|SECRETS?|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?|API_?KEY|ACCESS_KEY|PRIVATE_KEY|AUTH_SOCK"
    r"|AGENT_INFO|COOKIE)(?:_|$)"
)
_CHOOSES_CODE = re.compile(
    r"LD_.*|DYLD_.*|GIT_.*|PYTHON(?:PATH|HOME|STARTUP|USERBASE|PLATLIBDIR|INSPECT|BREAKPOINT)|NODE_(?:OPTIONS|PATH)"
    r"|PYTEST_(?:ADDOPTS|PLUGINS)|RUBY(?:OPT|LIB)|PERL5(?:OPT|LIB)|JAVA_TOOL_OPTIONS|_JAVA_OPTIONS|CLASSPATH"
    r"|BASH_ENV|ENV|COVERAGE_PROCESS_START"
)


def why_not_passed_on(name: str) -> str | None:
    """Say why a variable of the arbiter never reaches a tool; ``None`` when a gate may name it."""
    if name in SET_BY_THE_ARBITER:
        return "the arbiter sets it itself"
    if _CREDENTIAL.search(name.upper()):
        return "credentials and agents' sockets never reach the code under review"
    if _CHOOSES_CODE.fullmatch(name):
        return "it would let whoever starts the review choose what is run or measured"
    return None


class CommandReader:
    """Reads the values of one table and remembers whether any was refused."""

    def __init__(self, table: Mapping[str, Any], refuse: Refuse, owner: str) -> None:
        self._table = table
        self._tell = refuse
        self._owner = owner
        self.refused = False

    def _refuse(self, key: str, problem: str, remedy: str) -> None:
        self.refused = True
        self._tell(key, problem, remedy)

    def command(self) -> tuple[tuple[str, ...], str | None]:
        """The arguments and the shell that reads them, ``None`` where they are run themselves."""
        return self._argv(), self._shell()

    def _argv(self) -> tuple[str, ...]:
        value = self._table.get("argv")
        if is_texts(value) and value and value[0].strip() and not any("\0" in part for part in value):
            if "shell" not in self._table or len(value) == 1:
                return tuple(value)
            problem = f"A shell is given one script, and 'argv' has {len(value)} entries"
            self._refuse("argv", problem, 'Write the script as one text: argv = ["make && make check"].')
            return ()
        remedy = 'Write the program and its arguments: argv = ["python", "-m", "pytest"].'
        self._refuse("argv", f"{self._owner} has no list of program and arguments", remedy)
        return ()

    def _shell(self) -> str | None:
        value = self._table.get("shell")
        if value is None or value in SHELLS:
            return value
        remedy = f"Write one of: {', '.join(SHELLS)}; or remove it, and 'argv' is run itself."
        self._refuse("shell", "'shell' is no name of a known shell", remedy)
        return None

    def timeout(self) -> float:
        """The longest that it may run, in seconds."""
        value = self._table.get("timeout_s", DEFAULT_TIMEOUT_S)
        if is_number(value) and 1 <= value <= LONGEST_TIMEOUT_S:
            return float(value)
        self._refuse("timeout_s", f"'timeout_s' is no number from 1 to {LONGEST_TIMEOUT_S}", "Write seconds.")
        return DEFAULT_TIMEOUT_S

    def yes_or_no(self, key: str, remedy: str) -> bool:
        """A setting that is true or false."""
        value = self._table.get(key, False)
        if isinstance(value, bool):
            return value
        self._refuse(key, f"'{key}' is not true or false", remedy)
        return False

    def network(self) -> bool:
        """Whether it may use the network."""
        return self.yes_or_no("network", "Write false, or true where the tool needs it.")

    def environment(self) -> tuple[str, ...]:
        """The names of the arbiter's variables that it may see."""
        value = self._table.get("environment", [])
        if not is_texts(value) or not all(_VARIABLE.fullmatch(name) for name in value):
            problem = "'environment' is no list of variables' names"
            self._refuse("environment", problem, 'Write names without values: environment = ["TZ"].')
            return ()
        for name in value:
            if reason := why_not_passed_on(name):
                self._refuse("environment", f"'{name}' cannot be passed on: {reason}", "Remove it.")
        return tuple(dict.fromkeys(value))

    def globs(self, key: str, example: str) -> tuple[str, ...]:
        """Globs of paths of the repository."""
        value = self._table.get(key, [])
        if is_texts(value) and all(can_match(glob) for glob in value):
            return tuple(value)
        remedy = f'Write globs relative to the repository\'s root: {key} = ["{example}"].'
        self._refuse(key, f"'{key}' is no list of globs that can match a path", remedy)
        return ()
