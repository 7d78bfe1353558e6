"""One worker process: its own socket, its own event loop, the application."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import socket
import sys
import threading
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path

import structlog
import uvicorn
from uvicorn.importer import ImportFromStringError, import_from_string

from rx_review.api import logs
from rx_review.api.ports import Address, worker_socket
from rx_review.api.protocol import limited_protocol
from rx_review.errors import RxError

READY = "ready"
CANNOT_START = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one worker takes; over `connections` it answers 503, over `head_bytes` 431, after `receive_seconds` 408."""

    connections: int = 1000
    backlog: int = 2048
    keep_alive_seconds: int = 30
    head_bytes: int = 32 * 1024
    receive_seconds: float = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What all workers of a service have in common.

    Attributes:
        factory: `module:function` that makes the ASGI application.
        certificate: PEM file of the TLS certificate and its chain; None serves plain HTTP.
        key: PEM file of its key.
        access_log: False logs only the requests that failed.
        trusted_proxies: addresses whose X-Forwarded-For and -Proto are believed; none by default.
        grace_seconds: how long a stop waits for answers under way.
    """

    factory: str
    address: Address
    certificate: Path | None = None
    key: Path | None = None
    access_log: bool = True
    trusted_proxies: tuple[str, ...] = ()
    grace_seconds: int = 20
    limits: Limits = field(default_factory=Limits)


SWITCH_SECONDS = 0.0005
COLLECT_EVERY = 20_000
"""Objects. A request makes thousands that end with it; looking for circles among them each 700 costs a twentieth."""


class _Server(uvicorn.Server):
    def __init__(self, settings: uvicorn.Config, ready: Connection) -> None:
        super().__init__(settings)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            structlog.get_logger().info("worker ready", process=os.getpid())
            self._ready.send(READY)
            self._ready.close()


def work(service: Service, number: int, ready: Connection) -> None:
    """Serve until SIGTERM, or until the parent is gone; sends READY once it answers. Runs in a process of its own."""
    # A writer gives the interpreter up at each statement; by default whoever takes it may keep it for 5 ms.
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.set_threshold(COLLECT_EVERY, 20, 20)
    # After a graceful stop uvicorn raises the signal again, for whoever was there before it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    logs.configure(number, service.access_log)
    threading.Thread(target=_end_with_parent, args=(service.grace_seconds,), daemon=True).start()
    try:
        application = import_from_string(service.factory)()
        own = worker_socket(service.address)
    except RxError as error:
        for fault in error.faults:
            structlog.get_logger().error("cannot start", fault=str(fault), zh=fault.in_chinese())
        sys.exit(error.exit_code)
    except (ImportFromStringError, OSError) as error:
        structlog.get_logger().error("cannot start", fault=str(error), exc_info=error)
        sys.exit(CANNOT_START)
    except Exception as error:
        structlog.get_logger().error("cannot start", exc_info=error)
        sys.exit(CANNOT_START)
    with own:
        _Server(_settings(application, service), ready).run(sockets=[own])


def _settings(application: object, service: Service) -> uvicorn.Config:
    limits = service.limits
    return uvicorn.Config(
        application,  # type: ignore[arg-type] # whatever the factory made
        loop="uvloop",
        http=limited_protocol(limits.head_bytes, limits.receive_seconds),
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(service.trusted_proxies),
        forwarded_allow_ips=list(service.trusted_proxies),
        workers=1,
        limit_concurrency=limits.connections,
        backlog=limits.backlog,
        timeout_keep_alive=limits.keep_alive_seconds,
        timeout_graceful_shutdown=service.grace_seconds,
        ssl_certfile=service.certificate,
        ssl_keyfile=service.key,
    )


def _end_with_parent(grace_seconds: int) -> None:
    """A worker nobody watches must not hold the port: stop as on SIGTERM, and by force after the grace."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    wait([parent.sentinel])
    os.kill(os.getpid(), signal.SIGTERM)
    # This thread ends with the process, unless something keeps that from ending.
    threading.Event().wait(grace_seconds + 1)
    os._exit(1)
