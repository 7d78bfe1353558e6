"""What stands at the other end of a client: the service on loopback, a wire that misbehaves, a server by script."""

import contextlib
import json
import socket
import struct
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import uvicorn


class Served:
    """An application whose lifespan runs already, on a free port of loopback."""

    def __init__(self, app):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.server = uvicorn.Server(
            uvicorn.Config(app, lifespan="off", log_config=None, access_log=False, timeout_keep_alive=30, ws="none")
        )
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [self.socket]})

    def __enter__(self):
        self.thread.start()
        until = time.monotonic() + 20
        while not self.server.started:
            assert time.monotonic() < until
            time.sleep(0.01)
        return f"http://127.0.0.1:{self.socket.getsockname()[1]}"

    def __exit__(self, *_):
        self.server.should_exit = True
        self.thread.join(20)
        self.socket.close()


def message(connection):
    """One HTTP message that carries its length; empty if the other side is gone."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return b""
        data += piece
    head, _, rest = data.partition(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
    while len(rest) < length:
        piece = connection.recv(65536)
        if not piece:
            return b""
        rest += piece
    return head + b"\r\n\r\n" + rest


class Wire:
    """A TCP proxy. `plan(number, head)` names what happens to each request, counted from 1.

    pass: nothing. drop: done, and the connection closes instead of the answer. reset: sent on, and both connections
    end at once, so that it may be done or not. refuse: reset before the service hears of it. twice: done twice, and
    the answer of the second goes back. late: the connection closes, and a moment later it is done. hang: done, and
    no answer ever comes. slow: done after a moment.
    """

    def __init__(self, address, plan):
        host, _, port = address.removeprefix("http://").partition(":")
        self.upstream, self.plan = (host, int(port)), plan
        self.count, self.done, self.turn = 0, Counter(), threading.Lock()
        self.threads, self.open = [], True
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.socket.settimeout(0.1)

    def __enter__(self):
        self.start(self.accept)
        return self

    def __exit__(self, *_):
        self.open = False
        for thread in self.threads:
            thread.join(30)
            assert not thread.is_alive()
        self.socket.close()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.socket.getsockname()[1]}"

    def start(self, work, *arguments):
        thread = threading.Thread(target=work, args=arguments)
        self.threads.append(thread)
        thread.start()

    def accept(self):
        while self.open:
            with contextlib.suppress(TimeoutError):
                self.start(self.serve, self.socket.accept()[0])

    def serve(self, client):
        with client, contextlib.suppress(OSError), socket.create_connection(self.upstream) as service:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while self.open:
                client.settimeout(0.2)
                try:
                    if not client.recv(1, socket.MSG_PEEK):
                        return
                except TimeoutError:
                    continue
                client.settimeout(5)
                request = message(client)
                if not request or not self.carry(client, service, request):
                    return

    def carry(self, client, service, request):
        """Carry one request; False ends the connection."""
        with self.turn:
            self.count += 1
            kind = self.plan(self.count, request.partition(b"\r\n")[0].decode())
            self.done[kind] += 1
        if kind == "refuse":
            reset(client)
            return False
        if kind == "late":
            self.start(self.later, request)
            return False
        if kind == "slow":
            time.sleep(0.2)
        service.sendall(request)
        if kind == "reset":
            reset(client)
            return False
        answer = message(service)
        if kind == "twice":
            service.sendall(request)
            answer = message(service)
        if kind == "hang":
            while self.open and client.recv(1):
                pass
        if kind in ("drop", "hang"):
            return False
        client.sendall(answer)
        return True

    def later(self, request):
        time.sleep(0.15)
        with contextlib.suppress(OSError), socket.create_connection(self.upstream) as service:
            service.sendall(request)
            message(service)


def reset(connection):
    """Close with RST instead of FIN."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def problem(code, status, **more):
    """A refusal as the service words it."""
    words = {"zh": "中文", "en": "English"}
    body = {"type": f"/v1/problems/{code}", "title": words, "status": status, "detail": words, "do": words}
    body |= {"instance": "/", "code": code, "retryable": "no", "errors": [], "trace": "t1", **more}
    return status, "application/problem+json", json.dumps(body)


class Scripted:
    """An HTTP server that gives tokens, and otherwise the answers of `script` in turn: (status, type, body, headers).

    An entry may be a function of the handler. What was asked is in `asked`: (method, path, headers, body).
    """

    def __init__(self):
        self.script, self.asked, self.tokens = [], [], 0
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                if self.path == "/v1/token":
                    owner.tokens += 1
                    told = {"access_token": f"token{owner.tokens}", "token_type": "Bearer", "expires_in": 1800}
                    self.give(200, "application/json", json.dumps(told))
                    return
                owner.asked.append((self.command, self.path, dict(self.headers), body))
                entry = owner.script.pop(0)
                if callable(entry):
                    entry(self)
                else:
                    self.give(*entry)

            def give(self, status, kind, body, headers=()):
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body.encode())))
                for name, value in dict(headers).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body.encode())

            do_GET = do_POST = answer

            def log_message(self, *_):
                pass

        class Server(ThreadingHTTPServer):
            # A client that gives up closes its connection: nothing to print.
            def handle_error(self, *_):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05})

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
