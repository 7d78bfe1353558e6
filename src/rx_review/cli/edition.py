"""Commands about editions: whole dated bundles of rules and formulary, signed by two people."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Editions: sign, publish, roll back, compare · 规则与药品知识的版本")

_Statements = Annotated[list[str], typer.Option("--statement", help="file of a statement; once for each of two people")]
_Reason = Annotated[str, typer.Option(help="why, in one line")]
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
    roll_back: Annotated[
        bool, typer.Option("--roll-back", help="that it hold again, as it did; the digest itself will do for BUNDLE")
    ] = False,
) -> None:
    """Check an edition and sign that it is to be published; or, with --roll-back, that an earlier one hold again.

    To be published it must load, lint must find nothing and every rule must be proved. Exits with 2 and every fault
    otherwise.
    """
    from rx_review.cli.edition_signing import sign, sign_roll_back

    (sign_roll_back if roll_back else sign)(bundle, person, key, out)


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


@app.command("publish")
def edition_publish(bundle: _Bundle, statement: _Statements, reason: _Reason) -> None:
    """Check an edition once more and let it hold in the county from now on; two people must have signed it.

    Each needs an account as lead, chief or administrator with the key registered. Services take it over within
    seconds. Exits with 2 and every fault if it is refused; then nothing has changed.
    """
    from rx_review.cli.edition_publishing import publish_edition

    publish_edition(bundle, statement, reason)


@app.command("list")
def edition_list(json: Annotated[bool, typer.Option("--json", help="one JSON array")] = False) -> None:
    """List the editions that were published: by whom, when each held and why."""
    from rx_review.cli.edition_publishing import list_editions

    list_editions(json)


@app.command("rollback")
def edition_rollback(
    digest: Annotated[str, typer.Argument(help="of the edition, or its first 12 signs: see `edition list`")],
    statement: _Statements,
    reason: _Reason,
) -> None:
    """Let an edition hold again that was published before; two people must ask for it with `edition sign --roll-back`.

    Their statements must be younger than a week and than the last switch. Exits with 2 and every fault if it is
    refused; then nothing has changed.
    """
    from rx_review.cli.edition_publishing import roll_back

    roll_back(digest, statement, reason)
