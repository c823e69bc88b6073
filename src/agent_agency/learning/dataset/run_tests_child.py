"""Runs in a process of its own: the tests of many small programs, each with its modules apart from the others'.

Started as ``python -I -S -c <this text> JOBS RESULTS``. ``JOBS`` is a JSON list of ``{"files": {path: text}, "suites":
{name: text}}``; ``RESULTS`` becomes a list of ``{suite: {test: "passed" | "failed" | "skipped"}}``. A suite that cannot
be imported has the one test ``import``, failed. Of pytest it knows ``raises``, ``mark.skip`` and ``tmp_path``.
"""

from __future__ import annotations

import importlib.abc
import importlib.util
import json
import re
import signal
import sys
import tempfile
import types
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

_SECONDS_PER_TEST = 0.5  # of processor time, so that a busy machine changes no label


class _LateError(BaseException):
    """A test ran too long; no ``except Exception`` of a program may swallow it."""


class _Modules(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds the modules of one program in memory."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self._files = files

    def find_spec(self, fullname: str, path: object, target: object = None) -> Any:  # noqa: ARG002 - the protocol's
        place = fullname.replace(".", "/")
        if f"{place}.py" in self._files:
            return importlib.util.spec_from_loader(fullname, self)
        if any(name.startswith(f"{place}/") and name.endswith(".py") for name in self._files):
            return importlib.util.spec_from_loader(fullname, self, is_package=True)
        return None

    def exec_module(self, module: types.ModuleType) -> None:
        place = module.__name__.replace(".", "/") + ".py"
        exec(compile(self._files.get(place, ""), place, "exec"), module.__dict__)  # noqa: S102 - programs of ours


@contextmanager
def _raises(expected: type[BaseException], match: str | None = None) -> Iterator[None]:
    try:
        yield
    except expected as error:
        if match is not None and not re.search(match, str(error)):
            raise AssertionError(f"{error} does not match {match}") from error
        return
    raise AssertionError(f"{expected.__name__} was not raised")


def _pytest() -> types.ModuleType:
    def skip(reason: str = "") -> Callable[[Callable[..., object]], Callable[..., object]]:  # noqa: ARG001
        def mark(test: Callable[..., object]) -> Callable[..., object]:
            test.__dict__["skipped"] = True
            return test

        return mark

    module = types.ModuleType("pytest")
    module.__dict__.update(raises=_raises, mark=types.SimpleNamespace(skip=skip))
    return module


def _late(*_: object) -> None:
    raise _LateError


def _passes(test: Callable[..., object], scratch: Path) -> bool:
    arguments = test.__code__.co_varnames[: test.__code__.co_argcount]
    signal.setitimer(signal.ITIMER_PROF, _SECONDS_PER_TEST)
    try:
        with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
            if "tmp_path" in arguments:
                with tempfile.TemporaryDirectory(dir=scratch) as folder:
                    test(tmp_path=Path(folder))
            else:
                test()
    except (Exception, SystemExit, _LateError):  # noqa: BLE001 - whatever a program raises, its test failed
        return False
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    return True


def _suite(text: str, scratch: Path) -> dict[str, str]:
    names: dict[str, Any] = {"__name__": "suite"}
    signal.setitimer(signal.ITIMER_PROF, _SECONDS_PER_TEST)
    try:
        exec(compile(text, "suite.py", "exec"), names)  # noqa: S102 - programs of ours
    except (Exception, SystemExit, _LateError):  # noqa: BLE001 - likewise
        return {"import": "failed"}
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    found = {}
    for name, test in names.items():
        if name.startswith("test_") and isinstance(test, types.FunctionType):
            ended = "passed" if "skipped" in test.__dict__ or _passes(test, scratch) else "failed"
            found[name] = "skipped" if "skipped" in test.__dict__ else ended
    return found


def _job(job: Mapping[str, Any], scratch: Path) -> dict[str, dict[str, str]]:
    finder = _Modules(job["files"])
    known = set(sys.modules)
    sys.meta_path.insert(0, finder)
    results = {}
    try:
        for name, text in job["suites"].items():
            results[name] = _suite(text, scratch)
            own = {module for module in set(sys.modules) - known if _is_own(module, job["files"])}
            for module in own:
                del sys.modules[module]
    finally:
        sys.meta_path.remove(finder)
    return results


def _is_own(module: str, files: Mapping[str, str]) -> bool:
    return any(path.startswith(module.partition(".")[0] + "/") for path in files)


def main(jobs: str, results: str) -> None:
    """Run every job and write what came of it."""
    signal.signal(signal.SIGPROF, _late)
    sys.modules["pytest"] = _pytest()
    scratch = Path(results).parent
    done = [_job(job, scratch) for job in json.loads(Path(jobs).read_text("utf-8"))]
    Path(results).write_text(json.dumps(done), "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
