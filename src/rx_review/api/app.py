"""The application: routes, problems, limits, and its description."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio.to_thread
import structlog
from fastapi import FastAPI

from rx_review import config
from rx_review.api import logs, metrics, problem
from rx_review.api.description import described
from rx_review.api.headers import SafeHeaders
from rx_review.api.logs import RequestLog
from rx_review.api.pages import offline_docs
from rx_review.api.rates import Rates
from rx_review.api.routes import desk, operations, prescriptions, reference, registers, sign_in
from rx_review.api.service import Service

THREADS = 12
"""Requests that work at once in a process: more would only wait for each other's turn at the interpreter."""

_TITLE = "rx-review 县域医共体处方审核"


def create_app(service: Service | None = None, requests_per_second: float | None = None) -> FastAPI:
    """The ASGI application; without a service of its own it opens the one that the environment describes.

    Args:
        service: what answers.
        requests_per_second: how often a credential may ask; None as the environment says, 0 for no limit.
    """

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = THREADS
        if not structlog.is_configured():
            # Served by something other than `rx serve`: still JSON lines, and no values of local variables.
            logs.configure(0)
        service = app.state.held
        app.state.service = await anyio.to_thread.run_sync(service.open)
        try:
            yield
        finally:
            await anyio.to_thread.run_sync(service.close)

    rate = config.requests_per_second() if requests_per_second is None else requests_per_second
    app = FastAPI(
        title=_TITLE,
        version="1",
        docs_url=None,
        redoc_url=None,
        lifespan=life,
        # A redirect of a body that was sent to the wrong path would only hide the mistake.
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.held = service or Service(config.database_url(), config.keys_dir(), config.cache_dir())
    for module in (prescriptions, desk, registers, sign_in, reference, operations):
        app.include_router(module.router)
    problem.handlers(app)
    offline_docs(app)
    app.add_middleware(Rates, per_second=rate)
    app.add_middleware(RequestLog, observe=metrics.observe_request)
    app.add_middleware(SafeHeaders)
    app.openapi = lambda: described(app)  # type: ignore[method-assign]
    return app
