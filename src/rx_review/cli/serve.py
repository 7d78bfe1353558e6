"""`rx serve`."""

from __future__ import annotations

import os
from pathlib import Path

from rx_review import config
from rx_review.api.serving import serve
from rx_review.errors import EnvironmentFault, Fault

APPLICATION = "rx_review.api.app:create_app"


def run_service(
    host: str,
    port: int,
    workers: int | None,
    certificate: str | None,
    key: str | None,
    access_log: bool,
    trusted_proxies: list[str],
) -> int:
    """Run the service until it is told to stop; `workers` None takes one for SQLite, else one a core."""
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
    """How many workers the database bears.

    Raises:
        EnvironmentFault: more than one is asked for, and the database is SQLite.
    """
    is_sqlite = database_url.startswith("sqlite")
    if asked is None:
        return 1 if is_sqlite else os.cpu_count() or 1
    if is_sqlite and asked > 1:
        raise EnvironmentFault(
            Fault(
                f"--workers {asked}",
                "SQLite takes one process: its writers wait in a fair queue inside the process, and across processes"
                " one may be kept waiting for seconds",
                "take --workers 1, or set RX_DATABASE_URL to a PostgreSQL (postgresql+psycopg://…)",
                "SQLite 只能用一个进程：写操作在进程内公平排队，跨进程会有写操作等待数秒；"
                "请用 --workers 1，或把 RX_DATABASE_URL 设为 PostgreSQL（postgresql+psycopg://…）",
            )
        )
    return asked
