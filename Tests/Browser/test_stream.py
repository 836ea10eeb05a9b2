"""The chat by SSE: where no WebSocket comes through, before polling is tried."""

import re

from playwright.sync_api import expect

from browser import WidgetTest, setUpModule, tearDownModule  # noqa: F401
from visitor import Visitor


class Stream(WidgetTest):
    def slow(self, url=None):
        """A visitor whose browser has no WebSockets, and the calls of the page."""
        page = self.context.new_page()
        page.add_init_script("if (!sessionStorage.socket) delete window.WebSocket")
        visitor = Visitor(page)
        visitor.calls = []
        page.on("request", lambda request: visitor.calls.append(request.url))
        return visitor.visit(url or self.server.url).open(status="Connected (slow mode)")

    def test_the_chat_works_by_stream_and_never_polls(self):
        visitor = self.slow()
        self.assertEqual(visitor.state("transport"), "sse")
        self.assertIs(visitor.state("isConnected"), True)
        self.assertIsNone(visitor.state("websocket"))
        visitor.ask("hello")
        visitor.ask("what do you know?")
        visitor.waits_for("claudeChat.state.outbox === 0")
        self.assertEqual([kind for kind, _ in visitor.texts()], ["own", "theirs", "own", "theirs"])
        self.assertEqual(len([url for url in visitor.calls if "/api/chat/stream" in url]), 1)
        self.assertEqual([url for url in visitor.calls if "/api/chat/poll" in url], [])
        self.assertEqual(visitor.problems, [])

    def test_a_reload_keeps_the_choice_and_shows_the_history(self):
        visitor = self.slow()
        visitor.ask("hello")
        visitor.page.reload()
        visitor.sees_status("Connected (slow mode)")
        expect(visitor.all).to_have_count(2)
        self.assertEqual(visitor.state("transport"), "sse")

    def test_two_tabs_by_stream_and_socket_see_the_same(self):
        # With a connection of its own each, as tabs of one browser mostly have not.
        url = self.site({"/": "<!doctype html><title>x</title><body>" + self.tag("data-share=off")}).url + "/"
        slow, fast = self.slow(url), self.visitor(url=url).open()
        slow.ask("hello")
        expect(fast.all).to_have_count(2)
        fast.ask("what do you know?")
        expect(slow.all).to_have_count(4)
        # It comes word by word.
        for tab in (slow, fast):
            expect(tab.theirs.last).to_contain_text("does not work.")
        self.assertEqual(slow.texts(), fast.texts())

    def test_after_a_cut_line_it_goes_on_where_it_was(self):
        cable = self.cable()
        visitor = self.slow(cable.url)
        visitor.ask("hello")
        cable.set("cut")
        visitor.sees_status("Reconnecting")
        visitor.say("what do you know?")
        cable.set("good")
        visitor.sees_status("Connected (slow mode)")
        expect(visitor.theirs).to_have_count(2)
        self.assertEqual(visitor.state("transport"), "sse")
        self.assertEqual([kind for kind, _ in visitor.texts()], ["own", "theirs", "own", "theirs"])

    def test_a_stream_that_is_held_back_on_the_way_is_given_up_for_polling(self):
        page = self.context.new_page()
        page.add_init_script("delete window.WebSocket")
        # It never answers: as behind a proxy that waits for the end.
        page.route(re.compile("/api/chat/stream"), lambda route: None)
        visitor = Visitor(page).visit(self.server.url).open(status="Connected (slow mode)")
        self.assertEqual(visitor.state("transport"), "poll")
        visitor.ask("hello")

    def test_a_server_without_streams_is_polled(self):
        page = self.context.new_page()
        page.add_init_script("delete window.WebSocket")
        page.route(re.compile("/api/chat/stream"), lambda route: route.fulfill(status=404, json={"code": "bad_request"}))
        visitor = Visitor(page).visit(self.server.url).open(status="Connected (slow mode)")
        self.assertEqual(visitor.state("transport"), "poll")
        visitor.ask("hello")
