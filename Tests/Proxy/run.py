"""Runs the configurations of Examples/proxy with a server behind them, and tries what a visitor does through each.

Nothing in the examples is replaced but names of files, ports and the certificate. Needs nginx, caddy and openssl; exit
status 77 where one is missing. Clients come from addresses of their own, 127.0.0.x, so that it shows whom the server
counts. It takes half a minute, since it waits for the server's signs of life.
"""

import argparse
import base64
import contextlib
import http.client
import json
import os
import re
import secrets
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "Examples/proxy"
NAME = "chat.example.com"
PAGE = "https://shop.example.com"
# How long anything may take that has to come at once; the server's own beats are 15 s apart, so no beat can help it out.
AT_ONCE = 10
# A WebSocket's sign of life comes after 25 s.
SIGN_OF_LIFE = 40


class Failed(Exception):
    """A sentence for whoever changed the server or an example."""


def check(condition, problem):
    if not condition:
        raise Failed(problem)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


# --- Clients


class Visitor:
    """Talks HTTP and WebSocket to a proxy, from an address of its own."""

    def __init__(self, port, trust, address):
        self.port, self.trust, self.address = port, trust, address
        self.session = self.token = None

    def connection(self):
        class Connection(http.client.HTTPSConnection):
            def connect(self):
                # The name is that of the certificate; the address is the proxy's.
                plain = socket.create_connection(("127.0.0.1", self.port), self.timeout, self.source_address)
                self.sock = self._context.wrap_socket(plain, server_hostname=NAME)

        return Connection(NAME, self.port, timeout=AT_ONCE, context=self.trust, source_address=(self.address, 0))

    def headers(self, more=()):
        headers = {"Origin": PAGE, "Content-Type": "application/json", **dict(more)}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        return headers

    def request(self, method, path, body=None, more=(), over=None):
        connection = over or self.connection()
        connection.request(method, path, json.dumps(body) if body is not None else None, self.headers(more))
        answer = connection.getresponse()
        text = answer.read()
        if over is None:
            connection.close()
        return answer, text

    def open_session(self):
        answer, text = self.request("POST", "/api/chat/session", {"site": "shop"})
        check(answer.status == 200, f"POST /api/chat/session gave {answer.status}")
        opened = json.loads(text)
        self.session, self.token = opened["sessionId"], opened["token"]
        return self

    def say(self, text, name, over=None):
        frame = {"type": "user", "message": text, "id": name, "sessionId": self.session}
        answer, body = self.request("POST", "/api/chat/messages", frame, over=over)
        check(answer.status == 200, f"POST /api/chat/messages gave {answer.status}")
        check(json.loads(body)["id"] == name, "the acknowledgement is of another message")

    def websocket(self):
        return WebSocket(self)

    def stream(self):
        return Stream(self)


class WebSocket:
    """As much of RFC 6455 as a visitor needs: text frames, whole ones."""

    def __init__(self, visitor):
        plain = socket.create_connection(("127.0.0.1", visitor.port), AT_ONCE, (visitor.address, 0))
        self.socket = visitor.trust.wrap_socket(plain, server_hostname=NAME)
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [
            f"GET /ws/chat?session={visitor.session}&page=/cart HTTP/1.1", f"Host: {NAME}", f"Origin: {PAGE}",
            "Upgrade: websocket", "Connection: Upgrade", f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Protocol: chat.v1, bearer.{visitor.token}",
        ]
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self.file = self.socket.makefile("rb")
        status = self.file.readline().decode()
        while self.file.readline().strip():
            pass
        check(status.split(" ")[1:2] == ["101"], f"the handshake was answered {status.strip()!r}")

    def send(self, frame):
        data, mask = json.dumps(frame).encode(), os.urandom(4)
        check(len(data) < 126, "this client sends short frames only")
        self.socket.sendall(bytes([0x81, 0x80 | len(data)]) + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(data)))

    def receive(self, seconds=AT_ONCE):
        """The next frame: an object, or the code of a close."""
        self.socket.settimeout(seconds)
        head = self.file.read(2)
        check(len(head) == 2, "the connection of a WebSocket has ended without a close")
        first, length = head
        if length == 126:
            length = int.from_bytes(self.file.read(2), "big")
        elif length == 127:
            length = int.from_bytes(self.file.read(8), "big")
        payload = self.file.read(length)
        return int.from_bytes(payload[:2], "big") if first & 0x0F == 8 else json.loads(payload)

    def until(self, wanted, seconds=AT_ONCE):
        while True:
            frame = self.receive(seconds)
            if isinstance(frame, int):
                raise Failed(f"the WebSocket was closed with {frame}")
            if wanted(frame):
                return frame

    def close(self):
        self.file.close()
        self.socket.close()


class Stream:
    """Server-sent events."""

    def __init__(self, visitor):
        self.connection = visitor.connection()
        self.connection.request("GET", f"/api/chat/stream?session={visitor.session}", headers=visitor.headers())
        self.answer = self.connection.getresponse()
        check(self.answer.status == 200, f"GET /api/chat/stream gave {self.answer.status}")

    def line(self, seconds):
        self.connection.sock.settimeout(seconds)
        line = self.answer.readline().decode()
        check(line, "the stream has ended")
        return line.rstrip("\n")

    def until(self, wanted, seconds=AT_ONCE):
        while True:
            line = self.line(seconds)
            if line.startswith("data: ") and wanted(json.loads(line[6:])):
                return

    def until_beat(self, seconds):
        while not self.line(seconds).startswith(":"):
            pass

    def close(self):
        self.connection.sock.shutdown(socket.SHUT_RDWR)
        self.connection.close()


# --- Servers


class Process:
    def __init__(self, command, log, environment=None, folder=None):
        self.log = log
        with open(log, "w") as output:
            self.process = subprocess.Popen(
                command, cwd=folder, env={**os.environ, **(environment or {})}, stdin=subprocess.DEVNULL,
                stdout=output, stderr=subprocess.STDOUT,
            )

    def wait_for(self, port):
        while True:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port), 5).close()
                return self
            with contextlib.suppress(subprocess.TimeoutExpired):
                code = self.process.wait(timeout=0.05)
                raise Failed(f"{self.process.args[0]} ended with {code}:\n{Path(self.log).read_text()}")

    def stop(self, seconds=40):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


def changed(text, replacements):
    """An example with other names in it; each has to be there, so that none is forgotten when the example changes."""
    for old, new in replacements:
        check(old in text, f"the example doesn't say {old!r} any more")
        text = text.replace(old, new)
    return text


def start_nginx(program, folder, port, server):
    text = changed((EXAMPLES / "nginx.conf").read_text(), [
        ("server 127.0.0.1:8080;", f"server 127.0.0.1:{server};"),
        ("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;"),
        ("/etc/ssl/chat/fullchain.pem", f"{folder}/certificate.pem"),
        ("/etc/ssl/chat/privkey.pem", f"{folder}/key.pem"),
        ("/var/log/nginx/claude-chat.log", f"{folder}/nginx-access.log"),
    ])
    (folder / "site.conf").write_text(text)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    (folder / "nginx.conf").write_text(
        ("user root;\n" if os.geteuid() == 0 else "")
        + f"daemon off;\npid {folder}/nginx.pid;\nworker_processes 1;\nevents {{worker_connections 512;}}\nhttp {{\n"
        + "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in kinds)
        + f"include {folder}/site.conf;\n}}\n"
    )
    return Process([program, "-e", "stderr", "-c", folder / "nginx.conf"], folder / "nginx.log").wait_for(port)


def start_caddy(program, folder, port, server):
    text = changed((EXAMPLES / "Caddyfile").read_text(), [
        ("reverse_proxy 127.0.0.1:8080", f"reverse_proxy 127.0.0.1:{server}"),
        (
            f"\n{NAME} {{",
            f"\n{{\n\tadmin off\n\tauto_https disable_redirects\n\tdefault_bind 127.0.0.1\n}}\n"
            f"https://{NAME}:{port} {{\n\ttls {folder}/certificate.pem {folder}/key.pem",
        ),
    ])
    # The options stand before everything else.
    (folder / "Caddyfile").write_text(re.sub(r"\A(?:#.*\n|\n)*", "", text))
    command = [program, "run", "--adapter", "caddyfile", "--config", folder / "Caddyfile"]
    home = {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    return Process(command, folder / "caddy.log", home).wait_for(port)


def start_server(binary, folder, port):
    keys = {"CHAT_KEY_1": secrets.token_hex(32), "CHAT_ADMIN_TOKEN": secrets.token_hex(32)}
    (folder / "claude-chat.yaml").write_text(
        f"""version: 1
default_chain: one
server:
  listen: 127.0.0.1:{port}
  tls: proxy
  trusted_proxies: [127.0.0.1]
  public_url: https://{NAME}
  token_keys: {{k1: {{env: CHAT_KEY_1}}}}
  admin_token: {{env: CHAT_ADMIN_TOKEN}}
sites:
  shop: {{origins: ['{PAGE}']}}
chains:
  one: {{answer: [rules: {{path: {ROOT}/rules}}]}}
"""
    )
    command = [binary, "serve", "--config", folder / "claude-chat.yaml"]
    return Process(command, folder / "server.log", keys).wait_for(port), keys["CHAT_ADMIN_TOKEN"]


# --- What a visitor does


def files_and_closed_doors(proxy):
    visitor = proxy.visitor()
    for path, kind in (("/", "text/html"), ("/claude-chat.js", "text/javascript"), ("/demo.css", "text/css")):
        answer, text = visitor.request("GET", path)
        check(answer.status == 200 and answer.headers["Content-Type"].startswith(kind) and text, f"{path} isn't served")
    # What the loader fetches; the names hold a part of their hash.
    loader = visitor.request("GET", "/claude-chat.js")[1].decode()
    parts = set(re.findall(r"claude-chat-[\w.-]+\.(?:json|js)\b", loader))
    check(any(part.endswith(".js") for part in parts), "the loader names no panel")
    for part in parts:
        answer, _ = visitor.request("GET", f"/{part}")
        check(answer.status == 200, f"/{part}, which the loader fetches, isn't served")
    for path in ("/metrics", "/api/admin/content", "/healthz", "/readyz"):
        answer, _ = visitor.request("GET", path, more={"Authorization": f"Bearer {proxy.admin_token}"})
        check(answer.status == 404, f"{path} is reached from outside: {answer.status}")


def messages_by_post(proxy):
    visitor = proxy.visitor().open_session()
    visitor.say("hello", "m1")
    answer, text = visitor.request("GET", f"/api/chat/history?session={visitor.session}")
    spoken = [item["type"] for item in json.loads(text)["items"]]
    check(spoken == ["user", "claude"], f"the history holds {spoken}")
    answer, _ = visitor.request("GET", f"/api/chat/poll?session={visitor.session}&client=tab&wait=0")
    check(answer.status == 200, f"GET /api/chat/poll gave {answer.status}")
    frame = {"type": "user", "message": "x" * 40_000, "id": "m2", "sessionId": visitor.session}
    answer, _ = visitor.request("POST", "/api/chat/messages", frame)
    check(answer.status == 413, f"a body of 40 kB gave {answer.status}")


def websockets_beside_kept_connections(proxy):
    visitor = proxy.visitor().open_session()
    kept = visitor.connection()
    # As many messages as a session may send at once, and two fewer.
    for number in range(4):
        # The proxy keeps the connection of this to the server, and must not take it for the next handshake.
        visitor.say("hello", f"p{number}", over=kept)
        client = visitor.websocket()
        check(client.receive()["event"] == "welcome", "the first frame is no welcome")
        client.send({"type": "user", "message": "hello", "id": f"w{number}"})
        reply = client.until(lambda frame: frame.get("inReplyTo") == f"w{number}")
        check(reply["type"] == "claude" and reply["message"], "there is no answer")
        client.close()
    kept.close()


def events_at_once(proxy):
    visitor = proxy.visitor().open_session()
    stream = visitor.stream()
    stream.until(lambda frame: frame.get("event") == "welcome")
    visitor.say("hello", "m1")
    stream.until(lambda frame: frame.get("inReplyTo") == "m1")
    stream.close()


def whoever_leaves_is_gone(proxy):
    visitor = proxy.visitor().open_session()
    clients = [visitor.websocket(), visitor.stream()]
    check(proxy.connections(visitor.session) == 2, "the server doesn't know of both connections")
    for client in clients:
        client.close()
    deadline = time.monotonic() + AT_ONCE
    while proxy.connections(visitor.session) > 0:
        check(time.monotonic() < deadline, "the server still keeps a connection whose client has left")
        time.sleep(0.05)


def addresses_of_visitors(proxy):
    def status(visitor, forged):
        return visitor.request("POST", "/api/chat/session", {"site": "shop"}, {"X-Forwarded-For": forged})[0].status

    flood, other = proxy.visitor(), proxy.visitor()
    known = proxy.addresses()
    given = [status(flood, f"198.51.100.{number}, 127.0.0.1") for number in range(30)]
    check(given[0] == 200, f"the first session was answered {given[0]}")
    check(429 in given, "an address gets new sessions without end as long as it forges X-Forwarded-For")
    check(status(other, "203.0.113.1") == 200, "one visitor's sessions count for another one")
    check(proxy.addresses() == known + 2, "the server remembers addresses that were forged")


CHECKS = [
    (files_and_closed_doors, "the widget with all its parts and its page are served; /metrics, /api/admin and health are not"),
    (messages_by_post, "POST, history and poll work; a body over the limit is refused"),
    (websockets_beside_kept_connections, "4 WebSockets chat over wss, between requests on a kept connection"),
    (events_at_once, "a stream brings the answer at once"),
    (whoever_leaves_is_gone, "whoever closes a WebSocket or a stream is gone from the server"),
    (addresses_of_visitors, "limits count each visitor's own address, whatever X-Forwarded-For they send"),
]


class Proxy:
    """One of the two, in front of the server."""

    def __init__(self, name, number, port, trust, server_port, admin_token):
        self.name, self.port, self.trust = name, port, trust
        self.server_port, self.admin_token = server_port, admin_token
        # Nobody of one proxy shares an address, and so a limit, with anybody of the other one.
        self.places = (f"127.0.{number}.{place}" for place in range(1, 255))
        self.waiting = []

    def visitor(self):
        return Visitor(self.port, self.trust, next(self.places))

    def ask(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.server_port, timeout=AT_ONCE)
        connection.request("GET", path, headers={"Authorization": f"Bearer {self.admin_token}"})
        text = connection.getresponse().read().decode()
        connection.close()
        return text

    def connections(self, session):
        return json.loads(self.ask(f"/api/admin/connections?session={session}"))["count"]

    def addresses(self):
        return int(re.search(r"^chat_addresses (\d+)", self.ask("/metrics"), re.MULTILINE)[1])

    def proves(self, what):
        print(f"{self.name}: {what}", flush=True)

    def begin_waiting(self):
        visitor = self.visitor().open_session()
        self.waiting = [visitor.websocket(), visitor.stream()]

    def run_checks(self):
        for body, what in CHECKS:
            body(self)
            self.proves(what)

    def wait_for_signs_of_life(self):
        client, stream = self.waiting
        client.until(lambda frame: frame["type"] == "ping", SIGN_OF_LIFE)
        client.send({"type": "pong"})
        stream.until_beat(SIGN_OF_LIFE)
        self.proves("an idle WebSocket and an idle stream stay open and hear the server's signs of life")

    def see_the_server_stop(self):
        client, stream = self.waiting
        client.until(lambda frame: frame["type"] == "reconnect")
        check(client.receive() == 4410, "the WebSocket wasn't closed with 4410")
        stream.until(lambda frame: frame["type"] == "reconnect")
        self.proves("when the server stops, WebSocket and stream are told when to come back")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", required=True)
    arguments = parser.parse_args()
    path = f"{os.environ['PATH']}:/usr/sbin:/sbin"
    programs = {name: shutil.which(name, path=path) for name in ("nginx", "caddy", "openssl")}
    missing = [name for name, found in programs.items() if not found]
    if missing:
        print(f"proxy: {' and '.join(missing)} missing; apt-get install nginx-light caddy openssl")
        return 77

    started = time.monotonic()
    running, current = [], "proxy"
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        subprocess.run(
            [programs["openssl"], "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
             "-keyout", folder / "key.pem", "-out", folder / "certificate.pem", "-days", "2", "-subj", f"/CN={NAME}",
             "-addext", f"subjectAltName=DNS:{NAME}"],
            check=True, capture_output=True,
        )
        trust = ssl.create_default_context(cafile=folder / "certificate.pem")
        try:
            port = free_port()
            server, admin_token = start_server(os.path.abspath(arguments.binary), folder, port)
            stack.callback(server.stop)
            for number, start in enumerate((start_nginx, start_caddy), 1):
                name = start.__name__.removeprefix("start_")
                proxy = Proxy(name, number, free_port(), trust, port, admin_token)
                # A proxy would wait for visitors that this script has forgotten.
                stack.callback(start(programs[name], folder, proxy.port, port).stop, 5)
                running.append(proxy)
            for body in (Proxy.begin_waiting, Proxy.run_checks, Proxy.wait_for_signs_of_life):
                for proxy in running:
                    current = proxy.name
                    body(proxy)
            server.process.send_signal(signal.SIGTERM)
            for proxy in running:
                current = proxy.name
                proxy.see_the_server_stop()
            code = server.stop()
            check(code == 0, f"the server ended with {code} after SIGTERM")
        except (Failed, OSError, http.client.HTTPException) as problem:
            print(f"{current}: {type(problem).__name__}: {problem}")
            for log in ("server.log", "nginx.log", "caddy.log"):
                if (folder / log).exists():
                    print(f"--- {log}\n{(folder / log).read_text()[-2000:]}")
            return 1
    print(f"proxy: nginx and caddy passed; {time.monotonic() - started:.0f} s")
    return 0


sys.exit(main())
