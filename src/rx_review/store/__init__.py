"""The only SQL: tables, migrations, and one module of queries per noun. SQLite by default, PostgreSQL in production."""
