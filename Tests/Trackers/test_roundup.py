"""Has a visitor's report arrive at a real tracker: Roundup, by its REST API and the template `tracker: http`.

Environment: CLAUDE_CHAT_BIN, the binary (default: the debug build).
"""

import base64
import http.client
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.request
import wsgiref.simple_server
from pathlib import Path

from roundup.cgi.wsgi_handler import RequestDispatcher

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("CLAUDE_CHAT_BIN", ROOT / ".build/debug/claude-chat")).resolve()
PASSWORD = "the-password-of-the-tests"

CONFIGURATION = """
version: 1
default_chain: support
server: {listen: '127.0.0.1:CHAT', mode: development}
chains:
  support:
    answer:
      - issues:
          tracker: http
          outbox: outbox.sqlite
          public_links: true
          headers:
            Authorization: {env: TRACKER_AUTH, format: 'Basic {}'}
            Origin: http://127.0.0.1:TRACKER
            X-Requested-With: rest
          create:
            request: POST http://127.0.0.1:TRACKER/rest/data/issue
            body: {title: '{title}', priority: bug}
            ok: [201]
            error_if: /error
            id: /data/id
            url: http://127.0.0.1:TRACKER/issue{id}
          status:
            request: GET http://127.0.0.1:TRACKER/rest/data/issue/{id}?@verbose=2
            state: /data/attributes/status/name
            map: {unread: open, chatting: in_progress, resolved: resolved}
      - rules: {path: rules/}
    fallback: [fallback]
"""

RULES = r"""
version: 1
rules:
  - id: broken
    match: '\bbroken\b'
    actions:
      - {responder: issues, op: create, fields: {kind: bug}}
    reply: I am sorry.
    tests: [{say: it is broken}, {not: hello}]
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Silent(wsgiref.simple_server.WSGIRequestHandler):
    def log_message(self, *arguments):
        pass


class Roundup(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.tracker_port, self.chat_port = free_port(), free_port()
        home = str(Path(self.folder.name, "tracker"))
        self.administer(home, "install", "classic", "anydbm")
        config = Path(home, "config.ini")
        text = config.read_text(encoding="utf-8")
        text = re.sub(r"^#?web = .*$", f"web = http://127.0.0.1:{self.tracker_port}/", text, flags=re.MULTILINE)
        text = text.replace("#domain = NO DEFAULT", "domain = tracker.example")
        text = text.replace("#host = NO DEFAULT", "host = localhost")
        # Mail of the tracker goes into a file.
        text = text.replace("\ndebug = \n", f"\ndebug = {self.folder.name}/mail\n")
        config.write_text(text, encoding="utf-8")
        self.administer(home, "initialise", PASSWORD)
        self.server = wsgiref.simple_server.make_server(
            "127.0.0.1", self.tracker_port, RequestDispatcher(home), handler_class=Silent
        )
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)

    def administer(self, home, *command):
        program = Path(sys.executable).parent / "roundup-admin"
        subprocess.run([program, "-i", home, *command], check=True, timeout=60, stdout=subprocess.DEVNULL)

    @property
    def login(self):
        return base64.b64encode(f"admin:{PASSWORD}".encode()).decode()

    def issues(self):
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.tracker_port}/rest/data/issue?@verbose=2&@fields=title,priority,status",
            headers={"Authorization": f"Basic {self.login}", "Accept": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)["data"]["collection"]

    def say(self, text, name):
        connection = http.client.HTTPConnection("127.0.0.1", self.chat_port, timeout=30)
        body = json.dumps({"type": "user", "message": text, "id": name, "sessionId": "s"})
        connection.request("POST", "/api/chat/messages", body, {"Content-Type": "application/json"})
        self.assertEqual(connection.getresponse().status, 200)
        connection.close()
        self.wait_for(f'"re:{name}"')

    def wait_for(self, text):
        """The history, once it has a text."""
        deadline = time.monotonic() + 60
        shown = ""
        while time.monotonic() < deadline:
            try:
                address = f"http://127.0.0.1:{self.chat_port}/api/chat/history?session=s"
                with urllib.request.urlopen(address, timeout=30) as answer:
                    shown = answer.read().decode()
                    if text in shown:
                        return shown
            except OSError:
                pass
            self.pause()
        self.fail(f"no {text} in {shown}")

    def pause(self):
        """Not so often that the server refuses it."""
        try:
            self.fail(f"the server ended with {self.chat.wait(timeout=0.5)}")
        except subprocess.TimeoutExpired:
            pass

    def test_a_report_arrives_and_its_number_comes_back_into_the_conversation(self):
        folder = Path(self.folder.name)
        configuration = CONFIGURATION.replace("CHAT", str(self.chat_port))
        configuration = configuration.replace(":TRACKER", f":{self.tracker_port}")
        (folder / "claude-chat.yaml").write_text(configuration, encoding="utf-8")
        (folder / "rules").mkdir()
        (folder / "rules/reports.yaml").write_text(RULES, encoding="utf-8")
        self.chat = subprocess.Popen(
            [str(BINARY), "serve"], cwd=folder, env={**os.environ, "TRACKER_AUTH": self.login},
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        )
        try:
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline:
                try:
                    urllib.request.urlopen(f"http://127.0.0.1:{self.chat_port}/healthz", timeout=30).close()
                    break
                except OSError:
                    self.pause()
            self.say('the checkout is broken, "quoted" \u00e4 \U0001f469\u200d\U0001f467', "m1")
            self.say("Send", "m2")
            history = self.wait_for("is filed as #1")
            self.assertIn(f"http://127.0.0.1:{self.tracker_port}/issue1", history)
            issues = self.issues()
            self.assertEqual(len(issues), 1)
            self.assertEqual(issues[0]["title"], 'the checkout is broken, "quoted" \u00e4 \U0001f469\u200d\U0001f467')
            self.assertEqual(issues[0]["priority"]["name"], "bug")
        finally:
            self.chat.terminate()
            self.chat.wait(timeout=45)


if __name__ == "__main__":
    unittest.main()
