"""Compares what the server would send to trackers with what their public client libraries send.

A server on loopback records the requests of the libraries; those of `claude-chat outbox preview` must have the same methods and
paths, headers that hold the secrets under the same names, and bodies whose fields the libraries know.
Environment: CLAUDE_CHAT_BIN, the binary (default: the debug build).
"""

import http.server
import json
import os
import re
import subprocess
import tempfile
import threading
import unittest
import unittest.mock
import urllib.parse
from pathlib import Path

import gitlab
import jira
import redminelib
from githubkit import GitHub
from githubkit.versions.latest.models import (
    ReposOwnerRepoIssuesIssueNumberCommentsPostBody,
    ReposOwnerRepoIssuesPostBody,
)
from gitlab.v4.objects import ProjectIssueManager

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("CLAUDE_CHAT_BIN", ROOT / ".build/debug/claude-chat")).resolve()
SECRET = "s3cret-token-of-a-tracker"


class Request:
    """Method, path, query, headers and body of a request."""

    def __init__(self, method, address, headers, body):
        parts = urllib.parse.urlsplit(address)
        self.method, self.path = method, parts.path
        self.query = urllib.parse.parse_qs(parts.query)
        self.headers = {name.lower(): value for name, value in headers}
        self.body = json.loads(body) if body.strip() else None

    def __str__(self):
        return f"{self.method} {self.path}"


class Recorder:
    """A tracker that takes everything, and notes it."""

    def __init__(self, answers):
        recorded = self.requests = []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def take(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                request = Request(self.command, self.path, self.headers.items(), body)
                recorded.append(request)
                status, answer = answers(request)
                body = json.dumps(answer).encode() if answer is not None else b""
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_PUT = take

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.server.shutdown()
        self.server.server_close()

    def find(self, method, path):
        found = [request for request in self.requests if request.method == method and request.path.endswith(path)]
        if not found:
            raise AssertionError(f"no {method} …{path} among {[str(request) for request in self.requests]}")
        return found[-1]


def preview(settings):
    """The requests that the server would send, by their names."""
    configuration = "\n".join(
        [
            "version: 1", "default_chain: support", "server: {listen: '127.0.0.1:8080', mode: development}", "chains:",
            "  support:", "    answer:", "      - issues:", *[f"          {line}" for line in settings],
            "    fallback: [fallback]", "",
        ]
    )
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "claude-chat.yaml").write_text(configuration, encoding="utf-8")
        shown = subprocess.run(
            [str(BINARY), "outbox", "preview"], cwd=folder, env={**os.environ, "TRACKER_TOKEN": SECRET},
            capture_output=True, text=True, timeout=60, check=False,
        )
    if shown.returncode != 0:
        raise AssertionError(shown.stderr)
    if SECRET in shown.stdout:
        raise AssertionError("a secret is shown")
    requests = {}
    for block in re.split(r"^# \S+: ", shown.stdout, flags=re.MULTILINE)[1:]:
        name, request, *rest = block.rstrip("\n").split("\n")
        method, address = request.split(" ", 1)
        headers = [line.split(": ", 1) for line in rest[: rest.index("")] if line] if "" in rest else [
            line.split(": ", 1) for line in rest if line
        ]
        body = "\n".join(rest[rest.index("") + 1 :]) if "" in rest else ""
        requests.setdefault(name, []).append(Request(method, address, headers, body))
    return requests


class Dialects(unittest.TestCase):
    def same(self, ours, theirs, secret_header):
        """Checks that both go to the same place, with a secret under the same name."""
        self.assertEqual(str(ours), str(theirs))
        self.assertEqual(ours.headers[secret_header], "***")
        self.assertIn(secret_header, theirs.headers)

    def test_github(self):
        settings = ["tracker: github", "project: acme/shop", "token: {env: TRACKER_TOKEN}"]
        ours = preview(settings)
        with Recorder(lambda request: (404, {"message": "no"})) as recorder:
            client = GitHub(SECRET, base_url=recorder.address, auto_retry=False)
            issues = client.rest.issues
            calls = [
                lambda: issues.create("acme", "shop", title="x", body="y", labels=["chat"]),
                lambda: issues.create_comment("acme", "shop", 412, body="y"),
                lambda: issues.get("acme", "shop", 412),
                lambda: issues.list_for_repo(
                    "acme", "shop", state="all", sort="created", direction="desc", per_page=100
                ),
                lambda: client.rest.search.issues_and_pull_requests(q="x", per_page=10),
            ]
            for call in calls:
                with self.assertRaises(Exception):
                    call()
            self.same(ours["create"][0], recorder.find("POST", "/issues"), "authorization")
            self.same(ours["comment"][0], recorder.find("POST", "/comments"), "authorization")
            self.same(ours["status"][0], recorder.find("GET", "/412"), "authorization")
            newest = recorder.find("GET", "/shop/issues")
            self.same(ours["find"][0], newest, "authorization")
            self.assertEqual(ours["find"][0].query, newest.query)
            self.same(ours["find"][1], recorder.find("GET", "/search/issues"), "authorization")
        created = ours["create"][0].body
        known = ReposOwnerRepoIssuesPostBody.model_validate(created).model_dump(exclude_unset=True)
        self.assertEqual(known, created)
        self.assertEqual(set(created) - set(ReposOwnerRepoIssuesPostBody.model_fields), set())
        comment = ours["comment"][0].body
        ReposOwnerRepoIssuesIssueNumberCommentsPostBody.model_validate(comment)
        self.assertEqual(set(comment), set(ReposOwnerRepoIssuesIssueNumberCommentsPostBody.model_fields))

    def test_gitlab(self):
        issue = {"id": 1, "iid": 412, "project_id": "acme/shop", "title": "x", "state": "opened"}

        def answers(request):
            if request.method == "POST":
                return 201, {**issue, "body": "y"}
            return 200, issue if request.path.endswith("/412") else [issue]

        with Recorder(answers) as recorder:
            project = gitlab.Gitlab(recorder.address, private_token=SECRET).projects.get("acme/shop", lazy=True)
            project.issues.create({"title": "x", "description": "y", "labels": "chat"})
            project.issues.get(412).notes.create({"body": "y"})
            project.issues.list(search="x", state="all", per_page=20, get_all=False)
            ours = preview(
                [
                    "tracker: gitlab", f"url: {recorder.address}/api/v4", "project: acme/shop",
                    "token: {env: TRACKER_TOKEN}", "fields: {confidential: true}",
                ]
            )
            self.same(ours["create"][0], recorder.find("POST", "/issues"), "private-token")
            self.same(ours["comment"][0], recorder.find("POST", "/notes"), "private-token")
            self.same(ours["status"][0], recorder.find("GET", "/412"), "private-token")
            self.same(ours["find"][0], recorder.find("GET", "/issues"), "private-token")
        fields = ProjectIssueManager._create_attrs
        self.assertLessEqual(set(ours["create"][0].body), {*fields.required, *fields.optional})
        self.assertLessEqual(set(fields.required), set(ours["create"][0].body))
        self.assertEqual(set(ours["comment"][0].body), {"body"})
        # "in" is GitLab's and the library sends it on, though it doesn't list it.
        filters = {*ProjectIssueManager._list_filters, "per_page", "in"}
        self.assertLessEqual(set(ours["find"][0].query), filters)

    def test_jira(self):
        def answers(request):
            if request.method == "POST":
                return 201, {"id": "1", "key": "SHOP-412", "self": "x", "fields": {}}
            if request.path.endswith("/search/jql"):
                return 200, {"issues": [], "isLast": True}
            return 200, {"id": "1", "key": "412", "self": "x", "fields": {}, "deploymentType": "Cloud"}

        with Recorder(answers) as recorder:
            client = jira.JIRA(
                recorder.address, basic_auth=("chat@example.com", SECRET), get_server_info=False, max_retries=0,
                options={"rest_api_version": "3"},
            )
            client.create_issue(
                {"project": {"key": "SHOP"}, "issuetype": {"name": "Bug"}, "summary": "x"}, prefetch=False
            )
            client.add_comment("412", "y")
            client.issue("412", fields="summary,status")
            with unittest.mock.patch.object(jira.JIRA, "_is_cloud", True):
                client.enhanced_search_issues("project = SHOP", maxResults=1, fields="summary,status")
            ours = preview(
                [
                    "tracker: jira", f"url: {recorder.address}", "project: SHOP", "user: chat@example.com",
                    "token: {env: TRACKER_TOKEN}",
                ]
            )
            create = recorder.find("POST", "/issue")
            self.same(ours["create"][0], create, "authorization")
            self.same(ours["comment"][0], recorder.find("POST", "/comment"), "authorization")
            status = recorder.find("GET", "/issue/412")
            self.same(ours["status"][0], status, "authorization")
            self.assertEqual(ours["status"][0].query, status.query)
            found = recorder.find("GET", "/search/jql")
            self.same(ours["find"][0], found, "authorization")
            self.assertLessEqual(set(ours["find"][0].query), set(found.query))
        fields = ours["create"][0].body["fields"]
        self.assertEqual(set(ours["create"][0].body), set(create.body))
        self.assertEqual(set(fields["project"]), set(create.body["fields"]["project"]))
        self.assertEqual(set(fields["issuetype"]), set(create.body["fields"]["issuetype"]))
        for document in (fields["description"], ours["comment"][0].body["body"]):
            self.assertEqual((document["type"], document["version"]), ("doc", 1))
            self.assertEqual({node["type"] for node in document["content"]}, {"paragraph"})

    def test_redmine(self):
        issue = {"id": 412, "subject": "x", "status": {"id": 1, "name": "New"}}

        def answers(request):
            if request.method == "PUT":
                return 204, None
            if request.path.endswith("/issues.json") and request.method == "GET":
                return 200, {"issues": [issue], "total_count": 1, "offset": 0, "limit": 100}
            return 201 if request.method == "POST" else 200, {"issue": issue}

        with Recorder(answers) as recorder:
            client = redminelib.Redmine(recorder.address, key=SECRET)
            client.issue.create(project_id="shop", subject="x", description="y")
            client.issue.update(412, notes="y")
            client.issue.get(412)
            list(client.issue.filter(project_id="shop", status_id="*", sort="created_on:desc", limit=100))
            ours = preview(
                [
                    "tracker: redmine", f"url: {recorder.address}", "project: shop", "token: {env: TRACKER_TOKEN}",
                ]
            )
            create, comment = recorder.find("POST", "/issues.json"), recorder.find("PUT", "/412.json")
            # Whether the project stands in the path or in the body is the same to Redmine.
            create.path = create.path.replace("/projects/shop", "")
            self.same(ours["create"][0], create, "x-redmine-api-key")
            self.same(ours["comment"][0], comment, "x-redmine-api-key")
            known = {*create.body["issue"], "project_id"}
            self.assertEqual(set(ours["create"][0].body["issue"]), known)
            self.assertEqual(set(ours["comment"][0].body["issue"]), set(comment.body["issue"]))
            self.same(ours["status"][0], recorder.find("GET", "/412.json"), "x-redmine-api-key")
            found = recorder.find("GET", "/issues.json")
            self.same(ours["find"][0], found, "x-redmine-api-key")
            self.assertEqual(ours["find"][0].query, {name: found.query[name] for name in ours["find"][0].query})


if __name__ == "__main__":
    unittest.main()
