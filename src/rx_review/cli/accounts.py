"""Commands about who may come in: accounts of people, clients of systems."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Accounts of people, clients of systems · 账号与系统客户端")

_Name = Annotated[str, typer.Argument(help="of an account or a client: see `accounts list`")]
_Roles = Annotated[
    list[str],
    typer.Option(
        "--role",
        help="prescriber, pharmacist, lead, chief, cashier, dispenser, auditor or administrator; again for each",
    ),
]
_Members = Annotated[list[str] | None, typer.Option("--member", help="code of a member; again for each")]
_Every = Annotated[bool, typer.Option("--every-member", help="for every member, also those still to come")]
_Stdin = Annotated[bool, typer.Option("--password-stdin", help="read the password from standard input, one line")]


@app.command("add")
def accounts_add(
    name: Annotated[str, typer.Argument(help="to log in with: letters, digits and . _ -")],
    person: Annotated[str, typer.Option(help="code of the person in the staff register")],
    role: _Roles,
    member: _Members = None,
    every_member: _Every = False,
    public_key: Annotated[
        str | None, typer.Option(help="file of the public key with which the person signs editions")
    ] = None,
    password_stdin: _Stdin = False,
) -> None:
    """Make the account of a person; the password is asked for twice."""
    from rx_review.cli.accounts_people import add_person

    add_person(name, person, role, member or [], every_member, public_key, password_stdin)


@app.command("client")
def accounts_client(
    client: Annotated[str, typer.Argument(metavar="ID", help="client_id of the system: letters, digits and . _ -")],
    role: _Roles,
    member: _Members = None,
    every_member: _Every = False,
) -> None:
    """Make a client of a member's system and print its secret, once."""
    from rx_review.cli.accounts_people import add_system

    add_system(client, role, member or [], every_member)


@app.command("list")
def accounts_list(json: Annotated[bool, typer.Option("--json", help="one JSON array")] = False) -> None:
    """List accounts and clients with their roles and members."""
    from rx_review.cli.accounts_people import list_everyone

    list_everyone(json)


@app.command("disable")
def accounts_disable(name: _Name) -> None:
    """Stop an account or a client; what it holds ends at once."""
    from rx_review.cli.accounts_people import switch

    switch(name, disabled=True)


@app.command("enable")
def accounts_enable(name: _Name) -> None:
    """Let an account or a client in again."""
    from rx_review.cli.accounts_people import switch

    switch(name, disabled=False)


@app.command("reset")
def accounts_reset(name: _Name, password_stdin: _Stdin = False) -> None:
    """Give an account another password, or a client another secret; ends a pause, and what it holds."""
    from rx_review.cli.accounts_people import give_another

    give_another(name, password_stdin)


@app.command("key")
def accounts_key(
    name: Annotated[str, typer.Argument(help="of the account")],
    public: Annotated[str, typer.Argument(help="file of the public key, as `edition keygen` wrote it")],
) -> None:
    """Register the public key with which a person signs editions; one that they had signs no more."""
    from rx_review.cli.accounts_people import register

    register(name, public)
