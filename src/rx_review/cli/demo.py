"""`rx demo`."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.text import Text

from rx_review import config
from rx_review.api.ports import claim
from rx_review.cli.audit_report import known_language
from rx_review.cli.console import err, out
from rx_review.cli.serve import run_service
from rx_review.demo.beside import Library
from rx_review.demo.founding import Login, sign_on_now
from rx_review.demo.ground import Ground, empty_folder, lay_ground
from rx_review.demo.page import day_page
from rx_review.demo.performance import Part, Performed, perform
from rx_review.demo.wording import MARKS, PARTS, WORDS
from rx_review.domain.review import VERDICTS
from rx_review.errors import RxError

HOST = "127.0.0.1"
_SETTLED = 0.2
"""Seconds after which a rate means something."""


def run_demo(serve: bool, prescriptions: int, seed: int, port: int, folder: str | None, lang: str) -> int:
    """Show a day of a county, then serve it until Ctrl-C; a temporary folder is removed at the end."""
    known_language(lang)
    try:
        if serve:
            # Said now, not after a minute.
            claim(HOST, port)[1].close()
        with _folder(folder, lang) as place:
            return _show(place, serve, prescriptions, seed, port, lang)
    except RxError as error:
        for fault in error.faults:
            err().print(Text(f"{fault.in_chinese()}\n{fault}" if fault.zh else str(fault), style="red"))
        return error.exit_code


@contextmanager
def _folder(given: str | None, lang: str) -> Iterator[Path]:
    path = empty_folder(None if given is None else Path(given))
    try:
        yield path
    finally:
        if given is None:
            shutil.rmtree(path, ignore_errors=True)
            said = WORDS[lang]["gone"]
        else:
            said = WORDS[lang]["kept"].format(path)
        err().print(Text(said, style="dim"))


def _show(folder: Path, serve: bool, prescriptions: int, seed: int, port: int, lang: str) -> int:
    ground = lay_ground(folder)
    try:
        performed = _perform(ground, prescriptions, seed, lang)
        if serve:
            sign_on_now(performed.centre, performed.cast, config.now())
    finally:
        ground.database.close()
    out().print(day_page(performed.outcome, performed.edition, lang))
    sound = performed.outcome.checked.whole and performed.outcome.replayed.holds
    if not serve:
        return 0 if sound else 1
    _say_logins(performed.logins, port, folder, lang)
    config.set_data_dir(folder)
    code = run_service(HOST, port, 1, None, None, False, [])
    return code if sound else 1


def _perform(ground: Ground, prescriptions: int, seed: int, lang: str) -> Performed:
    library = Library(config.rules_dir(), config.formulary_dir(), config.cache_dir())
    day = config.today() - timedelta(days=1)
    with _Watch(lang) as watch:
        return perform(ground, library, day, prescriptions, seed, watch)


class _Watch:
    """A bar for each part, with how many, how fast, and what they came to."""

    def __init__(self, lang: str) -> None:
        self._lang = lang
        self._tasks: dict[Part, TaskID] = {}
        self._verdicts: Counter[str] = Counter()
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(6),
            TextColumn("{task.completed:>5,.0f}/{task.total:,.0f}"),
            TextColumn("{task.fields[said]}", style="dim"),
            console=err(),
            disable=not err().is_terminal,
        )

    def __enter__(self) -> _Watch:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def __call__(self, part: Part, done: int, total: int, verdict: str) -> None:
        """How far it is."""
        task = self._tasks.get(part)
        if task is None:
            self._verdicts.clear()
            task = self._tasks[part] = self._progress.add_task(PARTS[self._lang][part], total=total, said="")
        said: dict[str, Any] = {}
        if verdict:
            self._verdicts[verdict] += 1
            said = {"said": self._said(task)}
        self._progress.update(task, completed=done, total=total, **said)

    def _said(self, task: TaskID) -> str:
        """So many a second since the part began, and how many of each verdict."""
        seconds = next(each.elapsed for each in self._progress.tasks if each.id == task) or 0.0
        speed = self._verdicts.total() / seconds if seconds > _SETTLED else 0.0
        counts = " ".join(f"{MARKS[self._lang][each]}{self._verdicts[each]}" for each in VERDICTS)
        return f"{speed:.0f}/s {counts}"


def _say_logins(logins: tuple[Login, ...], port: int, folder: Path, lang: str) -> None:
    """Where the service is and who may come in; secrets are said this once."""
    words, address = WORDS[lang], f"http://{HOST}:{port}"
    text = Text(f"\n━━ {words['service']}\n", "bold cyan")
    text.append(f"  {address}/docs\n", "not bold")
    text.append(f"  {words['folder'].format(folder)}\n", "dim")
    for title, clients in (("people", False), ("systems", True)):
        text.append(f"  {words[title]}\n", "bold")
        for login in logins:
            if login.is_client == clients:
                text.append(f"    {login.name:<9}{login.secret:<45}{','.join(login.roles)}\n", "not bold")
    text.append(f"  {words['stop']}\n", "not bold")
    out().print(text)
