"""What tests share that run a server: a port, whether it answers, a message and its reply."""

import json
import socket
import subprocess
import time
import unittest
import urllib.error
import urllib.request


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Serving(unittest.TestCase):
    def say(self, text, name, server, port):
        """Says something, waits for the answer, and gives the messages of the conversation as they are sent."""
        body = json.dumps({"type": "user", "message": text, "id": name, "sessionId": "s"}).encode()
        address = f"http://127.0.0.1:{port}"
        request = urllib.request.Request(f"{address}/api/chat/messages", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            self.assertEqual(answer.status, 200)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with urllib.request.urlopen(f"{address}/api/chat/history?session=s", timeout=30) as answer:
                history = answer.read().decode()
                if f'"re:{name}"' in history:
                    return history
            # Not so often that the server refuses it.
            try:
                self.fail(f"the server ended with {server.wait(timeout=0.5)}")
            except subprocess.TimeoutExpired:
                pass
        self.fail(f"no answer to {name}")

    def wait_for_health(self, server, port):
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
                    self.assertEqual(answer.status, 200)
                    return
            except (urllib.error.URLError, OSError):
                try:
                    self.fail(f"the server ended with {server.wait(timeout=0.2)}")
                except subprocess.TimeoutExpired:
                    pass
        self.fail("the server didn't answer /healthz within 90 s")
