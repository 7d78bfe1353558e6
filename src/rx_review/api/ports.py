"""The port of a service: claimed once by the parent, then shared by the sockets of its workers."""

from __future__ import annotations

import socket
from dataclasses import dataclass

from rx_review.errors import EnvironmentFault, Fault


@dataclass(frozen=True, slots=True)
class Address:
    """Where a service listens: an address of this machine, as the system writes it, and a port."""

    family: int
    host: str
    port: int

    def url(self, secure: bool) -> str:
        """The address as a person would type it."""
        host = f"[{self.host}]" if self.family == socket.AF_INET6 else self.host
        return f"{'https' if secure else 'http'}://{host}:{self.port}"


def claim(host: str, port: int) -> tuple[Address, socket.socket]:
    """The address of `host` and `port` (0: any free one), and a socket that keeps it ours until it is closed.

    Sockets of one user that all set SO_REUSEPORT share a port without a word, so a second service would take half
    of the first one's requests. The claim is therefore tried without it; and the socket that stays does not
    set SO_REUSEADDR, which makes the next service's try fail even before our workers listen.

    Raises:
        EnvironmentFault: the host is not one of this machine, or the port is taken or not allowed.
    """
    address = _resolved(host, port)
    try:
        with _socket(address, socket.SO_REUSEADDR) as alone:
            address = Address(address.family, address.host, alone.getsockname()[1])
        kept = _socket(address, socket.SO_REUSEPORT)
    except OSError as error:
        raise EnvironmentFault(
            Fault(
                f"{host}:{port}",
                f"cannot listen there ({error.strerror})",
                "stop what uses the port, or name another with --port or --host",
                f"无法监听（{error.strerror}）；请停止占用该端口的程序，或用 --port、--host 另行指定",
            )
        ) from error
    return address, kept


def worker_socket(address: Address) -> socket.socket:
    """A socket of a worker's own at the address; the system spreads connections over those that listen.

    Raises:
        OSError: the address is gone from this machine, or another user has the port.
    """
    return _socket(address, socket.SO_REUSEADDR, socket.SO_REUSEPORT)


def _socket(address: Address, *options: int) -> socket.socket:
    # The protocol is said: event loops switch Nagle's delay off only for sockets whose protocol is TCP, not 0.
    made = socket.socket(address.family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        for option in options:
            made.setsockopt(socket.SOL_SOCKET, option, 1)
        made.bind((address.host, address.port))
    except BaseException:
        made.close()
        raise
    return made


def _resolved(host: str, port: int) -> Address:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise EnvironmentFault(
            Fault(
                host,
                "no such address",
                "give --host an address of this machine, such as 127.0.0.1, or 0.0.0.0 for all of IPv4",
                "没有这个地址；请用 --host 指定本机地址，如 127.0.0.1，或 0.0.0.0 表示所有 IPv4 地址",
            )
        ) from error
    family, _, _, _, address = found[0]
    return Address(family, str(address[0]), port)
