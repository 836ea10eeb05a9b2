"""The thumbs under replies: what the visitor sees, and what the server keeps."""

import json
import re
import subprocess

from playwright.sync_api import expect

from browser import WidgetTest, setUpModule, tearDownModule  # noqa: F401
from server import Server
from visitor import Visitor


def thumbs(visitor):
    """The two buttons of the newest reply."""
    message = visitor.page.locator("claude-chat-widget .theirs").last
    return message.get_by_role("button", name="Good reply"), message.get_by_role("button", name="Bad reply")


def said(visitor, text):
    """What a screen reader is told."""
    return visitor.page.locator("claude-chat-widget [role=status]").filter(has_text=text)


class Ratings(WidgetTest):
    def test_a_press_is_kept_with_the_reply_and_another_changes_it(self):
        page = self.context.new_page()
        page.add_init_script("window.rated = []; addEventListener('claude-chat:feedback', (event) => rated.push(event.detail))")
        visitor = Visitor(page).visit(self.server.url).open()
        visitor.ask("hello")
        good, bad = thumbs(visitor)
        good.click()
        expect(good).to_have_attribute("aria-pressed", "true")
        visitor.waits_for("rated.length === 1")
        expect(said(visitor, "Thank you for telling us.")).to_be_attached()
        bad.click()
        expect(good).to_have_attribute("aria-pressed", "false")
        expect(bad).to_have_attribute("aria-pressed", "true")
        visitor.waits_for("rated.length === 2")
        reply = visitor.page.locator("claude-chat-widget .theirs").get_attribute("data-id")
        self.assertEqual(page.evaluate("rated"), [{"id": reply, "value": "up"}, {"id": reply, "value": "down"}])
        self.server.stop()
        export = [Server.binary(), "store", "export", *self.server.options]
        done = subprocess.run(export, capture_output=True, text=True, check=True)
        records = [json.loads(line) for line in done.stdout.splitlines()]
        self.server.start()
        self.assertEqual([record["feedback"] for record in records if record.get("feedback")], ["down"])

    def test_a_second_press_takes_it_back_and_a_reload_knows_it(self):
        visitor = self.visitor().open()
        visitor.ask("hello")
        good, bad = thumbs(visitor)
        good.click()
        expect(good).to_have_attribute("aria-pressed", "true")
        # At once: who leaves right after the press has pressed all the same.
        visitor.page.reload()
        visitor.sees_status("Connected")
        expect(good).to_have_attribute("aria-pressed", "true")
        good.click()
        expect(good).to_have_attribute("aria-pressed", "false")
        visitor.page.reload()
        visitor.sees_status("Connected")
        expect(good).to_have_attribute("aria-pressed", "false")

    def test_what_the_server_does_not_keep_is_not_shown_as_kept(self):
        visitor = self.visitor().open()
        visitor.ask("hello")
        visitor.page.route(re.compile("/api/chat/feedback"), lambda route: route.fulfill(status=503, json={}))
        good, _ = thumbs(visitor)
        good.click()
        expect(said(visitor, "could not be saved")).to_be_attached()
        expect(good).to_have_attribute("aria-pressed", "false")

    def test_by_keyboard_and_with_names(self):
        visitor = self.visitor().open()
        visitor.ask("hello")
        good, bad = thumbs(visitor)
        good.focus()
        visitor.page.keyboard.press("Space")
        expect(good).to_have_attribute("aria-pressed", "true")
        expect(good).to_be_focused()
        visitor.page.keyboard.press("Tab")
        expect(bad).to_be_focused()
        box = bad.bounding_box()
        self.assertGreaterEqual(min(box["width"], box["height"]), 24)

    def test_a_site_can_do_without(self):
        page = self.context.new_page()

        def serve(socket):
            server = socket.connect_to_server()
            server.on_message(lambda data: socket.send(data.replace(',"features":["feedback"]', "")))

        page.route_web_socket(re.compile("/ws/chat"), serve)
        visitor = Visitor(page).visit(self.server.url).open()
        visitor.ask("hello")
        for thumb in thumbs(visitor):
            expect(thumb).to_be_hidden()
