#!/usr/bin/env python3
"""The same answers as returns.py, as a web service: for the plugin "webhook".

    RETURNS_SECRET=$(openssl rand -base64 48) python3 Examples/python-plugin/service.py 9000

GET sends what it is, POST answers a turn or does what an action asks for. Whatever is not signed with the secret is refused before it is read.
"""

import hashlib
import hmac
import http.server
import json
import os
import sys
import time
from urllib.parse import parse_qs, urlsplit

from returns import answer, perform

SECRET = os.environ["RETURNS_SECRET"].strip().encode()
MAXIMUM_BYTES = 262_144


def is_signed(headers, body):
    """Whether the body was signed with the secret in the last five minutes."""
    stamp = headers.get("X-Claude-Chat-Timestamp", "")
    if not stamp.isdigit() or abs(time.time() - int(stamp)) > 300:
        return False
    code = hmac.new(SECRET, stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    signatures = headers.get("X-Claude-Chat-Signature", "").split(",")
    # Two while the secret is changed. Compared in constant time.
    return any(hmac.compare_digest(signature.strip().encode(), b"v1=" + code.encode()) for signature in signatures)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def send(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if not is_signed(self.headers, b""):
            return self.send(401, {"error": "signature"})
        challenge = parse_qs(urlsplit(self.path).query).get("challenge", [""])[0]
        ready = {"type": "ready", "protocol": 1, "name": "returns", "version": "1.1", "stages": ["answer"]}
        self.send(200, {**ready, "actions": ["book"], "idempotent": True, "challenge": challenge})

    def do_POST(self):
        length = int(self.headers.get("Content-Length", 0))
        if length > MAXIMUM_BYTES:
            self.close_connection = True
            return self.send(413, {"error": "too long"})
        body = self.rfile.read(length)
        if not is_signed(self.headers, body):
            return self.send(401, {"error": "signature"})
        try:
            frame = json.loads(body)
        except ValueError:
            return self.send(400, {"error": "no JSON"})
        if frame["type"] == "action":
            return self.send(200, {"type": "result", "id": frame["id"], **perform(frame)})
        self.send(200, {"type": "verdict", "id": frame["id"], **answer(frame["turn"])})

    def log_message(self, *arguments):
        """Nothing: the path of a request is always the same."""


if __name__ == "__main__":
    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
    print(f"http://127.0.0.1:{server.server_address[1]}/", flush=True)
    server.serve_forever()
