"""Commands about the audit chain."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="The audit chain: verify an export, without the database · 审计链")


@app.callback()
def audit() -> None:
    """The audit chain: verify an export, without the database · 审计链."""


@app.command("verify")
def audit_verify(
    export: Annotated[str, typer.Argument(help="the export, or - for standard input")],
    key: Annotated[list[str], typer.Option(help="public key of the county (PEM); again for each it has used")],
    checkpoint: Annotated[
        list[str] | None, typer.Option(help="a checkpoint that was kept elsewhere; again for each")
    ] = None,
    lang: Annotated[str, typer.Option(help="zh or en")] = "zh",
    json: Annotated[bool, typer.Option("--json", help="one JSON object")] = False,
) -> None:
    """Find out whether anything in an export was changed, taken out, put in, moved or cut off.

    Exits with 0 if it is whole, with 1 if it was tampered with, with 2 if a file cannot be read as what it should be.
    A cut at the end shows only against a checkpoint from elsewhere.
    """
    from rx_review.cli.audit_report import verify

    raise typer.Exit(verify(export, key, checkpoint or [], lang, json))
