"""Commands about one county: its members' systems and codes, its numbers, and an invented one to practise on."""

from __future__ import annotations

from typing import Annotated

import typer

sites = typer.Typer(no_args_is_help=True, help="Site profiles: how an HIS's data become prescriptions · 对接配置")
mappings = typer.Typer(no_args_is_help=True, help="Members' own codes: what is unmapped, and files that map it · 对码")
parameters = typer.Typer(no_args_is_help=True, help="Numbers that a county or a member may set · 参数")
county = typer.Typer(
    no_args_is_help=True, help="An invented county: its prescriptions, what the rules cost it · 演示县"
)


_Lang = Annotated[str, typer.Option(help="zh or en")]
_Profile = Annotated[str, typer.Argument(help="name of a profile: see `sites list`")]


@sites.command("list")
def sites_list(lang: _Lang = "zh") -> None:
    """List the profiles: one for each kind of HIS."""
    from rx_review.cli.sites import list_sites

    list_sites(lang)


@sites.command("show")
def sites_show(profile: _Profile, lang: _Lang = "zh") -> None:
    """Show a profile: each of our fields, the column it comes from, how it is read, and what the HIS lacks."""
    from rx_review.cli.sites import show_site

    show_site(profile, lang)


@sites.command("try")
def sites_try(
    profile: _Profile,
    path: Annotated[str, typer.Argument(help="a file of the HIS, or - for standard input")],
    institution: Annotated[str | None, typer.Option(help="code of the member, where the file does not say it")] = None,
    lang: _Lang = "zh",
) -> None:
    """Read a file by a profile: its first prescription as our JSON, how often each column is empty, every fault.

    Exits with 0; with 2 if a sheet cannot be read.
    """
    from rx_review.cli.sites import try_file

    raise typer.Exit(try_file(profile, path, institution, lang))


@mappings.command("todo")
def mappings_todo(
    paths: Annotated[list[str], typer.Argument(help="prescriptions: files, folders, or - for standard input")],
    site: Annotated[str | None, typer.Option(help="site profile, if the files are in an HIS's own form")] = None,
    institution: Annotated[str | None, typer.Option(help="member, where the files do not say it")] = None,
    csv: Annotated[bool, typer.Option("--csv", help="as csv, to fill in and load")] = False,
    json: Annotated[bool, typer.Option("--json", help="one JSON array")] = False,
) -> None:
    """List codes and names that nobody has mapped yet, those sent most often first."""
    from rx_review.cli.mappings import todo

    raise typer.Exit(todo(paths, site, institution, csv, json))


@mappings.command("load")
def mappings_load(
    path: Annotated[str, typer.Argument(help="csv or xlsx with code and target (院内码, 指向)")],
    institution: Annotated[str, typer.Option(help="whose codes they are")],
) -> None:
    """Check a member's mapping file and write it into the formulary."""
    from rx_review.cli.mappings import load

    load(path, institution)


@parameters.command("list")
def parameters_list(
    json: Annotated[bool, typer.Option("--json", help="one JSON array")] = False,
    at: Annotated[str | None, typer.Option(help="day, such as 2026-11-02; default: today")] = None,
    institution: Annotated[str | None, typer.Option(help="as this member has it; default: the county")] = None,
) -> None:
    """List the parameters: value, who set it, which way is stricter, which rules use it."""
    from rx_review.cli.parameters import list_parameters

    list_parameters(json, at, institution)


_Seed = Annotated[int, typer.Option(min=0, help="the same seed, the same county")]
_From = Annotated[str, typer.Option("--from", help="first day, such as 2026-11-02")]
_Gaps = Annotated[bool, typer.Option("--gaps/--no-gaps", help="leave fields out as real sites do")]


@county.command("generate")
def county_generate(
    seed: _Seed = 1,
    days: Annotated[int, typer.Option(min=1, max=366, help="how many days")] = 1,
    per_day: Annotated[int, typer.Option(min=1, max=100_000, help="prescriptions a day")] = 1_000,
    first: _From = "2026-11-02",
    gaps: _Gaps = True,
    violations: Annotated[bool, typer.Option("--violations", help="plant a labelled fault in each")] = False,
    labels: Annotated[
        bool, typer.Option("--labels", help="also print circumstances, regimen and the planted fault")
    ] = False,
) -> None:
    """Print a county's prescriptions, written from treatment regimens, as JSON Lines."""
    from rx_review.cli.county import generate

    generate(seed, days, per_day, first, gaps, violations, labels)


@county.command("burden")
def county_burden(
    json: Annotated[bool, typer.Option("--json", help="measures as JSON")] = False,
    seed: _Seed = 1,
    prescriptions: Annotated[int, typer.Option(min=1, max=1_000_000, help="how many of each: sound, faulty")] = 5_000,
    first: _From = "2026-11-02",
    gaps: _Gaps = True,
    detail: Annotated[bool, typer.Option("--detail", help="also by rule, missing fact, regimen and fault")] = False,
) -> None:
    """Measure what the rules cost: how many of 100 reasonable prescriptions they stop, how many faults they find.

    Exits with 1 if a bar does not hold.
    """
    from rx_review.cli.county import burden

    raise typer.Exit(burden(json, seed, prescriptions, first, gaps, detail))
