"""Commands about editions: whole dated bundles of rules and formulary, signed by two people."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Editions: keys, sign, verify, pack, compare · 规则与药品知识的版本")

_Bundle = Annotated[str, typer.Argument(help="a folder that holds rules/ and formulary/, or a file of `edition pack`")]


@app.command("keygen")
def edition_keygen(
    person: Annotated[str, typer.Argument(help="whose key it is: name or staff code")],
    out: Annotated[str, typer.Option(help="file of the private key; the public one is written to FILE.pub")],
) -> None:
    """Make a key to sign editions with. The private one never leaves its owner; the public one is registered."""
    from rx_review.cli.edition_signing import keygen

    keygen(person, out)


@app.command("sign")
def edition_sign(
    bundle: _Bundle,
    person: Annotated[str, typer.Option(help="who signs: name or staff code, as the key has it")],
    key: Annotated[str, typer.Option(help="file of the signer's private key")],
    out: Annotated[str | None, typer.Option(help="file of the statement; default: a name in this folder")] = None,
) -> None:
    """Check an edition and sign that it is to be published.

    It must load, lint must find nothing and every rule must be proved. Exits with 2 and every fault otherwise.
    """
    from rx_review.cli.edition_signing import sign

    sign(bundle, person, key, out)


@app.command("verify")
def edition_verify(
    bundle: _Bundle,
    statement: Annotated[list[str], typer.Option(help="file of a statement; once for each")],
    public: Annotated[list[str], typer.Option(help="file of a person's public key; once for each")],
) -> None:
    """Check that two people, each with a key of their own, signed this very edition.

    Exits with 0 if so, with 1 if not, with 2 if a file cannot be read.
    """
    from rx_review.cli.edition_signing import verify

    raise typer.Exit(verify(bundle, statement, public))


@app.command("pack")
def edition_pack(
    bundle: _Bundle,
    out: Annotated[str, typer.Option(help="file to write, such as edition.tar.bz2")],
) -> None:
    """Write an edition into one file; the same edition gives the same bytes."""
    from rx_review.cli.edition_bundle import pack_edition

    pack_edition(bundle, out)


@app.command("diff")
def edition_diff(
    before: _Bundle,
    after: _Bundle,
    json: Annotated[bool, typer.Option("--json", help="one JSON object")] = False,
) -> None:
    """Say which rules, parameters, rows and site profiles differ between two editions."""
    from rx_review.cli.edition_diff import diff

    diff(before, after, json)
