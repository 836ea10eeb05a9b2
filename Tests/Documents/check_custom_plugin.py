"""Runs the server of Examples/custom-plugin as its README says, and asks it.

Environment: ACME_CHAT_BIN, the binary (default: the debug build).
"""

import os
import subprocess
import unittest
from pathlib import Path

from serving import Serving, free_port

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("ACME_CHAT_BIN", ROOT / ".build/debug/acme-chat")).resolve()
EXAMPLE = ROOT / "Examples/custom-plugin"


class CustomPlugin(Serving):
    def run_command(self, *arguments):
        done = subprocess.run(
            [str(BINARY), *arguments], cwd=EXAMPLE, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, timeout=60, check=False
        )
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout

    def test_its_commands_work(self):
        self.assertIn("claude-chat.yaml is fine", self.run_command("check"))
        self.assertIn("all cases are fine", self.run_command("plugins", "check", "order-status"))
        self.assertIn("answered by order-status", self.run_command("explain", "where is A-17?"))

    def test_its_server_answers(self):
        port = free_port()
        server = subprocess.Popen(
            [str(BINARY), "serve", "--insecure-dev", "--ephemeral", "--listen", f"127.0.0.1:{port}"], cwd=EXAMPLE,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        )
        try:
            self.wait_for_health(server, port)
            self.assertIn("A-17 is on its way.", self.say("where is A-17?", "m1", server, port))
            self.assertIn("I know orders only.", self.say("hello", "m2", server, port))
        finally:
            server.terminate()
            self.assertEqual(server.wait(timeout=45), 0)


if __name__ == "__main__":
    unittest.main()
