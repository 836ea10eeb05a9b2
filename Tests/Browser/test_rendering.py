"""What texts become: formatting, links, hostile texts, streamed replies."""

import json
import re
import time
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import expect

from browser import WidgetTest, setUpModule, tearDownModule  # noqa: F401
from visitor import Visitor

EVERYTHING = """First **bold** and *italic* and `code`.
Second line.

- one
- two
  - nested

3. three
4. four

> quoted

```swift
let x = "<b>"
```

[Help](https://help.example.com/a) and https://example.org/path."""


class Wired(WidgetTest):
    """The test speaks for the server, to a page whose handshakes go nowhere else."""

    def talk(self, url=None, status="Connected"):
        """A visitor, and a function that sends frames to the page as the server would."""
        page = self.context.new_page()
        sockets = []
        sent = []

        def serve(socket):
            sockets.append(socket)
            socket.on_message(lambda data: sent.append(data))
            socket.send(self.welcome())

        page.route_web_socket(re.compile("/ws/chat"), serve)
        visitor = Visitor(page).visit(url or self.server.url).open(status=status)
        visitor.sent, visitor.sockets = sent, sockets
        visitor.seq = self.top

        def receive(type="claude", **fields):
            if type in ("claude", "user", "system"):
                visitor.seq += 1
                fields = {"id": f"srv:{visitor.seq}", "seq": visitor.seq, "epoch": "e.1", "timestamp": "2026-11-24T10:00:00.000Z", **fields}
            sockets[-1].send(json.dumps({"type": type, **fields}))

        visitor.receive = receive
        return visitor

    top = 0

    def welcome(self):
        return json.dumps({"type": "system", "event": "welcome", "message": "Connected", "epoch": "e.1", "top": self.top, "recovered": False, "reset": False, "replayed": 0, "heartbeat": 25})


class Markdown(Wired):
    def test_the_safe_subset_becomes_nodes(self):
        visitor = self.talk()
        visitor.receive(message=EVERYTHING, format="markdown")
        bubble = visitor.theirs.last
        expect(bubble.locator("strong")).to_have_text("bold")
        expect(bubble.locator("em")).to_have_text("italic")
        expect(bubble.locator("p code")).to_have_text("code")
        expect(bubble.locator("ul > li").first).to_have_text("one")
        expect(bubble.locator("ul ul > li")).to_have_text("nested")
        expect(bubble.locator("ol")).to_have_attribute("start", "3")
        expect(bubble.locator("blockquote")).to_have_text("quoted")
        expect(bubble.locator("pre")).to_have_text('let x = "<b>"')
        links = bubble.locator("a")
        expect(links.nth(0)).to_have_attribute("href", "https://help.example.com/a")
        expect(links.nth(0)).to_have_attribute("rel", "noopener noreferrer nofollow")
        expect(bubble.locator(".host").first).to_have_text("(help.example.com)")
        # The full stop behind an address belongs to the sentence.
        expect(links.nth(1)).to_have_attribute("href", "https://example.org/path")
        self.assertEqual(visitor.problems, [])

    def test_a_code_block_can_be_copied(self):
        self.context.grant_permissions(["clipboard-read", "clipboard-write"])
        visitor = self.talk()
        visitor.receive(message="```\na < b\n```", format="markdown")
        visitor.panel.get_by_role("button", name="Copy").click()
        expect(visitor.panel.get_by_role("button", name="Copied")).to_be_visible()
        self.assertEqual(visitor.page.evaluate("navigator.clipboard.readText()"), "a < b")

    def test_a_plain_reply_and_an_own_text_have_no_formatting_but_addresses(self):
        visitor = self.talk()
        visitor.receive(message="**not bold** https://example.org")
        expect(visitor.theirs.last).to_have_text("**not bold** https://example.org")
        expect(visitor.theirs.last.locator("a")).to_have_count(1)
        visitor.say("**mine** [a](https://example.org)")
        expect(visitor.own.last.locator("strong")).to_have_count(0)

    def test_a_reply_in_another_language_is_read_out_as_such(self):
        visitor = self.talk()
        visitor.receive(message="Hello")
        self.assertIsNone(visitor.theirs.last.get_attribute("lang"))
        visitor.receive(message="Guten Tag", lang="de")
        expect(visitor.theirs.last).to_have_text("Guten Tag")
        expect(visitor.theirs.last).to_have_attribute("lang", "de")

    def test_H3_no_link_leads_to_a_script_or_data(self):
        visitor = self.talk()
        addresses = [
            "javascript:pwn()", "JaVaScRiPt:pwn()", "java\tscript:pwn()", "java\nscript:pwn()", "&#106;avascript:pwn()", "data:text/html,x",
            "vbscript:x", "//evil.example", "/\\evil.example", "https://user:word@evil.example", "\x01javascript:pwn()", "file:///etc", "blob:x/y",
            "%6aavascript:pwn()", "https:evil", "about:blank",
        ]
        for address in addresses:
            visitor.receive(message=f"[press]({address}) <{address}>", format="markdown", links=[{"title": "press", "url": address}])
        expect(visitor.theirs).to_have_count(len(addresses))
        hrefs = visitor.page.evaluate("[...document.querySelector('claude-chat-widget').shadowRoot.querySelectorAll('a')].map(a => a.href)")
        # "https:evil" is an address of the host evil, and the host is shown.
        self.assertEqual(set(hrefs) - {"https://evil/"}, set())

    def test_H4_formatting_yields_nodes_of_the_subset_only(self):
        visitor = self.talk()
        texts = [
            "**<img src=x onerror=pwn()>**", "`<script>pwn()</script>`", "[<svg onload=pwn()>](https://example.org)", "```\n</code></pre><script>pwn()</script>\n```",
            "- <iframe src=javascript:pwn()>", "> <style>@import url(//evil)</style>", "*&lt;script&gt;*", "[x](https://example.org/\"onclick=\"pwn())",
            "![alt](https://example.org/x.png)", "<b>**x**</b>", "# heading", "| a | b |",
        ]
        for text in texts:
            visitor.receive(message=text, format="markdown", author={"kind": "responder", "name": text}, choices=[{"label": text[:40]}], links=[{"title": text, "url": "https://example.org"}])
        expect(visitor.theirs).to_have_count(len(texts))
        names = visitor.page.evaluate("[...new Set([...document.querySelector('claude-chat-widget').shadowRoot.querySelectorAll('.bubble *')].map(n => n.localName))]")
        self.assertEqual(set(names) - {"p", "strong", "em", "code", "pre", "ul", "ol", "li", "blockquote", "a", "span", "bdi", "div", "button"}, set())
        self.assertIsNone(visitor.page.evaluate("window.pwned ?? null"))
        self.assertEqual(visitor.violations(), [])

    def test_H5_the_layout_stays_inside_the_bubble(self):
        visitor = self.talk()
        texts = ["\u202Eevil\u2066 text\u200B", "x" + "\u0301" * 8000, "w" * 16384, "```\n" + "c" * 3000 + "\n```", "https://example.org/" + "a" * 2000]
        for text in texts:
            visitor.receive(message=text, format="markdown")
        visitor.say("after")
        expect(visitor.theirs).to_have_count(len(texts))
        sizes = visitor.page.evaluate(
            """() => [...document.querySelector('claude-chat-widget').shadowRoot.querySelectorAll('.bubble, .log')]
                .map(node => [node.className, node.scrollWidth - node.clientWidth])"""
        )
        self.assertEqual([size for size in sizes if size[1] > 0], [])
        self.assertLessEqual(visitor.theirs.nth(1).bounding_box()["height"], 80)

    def test_H8_a_page_that_is_a_script_is_text(self):
        visitor = self.talk()
        visitor.page.evaluate("claudeChat.setPage({path: 'javascript:pwn()', title: '<img src=x onerror=pwn()>'})")
        expect(visitor.panel.locator("summary")).to_be_visible()
        expect(visitor.panel.locator("details a, details img")).to_have_count(0)
        self.assertEqual(visitor.state("page"), "javascript:pwn()")

    def test_links_of_a_reply_stand_under_it(self):
        visitor = self.talk()
        visitor.receive(message="See there.", links=[{"title": "Returns", "url": "https://help.example.com/returns"}, {"title": "Orders", "url": "/orders"}])
        links = visitor.panel.locator(".links a")
        expect(links.nth(0)).to_have_text("Returns")
        expect(links.nth(1)).to_have_attribute("href", f"{self.server.url}orders")
        expect(visitor.panel.locator(".links .host")).to_have_text("(help.example.com)")

    def test_parsing_takes_time_linear_in_the_length(self):
        visitor = self.talk()
        for piece in ["*", "[", "`", "**a ", "[a](", "> ", "- ", "```\n", "`` ` ", "*a* **b", "[a](b", "https://", "1. a\n  - b\n"]:
            visitor.receive(message=(piece * 16384)[:16384], format="markdown")
        started = time.monotonic()
        expect(visitor.theirs).to_have_count(13, timeout=60_000)
        # Not a measure: a quadratic parser would take minutes.
        self.assertLess(time.monotonic() - started, 60)


class Choices(Wired):
    def test_a_click_sends_what_the_choice_says_and_not_its_label(self):
        visitor = self.talk()
        choices = [{"label": "Shirts", "send": "Shirts"}, {"label": "Shoes", "send": "which size for shoes?"}]
        visitor.receive(message="Which article is it?", choices=choices)
        visitor.panel.get_by_role("button", name="Shoes", exact=True).click()
        expect(visitor.own.last).to_contain_text("which size for shoes?")
        messages = [json.loads(frame) for frame in visitor.sent if json.loads(frame)["type"] == "user"]
        self.assertEqual(messages[-1]["message"], "which size for shoes?")


class Streams(Wired):
    def test_a_streamed_reply_grows_and_is_replaced_by_the_message(self):
        visitor = self.talk()
        visitor.say("question")
        visitor.receive("typing", state="start", author={"kind": "responder"}, expiresMs=6000)
        expect(visitor.panel.get_by_text("Assistant is typing")).to_be_visible()
        visitor.receive("reply.start", replyId="re:m1", turnId="t", inReplyTo="m1", author={"kind": "responder"})
        expect(visitor.panel.get_by_text("Assistant is typing")).to_be_hidden()
        visitor.receive("reply.delta", replyId="re:m1", index=0, text="Open **set")
        expect(visitor.theirs).to_have_text("Open **set")
        visitor.receive("reply.delta", replyId="re:m1", index=1, text="tings**.")
        expect(visitor.theirs.locator("strong")).to_have_text("settings")
        expect(visitor.panel.get_by_role("button", name="Stop")).to_be_visible()
        visitor.receive(message="Open **settings**.", format="markdown", id="re:m1", inReplyTo="m1")
        visitor.receive("reply.end", replyId="re:m1", text="Open **settings**.", finish="complete", seq=1, epoch="e.1")
        expect(visitor.theirs).to_have_count(1)
        expect(visitor.theirs).to_have_text("Open settings.")
        expect(visitor.panel.get_by_role("button", name="Stop")).to_be_hidden()
        status = visitor.page.locator("claude-chat-widget [role=status]")
        expect(status).to_have_text("Assistant: Open **settings**.")

    def test_a_missed_part_waits_for_the_whole_text(self):
        visitor = self.talk()
        visitor.receive("reply.start", replyId="re:m1", turnId="t", author={})
        visitor.receive("reply.delta", replyId="re:m1", index=0, text="One ")
        visitor.receive("reply.delta", replyId="re:m1", index=2, text="three")
        visitor.receive("reply.delta", replyId="re:other", index=0, text="stray")
        expect(visitor.theirs).to_have_text("One ")
        visitor.receive("reply.end", replyId="re:m1", text="One two three", finish="complete")
        expect(visitor.theirs).to_have_text("One two three")

    def test_stop_ends_it_and_a_cut_reply_offers_to_ask_again(self):
        visitor = self.talk()
        visitor.say("question")
        id = visitor.page.evaluate("document.querySelector('claude-chat-widget').shadowRoot.querySelector('.own').dataset.id")
        visitor.receive("user", message="question", id=id)
        visitor.receive("ack", id=id, seq=1, epoch="e.1")
        visitor.receive("reply.start", replyId=f"re:{id}", inReplyTo=id, author={})
        visitor.receive("reply.delta", replyId=f"re:{id}", index=0, text="Half")
        visitor.panel.get_by_role("button", name="Stop").click()
        expect(visitor.theirs).to_have_text("Half")
        self.assertTrue(any('"stop"' in frame and f"re:{id}" in frame for frame in visitor.sent), visitor.sent)
        visitor.receive(message="Half", id=f"re:{id}", inReplyTo=id, finish="stopped")
        expect(visitor.panel.get_by_text("(stopped)")).to_be_visible()
        visitor.panel.get_by_role("button", name="Try again").click()
        expect(visitor.own).to_have_text(["question", "question"])

    def test_a_lost_connection_takes_the_unfinished_reply_along(self):
        visitor = self.talk()
        visitor.receive("reply.start", replyId="re:m1", author={})
        visitor.receive("reply.delta", replyId="re:m1", index=0, text="Half")
        expect(visitor.theirs).to_have_count(1)
        visitor.sockets[-1].close(code=4409, reason="position lost")
        expect(visitor.theirs).to_have_count(0)
        visitor.sees_status("Connected")
        visitor.receive(message="Whole", id="re:m1")
        expect(visitor.theirs).to_have_text("Whole")

    def test_presence_and_unknown_types_are_ignored(self):
        visitor = self.talk()
        visitor.receive("presence", event="sync", participants=[{"kind": "visitor", "connections": 2}])
        visitor.receive("hologram", value=1)
        visitor.receive(message="still here")
        expect(visitor.theirs).to_have_text("still here")
        self.assertEqual(visitor.problems, [])


class Typing(Wired):
    def typing(self, visitor):
        return [re.search('"state":"(start|stop)"', frame)[1] for frame in visitor.sent if '"typing"' in frame]

    def test_GT16_own_typing_is_told_and_always_ends(self):
        visitor = self.talk()
        visitor.composer.press_sequentially("hello")
        visitor.composer.press("Enter")
        expect(visitor.own).to_have_count(1)
        self.assertEqual(self.typing(visitor), ["start", "stop"])
        visitor.composer.press_sequentially("x")
        visitor.composer.press("Backspace")
        self.assertEqual(self.typing(visitor), ["start", "stop", "start", "stop"])

    def test_GT16_the_indicator_ends_by_stop_by_message_by_time_and_by_loss(self):
        visitor = self.talk()
        line = visitor.panel.get_by_text("Ada is typing")

        def starts(milliseconds=6000):
            visitor.receive("typing", state="start", author={"kind": "agent", "name": "Ada"}, expiresMs=milliseconds)
            expect(line).to_be_visible()

        starts()
        visitor.receive("typing", state="stop", author={"kind": "agent", "name": "Ada"})
        expect(line).to_be_hidden()
        starts()
        visitor.receive(message="hello", author={"kind": "agent", "name": "Ada"})
        expect(line).to_be_hidden()
        starts(1500)
        expect(line).to_be_hidden()
        starts()
        visitor.sockets[-1].close(code=4409, reason="position lost")
        expect(line).to_be_hidden()

    def test_GT16_a_reload_shows_the_conversation(self):
        visitor = self.visitor().open()
        visitor.ask("hello")
        visitor.page.reload()
        expect(visitor.all).to_have_count(2)


class Older(Wired):
    top = 80

    def test_scrolling_up_shows_older_messages_and_keeps_the_place(self):
        asked = []

        def answer(route):
            query = parse_qs(urlsplit(route.request.url).query)
            before = int(query["before"][0])
            asked.append((before, query["epoch"][0], route.request.headers.get("authorization", "")[:7]))
            first = max(1, before - int(query["limit"][0]))
            items = [self.message(seq) for seq in range(first, before)]
            body = {"type": "history", "epoch": "e.1", "items": items, "complete": first == 1}
            route.fulfill(json=body, headers={"Access-Control-Allow-Origin": "*"})

        self.context.route(re.compile("/api/chat/history"), answer)
        visitor = self.talk()
        for _ in range(20):
            visitor.receive(message=f"message {visitor.seq + 1}")
        expect(visitor.theirs).to_have_count(20)
        log = visitor.panel.get_by_role("log")
        expect(visitor.theirs.last).to_be_in_viewport()
        log.evaluate("log => (log.scrollTop = 40)")
        expect(visitor.theirs).to_have_count(70)
        shown = visitor.theirs.filter(has_text=re.compile("^message 82$"))
        place = shown.evaluate("node => { const { top, bottom } = node.getBoundingClientRect(); return { top, bottom }; }")
        self.assertTrue(place["top"] < 500 and place["bottom"] > 0, place)
        log.evaluate("log => (log.scrollTop = 0)")
        expect(visitor.theirs).to_have_count(100)
        self.assertEqual([text for _, text in visitor.texts()], [f"message {seq}" for seq in range(1, 101)])
        self.assertEqual(asked, [(81, "e.1", "Bearer "), (31, "e.1", "Bearer ")])
        expect(visitor.page.locator("claude-chat-widget [role=status]")).to_have_text("Assistant: message 100")

    def message(self, seq):
        return {"type": "claude", "message": f"message {seq}", "id": f"srv:{seq}", "seq": seq, "epoch": "e.1", "timestamp": "2026-11-24T09:00:00.000Z", "context": {}}
