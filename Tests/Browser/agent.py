"""A person who answers, as a page of the server's own origin: frames alone, since the console is anybody's."""

import json
import urllib.request


class Agent:
    """A connection with a token of its own to the session `session`, or to the list of those who wait."""

    SCRIPT = """([url, token]) => new Promise((resolve, reject) => {
        window.frames_ = [];
        window.socket_ = new WebSocket(url, ['chat.v1', `bearer.${token}`]);
        socket_.onmessage = ({ data }) => data.split('\\n').forEach((line) => frames_.push(JSON.parse(line)));
        socket_.onopen = resolve;
        socket_.onclose = ({ code }) => reject(new Error(`closed with ${code}`));
    })"""

    def __init__(self, context, server, session, name="Ada"):
        self.page = context.new_page()
        self.page.goto(f"{server.url}readyz")
        body = json.dumps({"site": "default", "role": "agent", "name": name}).encode()
        request = urllib.request.Request(
            f"{server.url}api/admin/tokens", data=body, headers={"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            token = json.load(answer)["token"]
        url = f"{server.url.replace('http', 'ws', 1)}ws/chat?session={session}"
        self.page.evaluate(self.SCRIPT, [url, token])
        self.sent = 0

    def send(self, **frame):
        self.page.evaluate("frame => socket_.send(JSON.stringify(frame))", frame)

    def says(self, text):
        self.sent += 1
        self.send(type="user", message=text, id=f"a{self.sent}")

    def sees(self, condition):
        """Waits for a frame `f` of which an expression is true, and returns it."""
        return self.page.wait_for_function(f"frames_.find((f) => {condition})", timeout=30_000).json_value()
