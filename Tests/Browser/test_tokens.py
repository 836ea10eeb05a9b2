"""Who the visitor is: sessions, tokens, their renewal, and visitors that a site vouches for."""

import json
import re
import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import expect

from browser import WidgetTest, setUpModule, tearDownModule  # noqa: F401
from server import ProductionServer
from visitor import Visitor


class Production(WidgetTest):
    """Against a server that lets nobody in without a token."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.data = Path(folder.name, "data")
        self.pages = {}
        self.shop = self.site(self.pages)
        self.server = ProductionServer(folder.name, self.shop.url)
        self.pages["/"] = f"<!doctype html><title>Shop</title><body>{self.tag()}<p>shop"
        self.server.start()
        self.addCleanup(self.stop_server)
        self.context = self.new_browser()

    def lose_the_store(self):
        """Stops the server, and takes away what it knew."""
        self.stop_server()
        shutil.rmtree(self.data)

    def test_a_restart_of_the_server_keeps_the_conversation(self):
        visitor = self.visitor(url=self.shop.url).open()
        visitor.ask("hello")
        session = visitor.state("sessionId")
        self.stop_server()
        visitor.sees_status("Reconnecting")
        self.server.start()
        visitor.sees_status("Connected")
        visitor.ask("what do you know?")
        # A page that has nothing but its refresh token gets everything again.
        visitor.page.reload()
        visitor.sees_status("Connected")
        expect(visitor.all).to_have_count(4)
        self.assertEqual(visitor.state("sessionId"), session)
        self.assertEqual(visitor.problems, [])

    def test_the_chat_works_and_the_access_token_is_in_no_storage_and_no_address(self):
        page = self.context.new_page()
        addresses = []
        page.on("request", lambda request: addresses.append(request.url))
        page.on("websocket", lambda socket: addresses.append(socket.url))
        visitor = Visitor(page).visit(self.shop.url).open()
        visitor.ask("hello")
        stored = page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
        self.assertIn("refreshToken", stored)
        for place in [stored, *addresses]:
            self.assertNotIn("eyJ", place)
        for address in addresses:
            self.assertNotIn("oken", address)
        self.assertEqual(visitor.problems, [])

    def test_without_websocket_every_call_carries_the_token(self):
        visitor = Visitor(self.context.new_page())
        visitor.page.add_init_script("delete window.WebSocket")
        calls = []
        visitor.page.on("request", lambda request: calls.append(request))
        visitor.visit(self.shop.url).open(status="Connected (slow mode)")
        visitor.ask("hello")
        checked = [call for call in calls if re.search("/api/chat/(poll|messages|stream)", call.url) and call.method != "OPTIONS"]
        self.assertGreaterEqual(len(checked), 2)
        for call in checked:
            self.assertRegex(call.all_headers().get("authorization", ""), r"^Bearer eyJ", call.url)

    def test_a_reload_keeps_the_conversation_and_a_lost_one_is_replaced_with_a_sentence(self):
        visitor = self.visitor(url=self.shop.url).open()
        visitor.ask("hello")
        session = visitor.state("sessionId")
        visitor.page.reload()
        visitor.sees_status("Connected")
        expect(visitor.all).to_have_count(2)
        self.assertEqual(visitor.state("sessionId"), session)

        self.lose_the_store()
        self.server.start()
        visitor.page.reload()
        visitor.sees_status("Connected")
        expect(visitor.panel.get_by_text("A new one has begun")).to_be_visible()
        self.assertNotEqual(visitor.state("sessionId"), session)
        visitor.ask("hello")
        visitor.panel.get_by_role("button", name="OK").click()
        expect(visitor.panel.get_by_text("A new one has begun")).to_be_hidden()

    def test_a_message_written_before_the_conversation_was_lost_goes_to_the_new_one(self):
        visitor = self.visitor(url=self.shop.url).open()
        visitor.ask("hello")
        # An answer may come before its question is acknowledged, which would be sent again to the new conversation.
        visitor.page.wait_for_function("claudeChat.state.outbox === 0")
        self.lose_the_store()
        visitor.sees_status("Reconnecting")
        visitor.say("what do you know?")
        self.server.start()
        visitor.sees_status("Connected")
        # The lost one had an answer, too: the old conversation has gone once its question has.
        expect(visitor.all.filter(has_text="hello")).to_have_count(0)
        expect(visitor.theirs).to_have_count(1)
        self.assertEqual([text for kind, text in visitor.texts() if kind == "own"], ["what do you know?"])


class Renewal(WidgetTest):
    def test_at_80_percent_of_its_life_the_token_is_renewed_on_the_live_socket(self):
        page = self.context.new_page()
        sockets, sent, received, calls = [], [], [], []

        def serve(socket):
            sockets.append(socket)
            server = socket.connect_to_server()

            def forward(data):
                received.append(data)
                # The server says fifteen minutes; the test has no time for that.
                socket.send(re.sub(r'("event":"welcome".*"expiresIn":)\d+', r"\g<1>2", data))

            def pass_on(data):
                sent.append(data)
                server.send(data)

            socket.on_message(pass_on)
            server.on_message(forward)

        page.route_web_socket(re.compile("/ws/chat"), serve)
        page.on("request", lambda request: request.url.endswith("/api/chat/session") and calls.append(request))
        visitor = Visitor(page).visit(self.server.url).open()
        before = page.evaluate("localStorage['claude-chat:default']")
        visitor.waits_for(f"localStorage['claude-chat:default'] !== {json.dumps(before)}")
        # Answers come in order, so the renewal has been answered when this has been.
        visitor.ask("hello")
        self.assertEqual([list(json.loads(frame)) for frame in sent if '"refresh"' in frame], [["type", "token"]])
        self.assertEqual(len([frame for frame in received if '"refreshed"' in frame]), 1)
        self.assertEqual((len(sockets), len(calls)), (1, 2))
        self.assertEqual(visitor.state("connection"), "online")

    def test_close_4401_renews_the_token_and_connects_again(self):
        page = self.context.new_page()
        sockets, calls = [], []

        def serve(socket):
            sockets.append(socket)
            server = socket.connect_to_server()
            server.on_message(lambda data: socket.send(data))

        page.route_web_socket(re.compile("/ws/chat"), serve)
        page.on("request", lambda request: request.url.endswith("/api/chat/session") and calls.append(request))
        visitor = Visitor(page).visit(self.server.url).open()
        visitor.ask("hello")
        sockets[0].close(code=4401, reason="token_expired")
        visitor.ask("what do you know?")
        self.assertEqual((len(sockets), len(calls)), (2, 2))
        self.assert_shown_once(visitor)

    def test_4451_stops(self):
        page = self.context.new_page()
        page.route_web_socket(re.compile("/ws/chat"), lambda socket: socket.close(code=4451, reason="revoked"))
        visitor = Visitor(page).visit(self.server.url).open(status="Closed")
        expect(visitor.panel.get_by_role("alert").filter(has_text="ended by the site")).to_be_visible()
        self.assertEqual(visitor.state("connection"), "stopped")

    def test_a_call_that_is_answered_with_401_is_made_again_with_a_new_token(self):
        page = self.context.new_page()
        page.add_init_script("delete window.WebSocket")
        visitor = Visitor(page).visit(self.server.url).open(status="Connected (slow mode)")
        posts, renewals = [], []
        page.on("request", lambda request: request.url.endswith("/api/chat/session") and renewals.append(request))

        def refuse_the_first(route):
            frame = route.request.post_data_json
            # That somebody types is posted too, with the same token.
            if frame["type"] == "user":
                posts.append((route.request.headers["authorization"], frame["id"]))
            if frame["type"] != "user" or len(posts) > 1:
                return route.continue_()
            body = {"type": "error", "code": "token_expired", "message": "", "temporary": True}
            route.fulfill(status=401, json=body, headers={"Access-Control-Allow-Origin": "*"})

        page.route(re.compile("/api/chat/messages$"), refuse_the_first)
        visitor.ask("hello")
        self.assert_shown_once(visitor)
        (refused_token, refused_id), (new_token, repeated_id) = posts
        self.assertEqual(refused_id, repeated_id)
        self.assertNotEqual(refused_token, new_token)
        self.assertEqual(len(renewals), 1)

    def test_two_tabs_that_race_for_a_renewal_keep_one_conversation(self):
        first, second = self.visitor().open(), self.visitor().open()
        session = first.state("sessionId")
        calls = []
        self.context.on("request", lambda request: request.url.endswith("/api/chat/session") and calls.append(request))
        for tab in (first, second):
            tab.page.reload(wait_until="commit")
        for tab in (first, second):
            tab.sees_status("Connected")
            self.assertEqual(tab.state("sessionId"), session)
            expect(tab.panel.get_by_text("A new one has begun")).to_be_hidden()
        first.ask("hello")
        expect(second.theirs).to_have_count(1)

    def test_a_server_that_gives_no_token_is_used_without_one(self):
        page = self.context.new_page()
        calls = []

        def strip(route):
            answer = route.fetch()
            calls.append(route.request.post_data_json)
            route.fulfill(response=answer, json={"sessionId": answer.json()["sessionId"]})

        page.route(re.compile("/api/chat/session"), strip)
        visitor = Visitor(page).visit(self.server.url).open()
        visitor.ask("hello")
        session = visitor.state("sessionId")
        page.reload()
        visitor.sees_status("Connected")
        expect(visitor.all).to_have_count(2)
        self.assertEqual(visitor.state("sessionId"), session)
        self.assertEqual(visitor.problems, [])


class Identity(WidgetTest):
    def visitor_with_answers(self, attributes=""):
        """A visitor whose session calls are recorded and answered without looking at the identity."""
        site = self.site({"/": f"<!doctype html><title>Shop</title><body>{self.tag(f'async {attributes}')}"})
        page = self.context.new_page()
        bodies = []

        def answer(route):
            bodies.append(route.request.post_data_json)
            plain = {key: value for key, value in bodies[-1].items() if key != "identity"}
            if bodies[-1].get("identity") == "of-another":
                plain = {}
            route.continue_(post_data=json.dumps(plain))

        page.route(re.compile("/api/chat/session"), answer)
        return Visitor(page).visit(f"{site.url}/"), bodies

    def test_the_tags_identity_goes_along_once_and_is_not_kept(self):
        visitor, bodies = self.visitor_with_answers("data-identity=signed-by-the-shop")
        visitor.open()
        visitor.ask("hello")
        self.assertEqual([body.get("identity") for body in bodies], ["signed-by-the-shop"])
        self.assertNotIn("signed-by", visitor.page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])"))

    def test_another_subject_is_another_conversation(self):
        visitor, bodies = self.visitor_with_answers()
        visitor.open()
        visitor.ask("hello")
        session = visitor.state("sessionId")
        visitor.page.evaluate("claudeChat.identify({token: 'of-another'})")
        visitor.sees_status("Connected")
        expect(visitor.all).to_have_count(0)
        self.assertNotEqual(visitor.state("sessionId"), session)
        self.assertEqual(bodies[-1]["identity"], "of-another")

    def test_an_identity_that_is_refused_stops_with_a_sentence(self):
        site = self.site({"/": f"<!doctype html><title>Shop</title><body>{self.tag('async data-identity=forged')}"})
        visitor = self.visitor(url=f"{site.url}/").open(status="Closed")
        expect(visitor.panel.get_by_role("alert").filter(has_text="sign-in")).to_be_visible()
        self.assertEqual(visitor.state("lastError")["code"], "identity_refused")

    def test_reset_forgets_the_conversation(self):
        visitor = self.visitor().open()
        visitor.ask("hello")
        session = visitor.state("sessionId")
        visitor.page.evaluate("claudeChat.reset()")
        visitor.sees_status("Connected")
        expect(visitor.all).to_have_count(0)
        self.assertNotEqual(visitor.state("sessionId"), session)
