"""Tabs of one conversation: one has the connection, the others follow it, and nobody notices which."""

import re

from playwright.sync_api import expect

from browser import WidgetTest, setUpModule, tearDownModule  # noqa: F401
from visitor import Visitor

COUNT_SOCKETS = """
window.sockets = 0;
const Real = WebSocket;
window.WebSocket = class extends Real { constructor(...a) { super(...a); window.sockets += 1; } };
"""


class Tabs(WidgetTest):
    def setUp(self):
        super().setUp()
        self.context.add_init_script(COUNT_SOCKETS)

    def tabs(self, count=2, url=None):
        """Open tabs; the first one leads."""
        return [self.visitor(url=url).open() for _ in range(count)]

    def sockets(self, *visitors):
        return [visitor.page.evaluate("sockets") for visitor in visitors]

    def page_with(self, attributes):
        return f"{self.site({'/': f'<!doctype html><title>x</title><body>{self.tag(attributes)}'}).url}/"

    def assert_same(self, *visitors):
        self.assertEqual(len({tuple(visitor.texts()) for visitor in visitors}), 1, [visitor.texts() for visitor in visitors])
        ids = visitors[0].page.locator("claude-chat-widget .message").evaluate_all("all => all.map((one) => one.dataset.id)")
        self.assertEqual(len(ids), len(set(ids)), ids)

    def test_one_tab_is_connected_and_the_others_see_and_say_all(self):
        first, second, third = self.tabs(3)
        self.assertEqual(self.sockets(first, second, third), [1, 0, 0])
        for number, visitor in enumerate((third, first, second), 1):
            visitor.ask("hello")
            for other in (first, second, third):
                expect(other.theirs).to_have_count(number)
        self.assert_same(first, second, third)
        for visitor in (first, second, third):
            visitor.waits_for("claudeChat.state.outbox === 0")
            self.assertEqual(visitor.problems, [])

    def test_the_state_of_a_tab_that_follows_shows_the_others_socket(self):
        first, second = self.tabs()
        shared = second.state("websocket")
        self.assertEqual(shared, {"url": first.page.evaluate("claudeChat.state.websocket.url"), "protocol": "chat.v1", "readyState": 1, "shared": True})
        self.assertIs(second.page.evaluate("Object.isFrozen(claudeChat.state.websocket)"), True)
        self.assertIs(second.state("isConnected"), True)
        self.assertEqual(second.state("transport"), "websocket")
        self.assertNotIn("shared", first.page.evaluate("Object.keys(claudeChat.state.websocket)"))

    def test_a_tab_that_is_closed_is_followed_by_the_next_one(self):
        for closes_first in (True, False):
            with self.subTest(closes_first=closes_first):
                first, second = self.tabs()
                first.ask("hello")
                leaving, staying = (first, second) if closes_first else (second, first)
                shown = staying.theirs.count()
                leaving.page.close()
                # Written before anybody has noticed.
                staying.say("the login fails")
                expect(staying.theirs).to_have_count(shown + 1)
                staying.sees_status("Connected")
                self.assertEqual([kind for kind, text in staying.texts() if text == "the login fails"].count("own"), 1 if closes_first else 2)
                self.assertEqual(self.sockets(staying), [1])
                staying.page.close()

    def test_a_panel_that_is_closed_hands_the_connection_on(self):
        first, second = self.tabs()
        first.page.keyboard.press("Escape")
        second.waits_for("sockets === 1")
        second.sees_status("Connected")
        second.ask("hello")
        self.assertEqual(first.state("connection"), "idle")

    def test_a_leader_that_hangs_is_replaced(self):
        first, second = self.tabs()
        first.page.evaluate("setTimeout(() => { const end = performance.now() + 6000; while (performance.now() < end); window.hung = true; }, 0); 0")
        second.page.bring_to_front()
        second.waits_for("sockets === 1")
        second.sees_status("Connected")
        second.ask("hello")
        # The one that hung follows now, and has missed nothing.
        first.waits_for("window.hung && claudeChat.state.websocket?.shared === true")
        expect(first.theirs).to_have_count(1)
        self.assert_same(first, second)

    def test_a_restart_of_the_server_is_survived_by_all(self):
        first, second = self.tabs()
        first.ask("hello")
        self.stop_server()
        for visitor in (first, second):
            expect(visitor.status).not_to_have_text("Connected")
        second.say("written meanwhile")
        self.server.start()
        for visitor in (first, second):
            visitor.sees_status("Connected")
            expect(visitor.theirs).to_have_count(2)
        self.assert_same(first, second)
        self.assertEqual([first.state("websocket").get("shared"), second.state("websocket").get("shared")].count(True), 1)

    def test_without_websocket_one_tab_has_the_stream(self):
        cable = self.cable()
        cable.set("no-websocket")
        tabs = [self.visitor(url=cable.url).open(status="Connected (slow mode)") for _ in range(2)]
        tabs[1].ask("hello")
        expect(tabs[0].theirs).to_have_count(1)
        self.assertEqual([tab.state("transport") for tab in tabs], ["sse", "sse"])
        streams = [tab.page.evaluate("performance.getEntriesByType('resource').filter(e => e.name.includes('/api/chat/stream')).length") for tab in tabs]
        self.assertEqual(streams[1], 0)

    def test_a_refused_message_is_refused_in_its_own_tab(self):
        first, second = self.tabs()
        for visitor in (first, second):
            visitor.page.evaluate("window.errors = []; addEventListener('claude-chat:error', (event) => errors.push(event.detail.code)); 0")
        limit = 15
        second.page.evaluate(f"for (let n = 0; n < {limit}; n++) claudeChat.send('hello', {{silent: true}})")
        second.waits_for("errors.includes('rate_limited')")
        expect(first.theirs).to_have_count(limit, timeout=60_000)
        self.assertEqual(first.page.evaluate("errors"), [])

    def test_with_share_off_each_tab_connects(self):
        first, second = self.tabs(url=self.page_with("data-share=off"))
        self.assertEqual(self.sockets(first, second), [1, 1])
        first.ask("hello")
        expect(second.theirs).to_have_count(1)
        self.assert_same(first, second)

    def test_without_locks_each_tab_connects(self):
        self.context.add_init_script("delete Navigator.prototype.locks")
        first, second = self.tabs()
        self.assertEqual(self.sockets(first, second), [1, 1])
        first.ask("hello")
        expect(second.theirs).to_have_count(1)

    def test_a_session_of_its_own_tab_is_shared_with_nobody(self):
        first = self.tabs(1)[0]
        other = self.visitor(url=self.page_with("data-session=tab")).open()
        first.ask("hello")
        self.assertNotEqual(first.state("sessionId"), other.state("sessionId"))
        self.assertEqual(self.sockets(first, other), [1, 1])
        self.assertEqual(other.texts(), [])

    def test_reset_takes_all_tabs_to_the_same_new_conversation(self):
        first, second = self.tabs()
        first.ask("hello")
        before = first.state("sessionId")
        second.page.evaluate("claudeChat.reset()")
        for visitor in (first, second):
            expect(visitor.all).to_have_count(0)
            visitor.sees_status("Connected")
            visitor.waits_for(f"claudeChat.state.sessionId && claudeChat.state.sessionId !== '{before}'")
        second.waits_for("claudeChat.state.isConnected")
        self.assertEqual(first.state("sessionId"), second.state("sessionId"))
        second.ask("hello again")
        expect(first.theirs).to_have_count(1)

    def test_only_one_tab_makes_a_sound_and_none_while_the_visitor_reads(self):
        self.context.add_init_script("window.tones = 0; const Old = OscillatorNode; window.OscillatorNode = class extends Old { constructor(...a) { super(...a); window.tones += 1; } };")
        url = self.page_with("data-sound=on")
        first, second = self.tabs(url=url)
        second.ask("hello")
        expect(first.theirs).to_have_count(1)
        self.assertEqual([first.page.evaluate("tones"), second.page.evaluate("tones")], [2, 0])

    def test_a_streamed_reply_grows_in_all_tabs(self):
        first = self.visitor_with_frames()
        first.open()
        second = self.visitor().open()
        first.socket.send('{"type":"reply.start","replyId":"r1","format":"plain"}\n{"type":"reply.delta","replyId":"r1","index":0,"text":"Half a"}')
        for visitor in (first, second):
            expect(visitor.theirs).to_have_text("Half a")

    def visitor_with_frames(self):
        """A visitor whose connection the test can speak on, besides the server."""
        page = self.context.new_page()
        visitor = Visitor(page)

        def serve(socket):
            server = socket.connect_to_server()
            server.on_message(lambda data: socket.send(data))
            visitor.socket = socket

        page.route_web_socket(re.compile("/ws/chat"), serve)
        return visitor.visit(self.server.url)
