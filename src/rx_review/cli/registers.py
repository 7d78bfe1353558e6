"""`rx registers`: members, staff and decisions from spreadsheets, and back into them."""

from __future__ import annotations

import json as json_text
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from rx_review.errors import EnvironmentFault, Fault, InputError

if TYPE_CHECKING:
    from rx_review.desk.actor import Actor
    from rx_review.desk.centre import Centre

app = typer.Typer(
    no_args_is_help=True, help="Members, staff and decisions: from spreadsheets and back · 人员和机构登记"
)

_Out = Annotated[str, typer.Option("--out", help="the xlsx file to write; one that is there is not overwritten")]
_SHOWN = 200


@app.command("import")
def registers_import(
    paths: Annotated[list[str], typer.Argument(metavar="FILE...", help="csv or xlsx; all of them or none")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only show what would change")] = False,
    json: Annotated[bool, typer.Option("--json", help="one JSON object, of faults too")] = False,
    lang: Annotated[str, typer.Option(help="zh or en")] = "zh",
) -> None:
    """Write what spreadsheets say into the registers, in one step; what is not in them is left alone and listed.

    Exits with 0; with 2 if anything is wrong, and nothing is written then. See `registers template`.
    """
    raise typer.Exit(import_registers(paths, dry_run, json, lang))


@app.command("export")
def registers_export(
    what: Annotated[str, typer.Argument(help="staff, members or decisions")],
    to: _Out,
) -> None:
    """Write a register into a spreadsheet, in the columns that `registers import` reads."""
    export_register(what, Path(to))


@app.command("template")
def registers_template(
    to: _Out,
) -> None:
    """Write an empty spreadsheet with every column, and a sheet that explains the values."""
    from rx_review.intake.register_writing import write_template

    _save(Path(to), write_template())


def import_registers(paths: Sequence[str], dry_run: bool, as_json: bool, lang: str) -> int:
    """Import files and say what changed."""
    from rx_review import config
    from rx_review.cli.console import say_faults
    from rx_review.desk.importing import import_files

    try:
        files = [_read(Path(path)) for path in paths]
        with _centre() as centre:
            report = import_files(centre, _administrator(), files, config.now(), dry_run)
    except InputError as error:
        if as_json:
            print(json_text.dumps({"faults": [asdict(fault) for fault in error.faults]}, ensure_ascii=False, indent=1))
        else:
            say_faults(error, lang)
        return error.exit_code
    if as_json:
        print(json_text.dumps(report, ensure_ascii=False, indent=1))
    else:
        _print(report)
    return 0


def export_register(what: str, path: Path) -> None:
    """Write a register into an xlsx file.

    Raises:
        InputError: there is no such register, or the file is there.
    """
    from rx_review.desk.exporting import Exported, export_file

    found: Exported | None = next((each for each in get_args(Exported) if each == what), None)
    if found is None:
        known = ", ".join(get_args(Exported))
        raise InputError(Fault(what, "no such register", f"write one of {known}", f"没有这个登记；请用 {known}"))
    with _centre() as centre:
        _save(path, export_file(centre, _administrator(), found))


@contextmanager
def _centre() -> Iterator[Centre]:
    """The county's centre, with its edition where one is published: members are checked against it."""
    from rx_review import config
    from rx_review.cli.database import county_database
    from rx_review.desk.centre import Centre
    from rx_review.domain.problems import Refusal
    from rx_review.editions.current import CurrentEdition
    from rx_review.store.keys import read_keys
    from rx_review.store.vault import Vault

    with county_database() as database:
        centre = Centre(database, Vault(read_keys(config.keys_dir())))
        try:
            centre.install(CurrentEdition(database, config.cache_dir()).load())
        except Refusal as refusal:
            if refusal.code != "not-ready":
                raise
        yield centre


def _administrator() -> Actor:
    """Whoever runs the command on the server, by the name the system knows: no variable of theirs changes it."""
    from rx_review.cli.database import operator
    from rx_review.desk.actor import Actor

    _, _, name = operator().partition(":")
    return Actor("person", name, frozenset({"administrator", "lead"}))


def _read(path: Path) -> tuple[str, bytes]:
    """A file's name and content, not more of it than tells that it is too large."""
    from rx_review.intake.register_sheets import MOST_BYTES

    try:
        with path.open("rb") as file:
            return path.name, file.read(MOST_BYTES + 1)
    except OSError as error:
        why = error.strerror or "cannot be read"
        raise InputError(Fault(str(path), why, "correct the path", "无法读取；请更正路径")) from None


def _save(path: Path, data: bytes) -> None:
    from rx_review.cli.console import out

    try:
        with path.open("xb") as file:
            file.write(data)
    except FileExistsError:
        zh = "文件已存在；请另取文件名"
        raise InputError(Fault(str(path), "it is there already", "name another file", zh)) from None
    except OSError as error:
        why = error.strerror or "cannot be written"
        raise EnvironmentFault(Fault(str(path), why, "name another file", "无法写入；请另取文件名")) from None
    out().print(f"已写入 · written: {path}", markup=False)


def _print(report: Mapping[str, Any]) -> None:
    from rx_review.cli.console import out

    added, changed, absent = report["added"], report["changed"], report["absent"]
    if report["dry_run"]:
        out().print("试运行：没有写入 · dry run: nothing is written")
    counts = (len(added), len(changed), len(report["unchanged"]), len(absent))
    zh = "新增 {}，变更 {}，未变 {}，登记中有而文件中没有 {}".format(*counts)
    out().print(zh + " · {} added, {} changed, {} unchanged, {} only in the register".format(*counts))
    lines = [f"+ {_called(each)}" for each in added]
    for each in changed:
        lines.append(f"~ {_called(each)}")
        lines += [
            f"    {change['field']}: {_value(change['old'])} → {_value(change['new'])}" for change in each["changes"]
        ]
    lines += [f"? {_called(each)}" for each in absent]
    lines += [f"未读取 · not read: {place}" for place in report["left_alone"]]
    for line in lines[:_SHOWN]:
        out().print(line, markup=False)
    if len(lines) > _SHOWN:
        out().print(f"… {len(lines) - _SHOWN}；完整内容见 --json · more: see --json", markup=False)


def _called(entry: Mapping[str, Any]) -> str:
    return " ".join(filter(None, (entry["register"], entry["key"], entry.get("name"))))


def _value(value: object) -> str:
    return "（不详 · unknown）" if value is None else json_text.dumps(value, ensure_ascii=False)
