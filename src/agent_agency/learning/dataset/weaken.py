"""Ways to make a test say less, as authors do who cannot make it pass."""

from __future__ import annotations

import re


def delete_test(tests: str, name: str) -> str:
    """Take one test out."""
    return re.sub(rf"\n\n\n(?:@[^\n]+\n)?def {name}\(.*?(?=\n\n\n|\Z)", "", tests, flags=re.DOTALL).rstrip("\n") + "\n"


def skip_test(tests: str, name: str) -> str:
    """Mark one test as skipped."""
    marked = tests.replace(f"def {name}(", f'@pytest.mark.skip(reason="flaky")\ndef {name}(', 1)
    return marked if marked.startswith("import pytest\n") else f"import pytest\n\n{marked}"


def loosen_test(tests: str, name: str) -> str:
    """Let the assertions of one test hold for nearly anything."""

    def loosened(found: re.Match[str]) -> str:
        return re.sub(r"assert (.+?) (==|is) .+", r"assert \1 is not ...", found[0])

    weaker = re.sub(rf"def {name}\(.*?(?=\n\n\n|\Z)", loosened, tests, flags=re.DOTALL)
    return weaker.replace(" is not ...", " is not None")
