"""The parent of a service: starts the workers, starts again those that crash, ends them all."""

from __future__ import annotations

import multiprocessing
import signal
import socket
import ssl
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path

import structlog

from rx_review import config
from rx_review.api import logs
from rx_review.api.ports import claim
from rx_review.api.worker import Limits, Service, work
from rx_review.errors import EnvironmentFault, Fault

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
# A worker that ends within so many seconds of its start ended at once.
AT_ONCE_SECONDS = 10.0
MOST_AT_ONCE = 5
FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 10.0
# What the application may take to close, after the grace for requests.
CLOSING_SECONDS = 5.0


def serve(
    factory: str,
    host: str,
    port: int,
    workers: int,
    *,
    certificate: Path | None = None,
    key: Path | None = None,
    access_log: bool = True,
    trusted_proxies: tuple[str, ...] = (),
    grace_seconds: int = 20,
    limits: Limits | None = None,
) -> int:
    """Serve until SIGTERM or SIGINT; a second one ends the workers by force.

    Args:
        factory: `module:function` that makes the ASGI application, called in each worker.
        host: an address of this machine, or a name of one.
        port: 0 takes a free one; the log says which.
        workers: how many processes answer, at least 1.
        certificate: PEM file of a TLS certificate and its chain; None serves plain HTTP.
        key: PEM file of the certificate's key, without a password.
        access_log: False logs only the requests that failed.
        trusted_proxies: addresses whose X-Forwarded-For and -Proto are believed.
        grace_seconds: how long a stop waits for answers under way.
        limits: what one worker takes.

    Returns:
        The exit code, 0.

    Raises:
        EnvironmentFault: the address cannot be had, the certificate cannot be used, or a worker ends at once each time.
    """
    # A worker that ends while it is being started breaks the pipe to it: that must not end the service.
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    logs.configure(0, access_log)
    _check_certificate(certificate, key)
    with ExitStack() as stack:
        address, kept = claim(host, port)
        stack.enter_context(kept)
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="rx-review-metrics-"))
        config.set_metrics_dir(Path(folder))
        service = Service(
            factory=factory,
            address=address,
            certificate=certificate,
            key=key,
            access_log=access_log,
            trusted_proxies=trusted_proxies,
            grace_seconds=grace_seconds,
            limits=limits or Limits(),
        )
        stop = stack.enter_context(_stop_signals())
        # Its first start would unblock SIGINT just where `_start` needs it blocked.
        resource_tracker.ensure_running()
        crew = _Crew(service, workers)
        stack.callback(crew.end, stop)
        crew.watch(stop)
    return 0


@dataclass(slots=True)
class _Post:
    """The place of one worker."""

    number: int
    process: SpawnProcess | None = None
    ready: Connection | None = None
    is_ready: bool = False
    began: float = 0.0
    due: float = 0.0
    at_once: int = 0


@dataclass(slots=True)
class _Stop:
    """The stop signals that came, and a bell that each of them rings: a socket that becomes readable."""

    bell: socket.socket
    signals: list[int] = field(default_factory=list)

    def hush(self) -> None:
        """Read what rang, so that only what comes later is heard."""
        try:
            self.bell.recv(4096)
        except BlockingIOError:
            return


class _Crew:
    def __init__(self, service: Service, workers: int) -> None:
        self._service = service
        self._context = multiprocessing.get_context("spawn")
        self._posts = [_Post(number) for number in range(1, workers + 1)]
        self._announced = False

    def watch(self, stop: _Stop) -> None:
        """Keep every post manned until a stop signal."""
        while not stop.signals:
            instant = time.monotonic()
            for post in self._posts:
                if post.process is None and post.due <= instant:
                    self._start(post)
            self._wait(stop)
            for post in self._posts:
                self._look_after(post)

    def end(self, stop: _Stop) -> None:
        """Ask every worker to stop, wait for the grace, end the rest by force."""
        running = [post.process for post in self._posts if post.process is not None]
        for process in running:
            process.terminate()
        asked, deadline = len(stop.signals), time.monotonic() + self._service.grace_seconds + CLOSING_SECONDS
        while alive := [process for process in running if process.is_alive()]:
            left = deadline - time.monotonic()
            if left <= 0 or len(stop.signals) > asked:
                structlog.get_logger().warning("ending by force", processes=[process.pid for process in alive])
                for process in alive:
                    process.kill()
                    process.join()
                break
            stop.hush()
            wait([*(process.sentinel for process in alive), stop.bell], min(left, 1.0))
        for post in self._posts:
            self._leave(post)
        structlog.get_logger().info("stopped")

    def _start(self, post: _Post) -> None:
        ready, says_ready = self._context.Pipe(duplex=False)
        process = self._context.Process(
            target=work, args=(self._service, post.number, says_ready), name=f"rx-review worker {post.number}"
        )
        # Ctrl-C reaches every process of the terminal: a worker, which inherits this, leaves it to the parent.
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
            says_ready.close()
        post.process, post.ready, post.is_ready, post.began = process, ready, False, time.monotonic()

    def _wait(self, stop: _Stop) -> None:
        events: list[Connection | socket.socket | int] = [stop.bell]
        events += [post.process.sentinel for post in self._posts if post.process is not None]
        events += [post.ready for post in self._posts if post.ready is not None]
        pauses = [post.due - time.monotonic() for post in self._posts if post.process is None]
        wait(events, max(0.0, min(pauses)) if pauses else None)

    def _look_after(self, post: _Post) -> None:
        if post.ready is not None and post.ready.poll():
            try:
                post.ready.recv()
                post.is_ready = True
            except EOFError:  # it ended before it was ready
                post.is_ready = False
            post.ready.close()
            post.ready = None
            self._announce()
        if post.process is not None and not post.process.is_alive():
            self._replace(post, post.process)

    def _announce(self) -> None:
        if not self._announced and all(post.is_ready for post in self._posts):
            self._announced = True
            url = self._service.address.url(self._service.certificate is not None)
            structlog.get_logger().info("serving", url=url, workers=len(self._posts))

    def _replace(self, post: _Post, ended: SpawnProcess) -> None:
        code, lived = ended.exitcode, time.monotonic() - post.began
        post.at_once = post.at_once + 1 if lived < AT_ONCE_SECONDS or not post.is_ready else 0
        self._leave(post)
        if post.at_once >= MOST_AT_ONCE:
            raise EnvironmentFault(
                Fault(
                    f"worker {post.number}",
                    f"ended {post.at_once} times at once, the last time with code {code}",
                    "see above in the log why it cannot start, mend it and start the service again",
                    f"连续 {post.at_once} 次启动后立即退出，最后退出码 {code}；请查看上面的日志，排除原因后重新启动",
                )
            )
        pause = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2**post.at_once)
        post.due = time.monotonic() + pause
        structlog.get_logger().error("worker ended", ended=post.number, code=code, starts_again_in=pause)
        _count_restart()

    def _leave(self, post: _Post) -> None:
        if post.process is not None:
            post.process.join()
            post.process.close()
        if post.ready is not None:
            post.ready.close()
        post.process = post.ready = None


def _count_restart() -> None:
    # Imported late: only then do the folder's settings hold for it.
    from rx_review.api.metrics import observe_restart

    observe_restart()


@contextmanager
def _stop_signals() -> Iterator[_Stop]:
    """Stop signals ring a bell instead of ending this process."""
    bell, ringer = socket.socketpair()
    with bell, ringer:
        bell.setblocking(False)
        ringer.setblocking(False)
        stop = _Stop(bell)
        before = {one: signal.signal(one, lambda number, _: stop.signals.append(number)) for one in STOP_SIGNALS}
        outer = signal.set_wakeup_fd(ringer.fileno(), warn_on_full_buffer=False)
        try:
            yield stop
        finally:
            signal.set_wakeup_fd(outer)
            for one, handler in before.items():
                signal.signal(one, handler)


def _check_certificate(certificate: Path | None, key: Path | None) -> None:
    if certificate is None and key is None:
        return
    try:
        if certificate is None or key is None:
            raise ValueError("certificate and key are given together")
        # An empty password: without one, OpenSSL would ask on the terminal.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password="")
    except (OSError, ValueError) as error:
        raise EnvironmentFault(
            Fault(
                f"{certificate}, {key}",
                f"cannot be used for TLS ({error})",
                "name the certificate with its chain and its key, both PEM, the key without a password",
                f"不能用于 TLS（{error}）；请给出 PEM 格式的证书链及其私钥，私钥不设密码",
            )
        ) from error
