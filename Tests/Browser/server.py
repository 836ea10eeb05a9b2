"""The server under test as a process, and a page of another site."""

import http.server
import os
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import urllib.error
import urllib.request
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


def free_port():
    """A port that nobody listens on. Taken again at once, so a clash is most unlikely."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """`claude-chat serve` on a port of its own. `CLAUDE_CHAT_BIN` names the binary."""

    def __init__(self):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/"
        # Its configuration is the repository's, which others use at the same time.
        self.options = ["--ephemeral"]
        self.process = None

    @staticmethod
    def binary():
        return os.environ.get("CLAUDE_CHAT_BIN") or str(REPOSITORY / ".build/debug/claude-chat")

    def command(self):
        return [self.binary(), "serve", "--insecure-dev", "--listen", f"127.0.0.1:{self.port}", *self.options]

    def start(self):
        self.process = subprocess.Popen(self.command(), cwd=REPOSITORY, stdout=subprocess.DEVNULL)
        # No fixed time: as long as the process lives and doesn't answer, it's asked again.
        while not self.is_healthy():
            try:
                code = self.process.wait(timeout=0.05)
            except subprocess.TimeoutExpired:
                continue
            raise AssertionError(f"the server ended with {code} before it answered /healthz")

    def is_healthy(self):
        try:
            # The certificate of the tests is its own authority, and nothing secret goes over this line.
            context = ssl._create_unverified_context()
            with urllib.request.urlopen(f"{self.url}healthz", timeout=5, context=context) as answer:
                return answer.status == 200
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False

    def stop(self):
        """Stops by SIGTERM as an operator would; returns the exit code."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout=40)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError("the server was still there 40 s after SIGTERM") from None


class SecureServer(Server):
    """The same with a certificate, from a configuration that stands in `folder`."""

    def __init__(self, folder):
        super().__init__()
        self.url = f"https://localhost:{self.port}/"
        for name in ("certificate.pem", "key.pem"):
            shutil.copy(REPOSITORY / "Tests/ServerTests/EndToEnd/Certificate" / name, folder)
        (Path(folder) / "key.pem").chmod(0o600)
        text = (REPOSITORY / "claude-chat.yaml").read_text()
        text = text.replace("path: rules/", f"path: {REPOSITORY}/rules/").replace("script: stub", f"script: {REPOSITORY}/stub")
        text = text.replace("\nserver:\n", "\nserver:\n  tls: {certificate: certificate.pem, key: {file: key.pem}}\n")
        (Path(folder) / "claude-chat.yaml").write_text(text)
        self.options = ["--config", f"{folder}/claude-chat.yaml"]


CANNED = f"""version: 1
default_chain: canned
chains:
  canned:
    answer:
      - claude-stub: {{script: {REPOSITORY}/stub/answers.yaml}}
    fallback:
      - fallback: {{text: 'No answer.'}}
"""


class CannedServer(Server):
    """Without rules, which take the most time of a start: for tests that don't ask who answers."""

    def __init__(self, folder):
        super().__init__()
        (Path(folder) / "claude-chat.yaml").write_text(CANNED)
        self.options = ["--config", f"{folder}/claude-chat.yaml"]


class ProductionServer(CannedServer):
    """Production mode: nobody is let in without a token. `origin` is that of the site's pages, `more` stands in its entry."""

    def __init__(self, folder, origin, more=""):
        super().__init__(folder)
        (Path(folder) / "key").write_text("k" * 64)
        (Path(folder) / "key").chmod(0o600)
        with (Path(folder) / "claude-chat.yaml").open("a") as configuration:
            configuration.write(
                f"server: {{listen: '127.0.0.1:{self.port}', public_url: '{self.url}', token_keys: {{k1: {{file: key}}}}}}\n"
                f"sites: {{shop: {{origins: ['{origin}']{more}}}}}\n"
            )

    def command(self):
        return [self.binary(), "serve", *self.options]


class Site:
    """A web site on another origin than the server's. `pages` maps a path to its HTML; one that ends in `.js` to a script."""

    def __init__(self, pages):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body = pages.get(self.path)
                # The browser asks for an icon by itself; a missing one would be an error in its console.
                self.send_response(200 if body else 204)
                kind = "text/javascript" if self.path.endswith(".js") else "text/html"
                self.send_header("Content-Type", f"{kind}; charset=utf-8")
                self.end_headers()
                self.wfile.write((body or "").encode())

            def log_message(self, *arguments):
                pass

        self.listener = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.listener.server_port}"
        self.thread = threading.Thread(target=self.listener.serve_forever)
        self.thread.start()

    def stop(self):
        self.listener.shutdown()
        self.thread.join()
        self.listener.server_close()
