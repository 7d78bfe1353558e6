"""Commands about the county's database: make and migrate it, back it up, restore it."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(
    no_args_is_help=True, help="The county's database: upgrade, status, backup, restore · 数据库的建立、升级与备份"
)

_Yes = Annotated[bool, typer.Option("--yes", help="yes, what is there may be lost")]


@app.command("upgrade")
def db_upgrade(
    name: Annotated[str | None, typer.Option(help="name of the county, the first time")] = None,
    history_since: Annotated[
        str | None,
        typer.Option(help="from this day on every member's supplies are here, as 2026-12-01; default: today"),
    ] = None,
) -> None:
    """Make the database of RX_DATABASE_URL or bring it up to date; make the keys and found the county the first time.

    Run it again after each new version of the program. It can be interrupted and run again.
    """
    from rx_review.cli.db_schema import upgrade_database

    upgrade_database(name, history_since)


@app.command("status")
def db_status(json: Annotated[bool, typer.Option("--json", help="one JSON object")] = False) -> None:
    """Say how the database stands. Exits with 0 if it is ready for the service, with 1 if not."""
    from rx_review.cli.db_schema import say_status

    raise typer.Exit(say_status(json))


@app.command("downgrade")
def db_downgrade(
    revision: Annotated[str, typer.Argument(help="revision of the schema; base empties the database")],
    yes: _Yes = False,
) -> None:
    """Take the schema back to an older revision, with what only the newer one can hold. Back up first."""
    from rx_review.cli.db_schema import downgrade_database

    downgrade_database(revision, yes)


@app.command("backup")
def db_backup(file: Annotated[str, typer.Argument(help="file to write")]) -> None:
    """Write the database into one file, consistent, while services run. The keys are NOT in it."""
    from rx_review.cli.db_backup import back_up_database

    back_up_database(file)


@app.command("restore")
def db_restore(
    file: Annotated[str, typer.Argument(help="file of `db backup`")],
    yes: _Yes = False,
) -> None:
    """Put a backup into the place of the database, all of it or nothing. Stop the service first."""
    from rx_review.cli.db_backup import restore_database

    restore_database(file, yes)
