"""What the server adds between a byte of the Messages API and the byte of a WebSocket, and whether its memory grows.

    python3 Benchmarks/claude.py --binary .build/release/claude-chat [--streams 200] [--turns 10000]

A small API of its own writes the time into each piece of text; clients in the same process compare it with the time at which
the piece arrives. What this process takes itself is therefore in the figures. The turns ask `claude-chat stub`.
"""

import argparse
import asyncio
import contextlib
import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "Tests/Load"))
import run as load  # noqa: E402

PIECES, PAUSE = 20, 0.1


def event(name, **fields):
    return f"event: {name}\ndata: {json.dumps({'type': name, **fields})}\n\n".encode()


async def answer(reader, writer):
    """One connection to the API: each request is answered with pieces that have the time in them."""
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(int(re.search(rb"content-length: (\d+)", head, re.IGNORECASE)[1]))

            def write(data):
                writer.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")

            writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
            message = {"id": "m", "role": "assistant", "model": "m", "content": [], "usage": {"input_tokens": 1}}
            write(event("message_start", message=message))
            write(event("content_block_start", index=0, content_block={"type": "text", "text": ""}))
            for _ in range(PIECES):
                text = f"T{time.monotonic_ns()}; "
                write(event("content_block_delta", index=0, delta={"type": "text_delta", "text": text}))
                await asyncio.sleep(PAUSE)
            write(event("content_block_stop", index=0))
            write(event("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 9}))
            write(event("message_stop"))
            writer.write(b"0\r\n\r\n")


class Server(load.Server):
    """A server whose only responder is Claude."""

    def __init__(self, binary, folder, port, endpoint):
        self.port = port
        (folder / "key").write_text("any")
        (folder / "key").chmod(0o600)
        (folder / "prompt.md").write_text("Be kind.")
        configuration = folder / "claude-chat.yaml"
        configuration.write_text(
            f"version: 1\ndefault_chain: one\nserver: {{listen: '127.0.0.1:{port}'}}\n"
            f"chains:\n  one:\n    deadline: 60s\n    stream_deadline: 120s\n    answer:\n"
            f"      - claude: {{endpoint: '{endpoint}', key: {{file: key}}, model: m, system: prompt.md, first_chunk: 60s}}\n"
            f"        timeout: 100s\n        first_chunk: 60s\n        concurrency: 1000\n        queue: 1000\n"
            f"    fallback: [fallback]\n"
        )
        command = [
            binary, "serve", "--config", configuration, "--insecure-dev", "--no-limits", "--ephemeral", "--threads", "1",
        ]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)


async def stream(port, number, delays):
    socket = await load.WebSocket.open(port, f"/ws/chat?session=bench-{number}")
    socket.send({"type": "user", "message": "go", "id": "m1"})
    text, seen = "", 0
    while (frame := await socket.receive()) is not None:
        if frame["type"] == "reply.delta":
            now = time.monotonic_ns()
            text += frame["text"]
            stamps = re.findall(r"T(\d+);", text)
            delays += [(now - int(stamp)) / 1e6 for stamp in stamps[seen:]]
            seen = len(stamps)
        elif frame["type"] == "reply.end":
            return frame["finish"] == "complete" and seen == PIECES
    return False


def share(values, part):
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


async def overhead(binary, streams):
    api = await asyncio.start_server(answer, "127.0.0.1", 0)
    endpoint = f"http://127.0.0.1:{api.sockets[0].getsockname()[1]}"
    with tempfile.TemporaryDirectory() as folder:
        server = await Server(binary, Path(folder), load.free_port(), endpoint).wait()
        try:
            for count in sorted({1, streams}):
                delays = []
                whole = await asyncio.gather(*(stream(server.port, f"{count}-{n}", delays) for n in range(count)))
                print(
                    f"{count:4} streams at once: {sum(whole)} whole, {len(delays)} pieces, "
                    f"p50 {share(delays, 0.5):.2f} ms, p99 {share(delays, 0.99):.2f} ms"
                )
        finally:
            server.terminate()
            await server.ended()
    api.close()


async def memory(binary, turns):
    stub = subprocess.Popen([binary, "stub", "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True)
    endpoint = stub.stdout.readline().split()[4].rstrip(",")
    with tempfile.TemporaryDirectory() as folder:
        server = await Server(binary, Path(folder), load.free_port(), endpoint).wait()
        try:
            sockets = [await load.WebSocket.open(server.port, f"/ws/chat?session=bench-{n}") for n in range(20)]

            async def talk(socket, count, first):
                for number in range(count):
                    socket.send({"type": "user", "message": f"turn {first + number}", "id": f"m{first + number}"})
                    while (frame := await socket.receive())["type"] != "claude":
                        pass
                    load.check(frame["message"] == f"You said: turn {first + number}", f"answered {frame['message']}")

            for part in range(10):
                count = turns // 10 // len(sockets)
                await asyncio.gather(*(talk(socket, count, part * count) for socket in sockets))
                print(f"{(part + 1) * count * len(sockets):6} turns: {server.resident() / 1024:.1f} MiB")
        finally:
            server.terminate()
            await server.ended()
            stub.terminate()
            stub.wait()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", required=True)
    parser.add_argument("--streams", type=int, default=200)
    parser.add_argument("--turns", type=int, default=10_000)
    arguments = parser.parse_args()
    binary = str(Path(arguments.binary).resolve())
    asyncio.run(overhead(binary, arguments.streams))
    asyncio.run(memory(binary, arguments.turns))


main()
