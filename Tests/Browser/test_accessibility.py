"""What an automated scan finds, and what it can't: keyboard, names, live regions.

`WIDGET_PICTURES=FOLDER` writes a picture of each state there.
"""

import os
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from browser import setUpModule, tearDownModule  # noqa: F401
from test_rendering import EVERYTHING, Wired

ALL_RULES = {"resultTypes": ["violations"], "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


class Scan(Wired):
    def page_of(self, lang="en", attributes=""):
        tag = self.tag(f"async {attributes}")
        html = f'<!doctype html><html lang="{lang}"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Shop</title><body>{tag}<main><h1>Shop</h1><p>Page'
        return f"{self.site({'/': html}).url}/"

    def scan(self, visitor, name):
        # A colour that is still fading in has no contrast yet.
        visitor.page.evaluate("Promise.all(document.querySelector('claude-chat-widget').shadowRoot.getAnimations().filter(a => a.effect.getTiming().iterations !== Infinity).map(a => a.finished))")
        if folder := os.environ.get("WIDGET_PICTURES"):
            visitor.page.screenshot(path=Path(folder) / f"{name}.png")
        found = Axe().run(visitor.page, context={"include": [["claude-chat-widget"]]}, options=ALL_RULES).response["violations"]
        said = [f"{one['id']}: {node['target']} {node['failureSummary']}" for one in found for node in one["nodes"]]
        self.assertEqual(said, [], name)

    def converse(self, visitor):
        visitor.say("How do I send it back? See https://example.org")
        visitor.receive(message=EVERYTHING, format="markdown", links=[{"title": "Returns", "url": "https://help.example.com/r"}], choices=[{"label": "Yes"}, {"label": "No"}])
        visitor.receive("typing", state="start", author={"kind": "agent", "name": "Ada"}, expiresMs=60000)
        expect(visitor.theirs).to_have_count(1)

    def test_nothing_is_found_while_it_is_closed(self):
        visitor = self.visitor(url=self.page_of())
        self.scan(visitor, "closed")

    def test_nothing_is_found_in_an_empty_chat(self):
        self.scan(self.talk(url=self.page_of()), "empty")

    def test_nothing_is_found_in_a_conversation(self):
        visitor = self.talk(url=self.page_of(attributes='data-context="page title viewport locale element"'))
        self.converse(visitor)
        visitor.panel.locator("summary").click()
        self.scan(visitor, "conversation")

    def test_nothing_is_found_in_dark_colours(self):
        visitor = self.talk(url=self.page_of(attributes="data-theme=dark"))
        self.converse(visitor)
        self.scan(visitor, "dark")

    def test_nothing_is_found_in_errors(self):
        for theme in ("light", "dark"):
            with self.subTest(theme):
                visitor = self.talk(url=self.page_of(attributes=f"data-theme={theme}"))
                visitor.say("refused")
                id = visitor.page.evaluate("document.querySelector('claude-chat-widget').shadowRoot.querySelector('.own').dataset.id")
                visitor.receive("error", code="bad_request", message="", temporary=False, id=id)
                expect(visitor.panel.get_by_role("button", name="Try again")).to_be_visible()
                visitor.sockets[-1].close(code=4451, reason="revoked")
                visitor.sees_status("Closed")
                self.scan(visitor, f"errors-{theme}")

    def test_nothing_is_found_from_right_to_left(self):
        visitor = self.talk(url=self.page_of("ar"), status="متصل")
        visitor.receive(message="مرحبا! كيف يمكنني **مساعدتك**؟ See example.", format="markdown", choices=[{"label": "نعم"}])
        visitor.receive(message="In English: hello.")
        visitor.say("أهلا")
        self.scan(visitor, "arabic")

    def test_nothing_is_found_on_a_phone(self):
        self.context = self.new_browser(viewport={"width": 360, "height": 640}, has_touch=True, is_mobile=True)
        visitor = self.talk(url=self.page_of())
        self.converse(visitor)
        self.scan(visitor, "phone")

    def test_nothing_is_found_while_a_place_is_picked(self):
        visitor = self.talk(url=self.page_of(attributes='data-context="page element"'))
        visitor.panel.get_by_role("button", name="Show the place").click()
        self.scan(visitor, "picker")

    def test_nothing_is_found_in_forced_colours(self):
        self.context = self.new_browser(forced_colors="active")
        visitor = self.talk(url=self.page_of())
        self.converse(visitor)
        self.scan(visitor, "forced-colours")


class Keyboard(Wired):
    def test_GT11_buttons_have_names_and_the_messages_are_a_log(self):
        visitor = self.talk()
        visitor.receive(message="```\ncode\n```", format="markdown", choices=[{"label": "Yes"}])
        expect(visitor.theirs).to_have_count(1)
        names = visitor.page.evaluate(
            """() => [...document.querySelector('claude-chat-widget').shadowRoot.querySelectorAll('button')]
                .filter(button => button.checkVisibility()).map(button => button.getAttribute('aria-label') ?? button.textContent)"""
        )
        self.assertTrue(all(name.strip() for name in names), names)
        expect(visitor.panel.get_by_role("log", name="Messages")).to_be_visible()

    def test_GT11_the_shortcut_is_another_or_none(self):
        site = self.site({
            "/other": f"<!doctype html><title>x</title><body>{self.tag('data-hotkey=alt+shift+k')}",
            "/none": f"<!doctype html><title>x</title><body>{self.tag('data-hotkey=off')}",
        })
        visitor = self.visitor(url=f"{site.url}/other")
        visitor.page.keyboard.press("Control+Shift+C")
        expect(visitor.panel).to_be_hidden()
        visitor.page.keyboard.press("Alt+Shift+K")
        expect(visitor.panel).to_be_visible()
        visitor = self.visitor(url=f"{site.url}/none")
        visitor.page.keyboard.press("Control+Shift+C")
        expect(visitor.panel).to_be_hidden()

    def test_GT11_the_focus_returns_to_what_opened_the_panel(self):
        visitor = self.visitor()
        button = visitor.page.get_by_role("button", name="New ticket")
        button.focus()
        visitor.page.keyboard.press("Control+Shift+C")
        expect(visitor.composer).to_be_focused()
        visitor.page.keyboard.press("Escape")
        expect(button).to_be_focused()

    def test_tab_leaves_the_panel_of_a_large_screen(self):
        visitor = self.talk()
        places = set()
        for _ in range(14):
            visitor.page.keyboard.press("Tab")
            places.add(visitor.page.evaluate("document.activeElement.localName"))
        self.assertIn("a", places)

    def test_history_is_not_read_out_and_a_reply_is_once(self):
        visitor = self.talk()
        status = visitor.page.locator("claude-chat-widget [role=status]")
        visitor.receive(message="A reply")
        expect(status).to_have_text("Assistant: A reply")
        self.assertEqual(visitor.page.evaluate("document.querySelector('claude-chat-widget').shadowRoot.querySelector('.log').ariaLive"), "off")
