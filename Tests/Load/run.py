"""G1: a server of its own with many clients: those that never read cost no memory, and a restart under all of them loses nothing.

No time is judged, only what a client sees and what the process holds (VmRSS of /proc). CLAUDE_CHAT_LOAD_CLIENTS says how
many clients, 200 at least and by default.
"""

import argparse
import asyncio
import base64
import collections
import contextlib
import json
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CLIENTS = max(200, int(os.environ.get("CLAUDE_CHAT_LOAD_CLIENTS", "200")))
# What may wait for a client that doesn't read, in KiB: beyond it the server ends the connection (protocol section 15).
QUEUE = 256
# Anything that never comes within this is counted as never.
PATIENCE = 120


class Failed(Exception):
    """A sentence for whoever changed the server."""


def check(condition, problem):
    if not condition:
        raise Failed(problem)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


# --- The server


class Server:
    def __init__(self, binary, folder, port):
        self.port = port
        configuration = folder / "claude-chat.yaml"
        configuration.write_text(
            f"version: 1\ndefault_chain: one\nserver: {{listen: '127.0.0.1:{port}'}}\n"
            f"store: {{path: {folder}/chat.db}}\nchains: {{one: {{answer: [rules: {{path: {ROOT}/rules}}]}}}}\n"
        )
        command = [binary, "serve", "--config", configuration, "--insecure-dev", "--no-limits"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)

    async def wait(self):
        while True:
            check(self.process.poll() is None, f"the server ended with {self.process.returncode} before it listened")
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return self
            await asyncio.sleep(0.02)

    def resident(self):
        """KiB of its memory that are in use."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"^VmRSS:\s+(\d+) kB", status, re.MULTILINE)[1])

    def number(self, name):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=PATIENCE) as answer:
            found = re.search(rf"^{re.escape(name)} (\d+)", answer.read().decode(), re.MULTILINE)
        return int(found[1]) if found else 0

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    async def ended(self):
        return await asyncio.get_running_loop().run_in_executor(None, self.process.wait)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


# --- Clients


def frame(text):
    data, mask = text.encode(), os.urandom(4)
    length = bytes([0x80 | len(data)]) if len(data) < 126 else b"\xfe" + len(data).to_bytes(2, "big")
    masked = (int.from_bytes(data, "big") ^ int.from_bytes((mask * (len(data) // 4 + 1))[: len(data)], "big"))
    return b"\x81" + length + mask + masked.to_bytes(len(data), "big")


def handshake(target):
    key = base64.b64encode(os.urandom(16)).decode()
    lines = [
        f"GET {target} HTTP/1.1", "Host: 127.0.0.1", "Upgrade: websocket", "Connection: Upgrade",
        f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Protocol: chat.v1",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


class WebSocket:
    """As much of RFC 6455 as these clients need."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    @classmethod
    async def open(cls, port, target):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(handshake(target))
        head = await reader.readuntil(b"\r\n\r\n")
        check(head.startswith(b"HTTP/1.1 101 "), f"a handshake was answered {head[:80]!r}")
        return cls(reader, writer)

    def send(self, message):
        self.writer.write(frame(json.dumps(message)))

    async def receive(self):
        """The next frame: an object, or the code of a close; nothing at the end."""
        try:
            first, length = await self.reader.readexactly(2)
            if length > 125:
                length = int.from_bytes(await self.reader.readexactly(2 if length == 126 else 8), "big")
            payload = await self.reader.readexactly(length)
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        return int.from_bytes(payload[:2], "big") if first & 0x0F == 8 else json.loads(payload)

    async def until(self, wanted):
        while (received := await self.receive()) is not None:
            if isinstance(received, dict) and wanted(received):
                return received
        raise Failed("a connection ended early")

    def close(self):
        self.writer.close()


def silent(port, target, is_stream):
    """A connection whose client never reads, with as little room in the system as there can be."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", port))
    head = f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode() if is_stream else handshake(target)
    client.sendall(head)
    return client


# --- Those that never read


async def readers_that_never_read(server):
    base = server.resident()
    peaks, rests = [], []
    for round_number in range(3):
        room = f"crowd{round_number}"
        # One of four reads events in place of a WebSocket.
        clients = []
        for number in range(CLIENTS):
            is_stream = number % 4 == 3
            path = "/api/chat/stream" if is_stream else "/ws/chat"
            clients.append(silent(server.port, f"{path}?session={room}", is_stream))
        kinds = [f'chat_connections{{transport="{kind}"}}' for kind in ("websocket", "sse")]

        def connected():
            return sum(server.number(kind) for kind in kinds)

        await patiently(lambda: connected() == CLIENTS, "not all clients that never read were let in")
        witness = await WebSocket.open(server.port, f"/ws/chat?session={room}")
        await witness.receive()
        seen, peak, number = [], 0, 0
        # Whoever doesn't read is ended after some of them; the witness gets them all, in their order.
        while connected() > 1:
            check(number < 400, f"{connected() - 1} of {CLIENTS} clients that never read are still connected")
            number += 1
            witness.send({"type": "user", "message": "x" * 16_000, "id": f"m{number}"})
            awaited = {"ack", "claude"}
            while awaited:
                received = await witness.until(lambda one: True)
                awaited.discard(received["type"])
                if received["type"] in ("user", "claude", "system"):
                    seen.append(received["seq"])
            peak = max(peak, server.resident())
        check(seen == list(range(1, len(seen) + 1)), "a client that reads lacks a message, or has one twice")
        witness.close()
        for client in clients:
            client.close()
        await patiently(lambda: connected() == 0, "connections are left that nobody has")
        peaks.append(peak)
        rests.append(server.resident())
    bound = base + CLIENTS * QUEUE
    check(max(peaks) <= bound, f"{max(peaks)} KiB are in use, more than {base} and {QUEUE} for each client")
    # What the first round took is used again by the next ones.
    check(rests[2] <= rests[0] * 1.15 + 8_192, f"memory grows from round to round: {rests} KiB")
    print(
        f"load: {CLIENTS} clients that never read, 3 times: {base} KiB before, at most {max(peaks)}, "
        f"after each round {rests}",
        flush=True,
    )


async def answers_that_nobody_reads(server):
    """Several pages of history each, more than the system keeps for a client; nothing else would end such a request."""
    room = "/api/chat/history?session=crowd0&limit=100"
    before = server.number("process_open_fds")
    clients = []
    for _ in range(20):
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", server.port))
        client.sendall(f"GET {room} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode() * 8)
        clients.append(client)
    await patiently(lambda: server.number("process_open_fds") >= before + 20, "not all clients were let in")
    # The store opens a few files more to read so many pages.
    await patiently(lambda: server.number("process_open_fds") < before + 10, "requests stay open whose clients never read")
    for client in clients:
        client.close()
    print("load: 20 clients that never read what they asked for are let go", flush=True)


async def patiently(condition, problem):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        check(time.monotonic() < deadline, problem)
        await asyncio.sleep(0.05)


# --- A restart


class Visitor:
    """A page with an outbox, which comes back with its position and sends again what wasn't acknowledged."""

    def __init__(self, number, port):
        self.session, self.port = f"v{number}", port
        self.acknowledged, self.outbox = {}, collections.OrderedDict()
        self.position = self.after = self.code = None
        self.count = 0

    async def connect(self):
        place = f"&epoch={self.position[0]}&since={self.position[1]}" if self.position else ""
        self.socket = await WebSocket.open(self.port, f"/ws/chat?session={self.session}{place}")
        welcome = await self.socket.receive()
        if self.position:
            check(welcome["recovered"], f"{self.session} can't go on where it was: {welcome}")
            check(welcome["replayed"] == welcome["top"] - self.position[1], "the replay isn't what was missed")
        else:
            self.position = (welcome["epoch"], 0)
        for message in self.outbox.values():
            self.socket.send(message)

    def say(self):
        self.count += 1
        message = {"type": "user", "message": "hello", "id": f"{self.session}-{self.count}"}
        self.outbox[message["id"]] = message
        self.socket.send(message)

    def take(self, received):
        """Notes what a frame says."""
        if received["type"] == "ack":
            self.outbox.pop(received["id"], None)
            known = self.acknowledged.setdefault(received["id"], received["seq"])
            check(known == received["seq"], f"{received['id']} has two numbers")
        elif received["type"] == "reconnect":
            self.after = received["afterMs"]
        elif "seq" in received and received["type"] in ("user", "claude", "system"):
            epoch, last = self.position
            check(received["epoch"] == epoch and received["seq"] == last + 1, f"{self.session} got {received}")
            self.position = (epoch, received["seq"])

    async def talk_until_the_end(self, started):
        """Says one thing after the other, whatever becomes of it, until the server closes."""
        for _ in range(3):
            self.say()
        while (received := await self.socket.receive()) is not None:
            if isinstance(received, int):
                self.code = received
                break
            self.take(received)
            if received["type"] == "ack" and self.after is None:
                started.set()
                self.say()
        self.socket.close()

    async def settle(self):
        """Comes back and waits until everything is acknowledged."""
        await self.connect()
        while self.outbox:
            received = await self.socket.receive()
            check(isinstance(received, dict), f"{self.session} was closed again")
            self.take(received)
        self.socket.close()

    async def history(self):
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        found, before = {}, ""
        while True:
            target = f"/api/chat/history?session={self.session}&limit=100{before}"
            writer.write(f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            page = json.loads(await reader.readexactly(int(re.search(r"content-length: (\d+)", head)[1])))
            for item in page["items"]:
                check(item["id"] not in found, f"{item['id']} is there twice")
                found[item["id"]] = item["seq"]
            if page["complete"]:
                writer.close()
                return found
            before = f"&before={page['items'][0]['seq']}"


async def restart_under_all(binary, folder, port):
    first = await Server(binary, folder, port).wait()
    second = None
    try:
        visitors = [Visitor(number, port) for number in range(CLIENTS)]
        await asyncio.gather(*(visitor.connect() for visitor in visitors))
        events = [asyncio.Event() for _ in visitors]
        talks = [asyncio.create_task(each.talk_until_the_end(event)) for each, event in zip(visitors, events)]
        await asyncio.gather(*(event.wait() for event in events))
        first.terminate()
        await asyncio.gather(*talks)
        code = await first.ended()
        check(code == 0, f"the server ended with {code} after SIGTERM")
        check(all(visitor.code == 4410 for visitor in visitors), "not everybody was closed with 4410")
        check(all(visitor.after is not None for visitor in visitors), "somebody wasn't told when to come back")
        spread([visitor.after for visitor in visitors])
        acknowledged = sum(len(visitor.acknowledged) for visitor in visitors)
        waiting = sum(len(visitor.outbox) for visitor in visitors)
        second = await Server(binary, folder, port).wait()
        # All at once, which is worse than what they were told.
        await asyncio.gather(*(visitor.settle() for visitor in visitors))
        for visitor in visitors:
            stored = await visitor.history()
            lost = [name for name, seq in visitor.acknowledged.items() if stored.get(name) != seq]
            check(not lost, f"acknowledged and not there any more: {lost}")
            check(len(visitor.acknowledged) == visitor.count, f"{visitor.session} never got all acknowledgements")
        second.terminate()
        check(await second.ended() == 0, "the second server didn't end well")
    finally:
        for server in (first, second):
            if server:
                server.kill()
    print(
        f"load: {CLIENTS} clients over a restart: {acknowledged} messages acknowledged before it, none lost; "
        f"{waiting} sent again, none twice",
        flush=True,
    )


def spread(times):
    """Clients that come back must not come at once: no tenth of the time has more than three times its part."""
    longest = max(times)
    check(min(times) >= 100 and longest <= 10_000, f"{min(times)} to {longest} ms is out of bounds")
    tenths = collections.Counter(min(9, time * 10 // (longest + 1)) for time in times)
    check(len(tenths) == 10 and max(tenths.values()) <= 0.3 * len(times), f"the times are not spread: {tenths}")
    print(f"load: told to come back within {min(times)} to {longest} ms, by tenths {[tenths[n] for n in range(10)]}")


async def run(binary):
    with tempfile.TemporaryDirectory() as name:
        server = await Server(binary, Path(name), free_port()).wait()
        try:
            await readers_that_never_read(server)
            await answers_that_nobody_reads(server)
        finally:
            server.kill()
    with tempfile.TemporaryDirectory() as name:
        await restart_under_all(binary, Path(name), free_port())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", required=True)
    binary = os.path.abspath(parser.parse_args().binary)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65_536), hard))
    started = time.monotonic()
    try:
        asyncio.run(run(binary))
    except Failed as problem:
        print(f"load: {problem}")
        return 1
    print(f"load: passed; {time.monotonic() - started:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
