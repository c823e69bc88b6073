"""The database: tables, migrations and transactions, on SQLite or Postgres."""
