"""Who calls: a bearer token of a system, or the session of a person, as an actor with roles and members."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from rx_review.api.service import Service
from rx_review.desk.accounts import authenticate
from rx_review.desk.actor import Actor
from rx_review.domain.problems import Refusal

COOKIE = "rx_session"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


# Not waiting for anything, these two would still cost a hop to a thread and back if they were not async.
async def service_of(request: Request) -> Service:
    """The service of this process."""
    return request.app.state.service  # type: ignore[no-any-return]


async def secret_of(request: Request) -> str:
    """The secret that a request carries: a bearer token, or the cookie of a session.

    Raises:
        Refusal: `unauthenticated`; `cross-site` for a page of another site that uses the cookie.
    """
    kind, _, given = request.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer" and given.strip():
        return given.strip()
    cookie = request.cookies.get(COOKIE)
    if cookie is None:
        raise Refusal("unauthenticated")
    if request.method not in _SAFE and request.headers.get("sec-fetch-site", "same-origin") not in (
        "same-origin",
        "none",
    ):
        raise Refusal("cross-site")
    return cookie


SecretDep = Annotated[str, Depends(secret_of)]


def actor_of(request: Request, secret: SecretDep) -> Actor:
    """The actor of a request; looked up in the database, so that it belongs into a thread.

    Raises:
        Refusal: `unauthenticated`.
    """
    service: Service = request.app.state.service
    with service.database.read() as connection:
        actor = authenticate(connection, secret, service.instant())
    request.state.accepted = True
    if actor.members is not None and len(actor.members) == 1:
        (request.state.member,) = actor.members
    return actor


ServiceDep = Annotated[Service, Depends(service_of)]
ActorDep = Annotated[Actor, Depends(actor_of)]
