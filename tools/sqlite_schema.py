"""Writes the statements that make the newest schema in an empty SQLite file, from what the migrations execute.

``python -m tools.sqlite_schema`` writes them; a test holds what is committed against what this would write.
"""

from __future__ import annotations

from typing import Any

from agent_agency.store import schema

_MAKING = ("CREATE ", "ALTER ", "DROP ", "INSERT ", "UPDATE ")
_COUNTING = (f"INSERT INTO {schema.VERSION_TABLE} ", f"UPDATE {schema.VERSION_TABLE} ")


def statements() -> str:
    """Every statement by which the migrations change an empty database, in order.

    Raises:
        ValueError: one has parameters, or cannot be told from the next by what stands between them.
    """
    from sqlalchemy import create_engine, event
    from sqlalchemy.pool import StaticPool

    seen: list[str] = []

    def see(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_context: Any) -> None:
        text = "\n".join(line.rstrip() for line in statement.strip().splitlines())
        if text.startswith(_MAKING) and not text.startswith(_COUNTING):
            if parameters or schema.BETWEEN in text:
                raise ValueError(f"This statement cannot be written down: {text}")
            seen.append(text)

    engine = create_engine("sqlite://", poolclass=StaticPool)
    event.listen(engine, "before_cursor_execute", see)
    with engine.begin() as connection:
        schema.upgrade(connection)
    engine.dispose()
    newest = f"{_COUNTING[0]}VALUES ('{schema.HEAD}')"
    return schema.BETWEEN.join((*seen, newest)) + "\n"


def main() -> None:
    """Write the file of the newest schema and remove those of older ones."""
    path = schema.statements_path()
    for old in path.parent.glob("sqlite_*.sql"):
        old.unlink()
    path.write_text(statements(), "utf-8")


if __name__ == "__main__":
    main()
