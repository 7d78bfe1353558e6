"""What the tests of the store share."""

from tests.databases import database_kind, database_meeting, database_upgrade, database_url, new_database

__all__ = ["database_kind", "database_meeting", "database_upgrade", "database_url", "new_database"]
