"""`rx formulary`."""

from __future__ import annotations

from rx_review import config
from rx_review.cli.console import out
from rx_review.library.site_reader import read_sites
from rx_review.library.tables import read_tables


def check_formulary() -> None:
    """Read every table and site profile; faults are raised, and else the counts are printed."""
    tables = read_tables(config.formulary_dir())
    sites = read_sites(config.formulary_dir())
    rows = [row for table in tables.values() for row in table]
    unchecked = sum(1 for row in rows if getattr(row, "checked", None) is False)
    for name, table in sorted(tables.items()):
        out().print(f"{name:<20}{len(table):>7}")
    out().print(f"{'sites':<20}{len(sites):>7}")
    out().print(f"{len(rows)} rows hold together; {unchecked} are not yet compared by a pharmacist (checked: false)")
