"""Commands about the audit chain."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="The audit chain: check, export, verify · 审计链")

Json = Annotated[bool, typer.Option("--json", help="one JSON object")]
Lang = Annotated[str, typer.Option(help="zh or en")]
Kept = Annotated[list[str] | None, typer.Option(help="a checkpoint that was kept elsewhere; again for each")]


@app.callback()
def audit() -> None:
    """The audit chain: check it in the database, export it, verify an export without the database · 审计链."""


@app.command("verify")
def audit_verify(
    export: Annotated[str, typer.Argument(help="the export, or - for standard input")],
    key: Annotated[list[str], typer.Option(help="public key of the county (PEM); again for each it has used")],
    checkpoint: Kept = None,
    lang: Lang = "zh",
    json: Json = False,
) -> None:
    """Find out whether anything in an export was changed, taken out, put in, moved or cut off.

    Exits with 0 if it is whole, with 1 if it was tampered with, with 2 if a file cannot be read as what it should be.
    A cut at the end shows only against a checkpoint from elsewhere.
    """
    from rx_review.cli.audit_report import verify

    raise typer.Exit(verify(export, key, checkpoint or [], lang, json))


@app.command("check")
def audit_check(
    key: Annotated[
        list[str] | None,
        typer.Option(help="public key of the county (PEM); again for each; default: the service's own"),
    ] = None,
    checkpoint: Kept = None,
    lang: Lang = "zh",
    json: Json = False,
) -> None:
    """Check the chain in the database, and every review and state against what the chain says of it.

    Exits with 0 if nothing was changed, with 1 if something was. It reads the whole database, as it is at one instant.
    """
    from rx_review.cli.audit_store import check

    raise typer.Exit(check(key or [], checkpoint or [], lang, json))


@app.command("export")
def audit_export(
    out: Annotated[str, typer.Argument(help="file to write, or - for standard output")],
    checkpoint: Annotated[str | None, typer.Option(help="write the checkpoint of its newest seal here, too")] = None,
) -> None:
    """Write everything that is sealed, for `audit verify`; says on standard error what is not sealed yet."""
    from rx_review.cli.audit_store import export

    export(out, checkpoint)


@app.command("checkpoint")
def audit_checkpoint(
    out: Annotated[str | None, typer.Option(help="file to write; default: standard output")] = None,
) -> None:
    """Write the newest seal as a checkpoint, to be kept elsewhere: against it a cut or a rewritten chain shows."""
    from rx_review.cli.audit_store import checkpoint

    checkpoint(out)


@app.command("status")
def audit_status(json: Json = False) -> None:
    """Say how much is sealed, and what waits since when."""
    from rx_review.cli.audit_store import status

    status(json)
