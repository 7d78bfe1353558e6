"""Commands. Each is thin: it reads, calls one function below and prints."""

from __future__ import annotations

import io
import signal
import sys
from typing import Annotated

import typer

from rx_review.cli.accounts import app as accounts_app
from rx_review.cli.audit import app as audit
from rx_review.cli.county_app import county, mappings, parameters, sites
from rx_review.cli.db import app as db_app
from rx_review.cli.edition import app as edition_app
from rx_review.cli.registers import app as registers_app
from rx_review.errors import RxError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Prescription review for a county medical community · 县域医共体处方审核",
    context_settings={"help_option_names": ["-h", "--help"]},
)
rules = typer.Typer(no_args_is_help=True, help="Rules: prove, list, explain, write · 规则")
formulary = typer.Typer(no_args_is_help=True, help="The formulary: check, describe · 药品知识")
bench = typer.Typer(no_args_is_help=True, help="Measure · 测量")
app.add_typer(rules, name="rules")
app.add_typer(formulary, name="formulary")
app.add_typer(parameters, name="parameters")
app.add_typer(sites, name="sites")
app.add_typer(mappings, name="mappings")
app.add_typer(county, name="county")
app.add_typer(edition_app, name="edition")
app.add_typer(db_app, name="db")
app.add_typer(accounts_app, name="accounts")
app.add_typer(registers_app, name="registers")
app.add_typer(bench, name="bench")
app.add_typer(audit, name="audit")


@app.command()
def schema(what: Annotated[str, typer.Argument(help="prescription or circumstances")]) -> None:
    """Print the JSON Schema of what is sent in."""
    from rx_review.cli.schema import print_schema

    print_schema(what)


@app.command()
def review(
    paths: Annotated[list[str], typer.Argument(help="files, folders of *.json and *.jsonl, or - for standard input")],
    at: Annotated[str | None, typer.Option(help="instant of review; default: each prescription's own issue")] = None,
    lang: Annotated[str, typer.Option(help="zh or en")] = "zh",
    json: Annotated[bool, typer.Option("--json", help="one JSON object a line")] = False,
    circumstances: Annotated[
        str | None, typer.Option(help="file with what the world says: see `schema circumstances`; default: unknown")
    ] = None,
    fail_on: Annotated[
        str | None, typer.Option(help="exit with 1 from this severity on: note, warn, hold, return, block")
    ] = None,
    site: Annotated[
        str | None, typer.Option(help="profile of the HIS that wrote the files (`sites list`); default: our own form")
    ] = None,
    institution: Annotated[
        str | None, typer.Option(help="with --site: code of the member, where the files do not say it")
    ] = None,
) -> None:
    """Review prescriptions: a JSON object, an array or JSON Lines; with --site the file of an HIS as it is.

    Exits with 0; with 1 if --fail-on is given and reached; with 2 on bad input, good prescriptions being reviewed
    all the same; with 3 if the machine lacks something. If the rule engine fails during a review, the answer is hold.
    """
    from rx_review.cli.review import review_paths

    raise typer.Exit(review_paths(paths, at, lang, json, fail_on, circumstances, site, institution))


@rules.command("prove")
def rules_prove(names: Annotated[list[str] | None, typer.Argument(help="ids or names; default: all")] = None) -> None:
    """Run every example and prove every clause by one."""
    from rx_review.cli.rules import prove_rules

    raise typer.Exit(prove_rules(names or []))


@rules.command("list")
def rules_list(json: Annotated[bool, typer.Option("--json", help="one JSON array")] = False) -> None:
    """List the rules."""
    from rx_review.cli.rules import list_rules

    list_rules(json)


@rules.command("explain")
def rules_explain(name: Annotated[str, typer.Argument(help="id or name of a rule")]) -> None:
    """Say what a rule tests, on whose authority, with its examples."""
    from rx_review.cli.rules import explain_rule

    explain_rule(name)


@rules.command("new")
def rules_new(
    topic: Annotated[str, typer.Argument(help="folder below rules/, such as quantity")],
    name: Annotated[str, typer.Argument(help="what is wrong, such as quantity-over-seven-days")],
) -> None:
    """Write the frame of a rule, as a draft."""
    from rx_review.cli.rules import new_rule

    new_rule(topic, name)


@rules.command("lint")
def rules_lint() -> None:
    """Find what cannot be right in the rules."""
    from rx_review.cli.rules import lint_rules

    raise typer.Exit(lint_rules())


@rules.command("catalogue")
def rules_catalogue(verb: Annotated[str, typer.Argument(help="write or check")]) -> None:
    """Write rules/CATALOGUE.md and rules/README.md, or check that they are current."""
    from rx_review.cli.generated import run_generated

    raise typer.Exit(run_generated("rules", verb))


@rules.command("trace")
def rules_trace(verb: Annotated[str, typer.Argument(help="write or check")]) -> None:
    """Write rules/TRACE.md, from each article to its rules, or check that it is complete and current."""
    from rx_review.cli.generated import run_generated

    raise typer.Exit(run_generated("trace", verb))


@formulary.command("check")
def formulary_check() -> None:
    """Read every table and say what is wrong, by file, line and column."""
    from rx_review.cli.formulary import check_formulary

    check_formulary()


@formulary.command("dictionary")
def formulary_dictionary(verb: Annotated[str, typer.Argument(help="write or check")]) -> None:
    """Write formulary/README.md, or check that it is current."""
    from rx_review.cli.generated import run_generated

    raise typer.Exit(run_generated("formulary", verb))


@bench.command("review")
def bench_review(
    json: Annotated[bool, typer.Option("--json", help="measures as JSON")] = False,
    reviews: Annotated[int, typer.Option(min=1_000, help="how many reviews")] = 200_000,
) -> None:
    """Measure review: p50, p99, rate of one core, memory."""
    from rx_review.cli.bench import bench_review as run

    raise typer.Exit(run(json, reviews))


@bench.command("engine")
def bench_engine(
    json: Annotated[bool, typer.Option("--json", help="measures as JSON")] = False,
    reviews: Annotated[int, typer.Option(min=100, help="how many prescriptions")] = 2_000,
) -> None:
    """Measure both executors beside zen-engine, CLIPS and CEL: same facts, same rules, verdicts compared."""
    from rx_review.cli.bench import bench_engine as run

    raise typer.Exit(run(json, reviews))


@bench.command("api")
def bench_api(
    json: Annotated[bool, typer.Option("--json", help="measures as JSON")] = False,
    requests: Annotated[int, typer.Option(min=100, help="how many as fast as they are answered")] = 3_000,
    seconds: Annotated[int, typer.Option(min=5, help="how long 40 a second")] = 30,
    only: Annotated[str | None, typer.Option(help="sqlite or postgresql alone")] = None,
) -> None:
    """Measure the service: submissions it sustains, how long they take, where the time goes; both databases."""
    from rx_review.cli.bench_api import bench_api as run

    _outlive_connections()
    raise typer.Exit(run(json, requests, seconds, only))


@app.command("replay")
def replay(
    since: Annotated[str | None, typer.Option("--from", help="a day, or an instant: reviews from then on")] = None,
    until: Annotated[str | None, typer.Option("--to", help="a day (all of it), or an instant: before it")] = None,
    prescription: Annotated[str | None, typer.Option(help="id: only the reviews of this prescription")] = None,
    sample: Annotated[int | None, typer.Option(min=1, help="only so many, drawn by --seed")] = None,
    seed: Annotated[int, typer.Option(help="the same seed draws the same sample")] = 0,
    recompute: Annotated[bool, typer.Option("--recompute", help="also from the input, with today's code")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="with --recompute: newer code must agree too")] = False,
    json: Annotated[bool, typer.Option("--json", help="one JSON object")] = False,
) -> None:
    """Decide stored reviews again from their facts, with the edition that held then: the same bytes, always.

    Exits with 0 if every decision is the same and is what the audit names, else with 1.
    """
    from rx_review.cli.replay import run_replay

    raise typer.Exit(run_replay(since, until, prescription, sample, seed, recompute, strict, json))


@app.command()
def demo(
    serve: Annotated[bool, typer.Option("--serve/--no-serve", help="end with a service that runs")] = True,
    prescriptions: Annotated[int, typer.Option(min=1, max=20_000, help="sheets of the day")] = 2_000,
    seed: Annotated[int, typer.Option(help="the same seed, the same county")] = 1,
    port: Annotated[int, typer.Option(min=1, max=65_535, help="of the service")] = 8070,
    folder: Annotated[str | None, typer.Option(help="new or empty; default: a temporary one, removed after")] = None,
    lang: Annotated[str, typer.Option(help="zh or en")] = "zh",
) -> None:
    """Show a day of an invented county through the real desk, store and audit, then serve it.

    Exits with 1 if the audit chain or the replay did not hold.
    """
    from rx_review.cli.demo import run_demo

    _outlive_connections()
    raise typer.Exit(run_demo(serve, prescriptions, seed, port, folder, lang))


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="address to listen at; 0.0.0.0 for all of IPv4")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="0: any free one")] = 8070,
    workers: Annotated[
        int | None, typer.Option(min=1, help="processes; default: one a core, on SQLite four at most")
    ] = None,
    tls_cert: Annotated[str | None, typer.Option(help="PEM file of the certificate and its chain")] = None,
    tls_key: Annotated[str | None, typer.Option(help="PEM file of its key, without a password")] = None,
    access_log: Annotated[bool, typer.Option(help="log every request; else only those that failed")] = True,
    trusted_proxy: Annotated[
        list[str] | None, typer.Option(help="address whose X-Forwarded-For and -Proto are believed; may be repeated")
    ] = None,
) -> None:
    """Serve the API on the database and keys of the data folder, until SIGTERM or Ctrl-C."""
    from rx_review.cli.serve import run_service

    raise typer.Exit(run_service(host, port, workers, tls_cert, tls_key, access_log, trusted_proxy or []))


def main() -> None:
    """Run a command; an error of ours is said on standard error and becomes its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # Answers are UTF-8 whatever the locale: other programs read them.
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        app(prog_name="rx", standalone_mode=True)
    except RxError as error:
        from rx_review.cli.console import say_faults

        say_faults(error)
        sys.exit(error.exit_code)


def _outlive_connections() -> None:
    """For a command that is no filter, but talks to processes of its own: one of them that ends must not end it."""
    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)


def run() -> None:
    """The process of a command: `main`, and a reader that goes away (`| head`) ends it without a word, as any filter.

    Not for who calls `main` within a process of his own: the next connection that somebody hangs up would end that.
    """
    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    main()
