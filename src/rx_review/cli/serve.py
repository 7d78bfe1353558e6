"""`rx serve`."""

from __future__ import annotations

import os
from pathlib import Path

from rx_review import config
from rx_review.api.serving import serve

APPLICATION = "rx_review.api.app:create_app"
SQLITE_WORKERS = 4


def run_service(
    host: str,
    port: int,
    workers: int | None,
    certificate: str | None,
    key: str | None,
    access_log: bool,
    trusted_proxies: list[str],
) -> int:
    """Run the service until it is told to stop; `workers` None takes one a core."""
    return serve(
        APPLICATION,
        host,
        port,
        fitting_workers(config.database_url(), workers),
        certificate=Path(certificate) if certificate else None,
        key=Path(key) if key else None,
        access_log=access_log,
        trusted_proxies=tuple(trusted_proxies),
    )


def fitting_workers(database_url: str, asked: int | None) -> int:
    """How many workers: as many as asked for, else one a core.

    On SQLite one writes at a time, whichever worker it belongs to: more than a few only wait for their turn.
    """
    cores = os.cpu_count() or 1
    return asked or (min(cores, SQLITE_WORKERS) if database_url.startswith("sqlite") else cores)
