"""What Alembic runs: the migrations, inside the transaction of the connection that is passed in."""

from __future__ import annotations

from alembic import context

from agent_agency.store.schema import VERSION_TABLE
from agent_agency.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
