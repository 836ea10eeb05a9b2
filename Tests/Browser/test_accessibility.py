"""What an automated scan finds, and what it can't: keyboard, names, live regions.

`WIDGET_PICTURES=FOLDER` writes a picture of each state there.
"""

import os
import re
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from browser import setUpModule, tearDownModule  # noqa: F401
from test_rendering import EVERYTHING, Wired
from visitor import Visitor

ALL_RULES = {"resultTypes": ["violations"], "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


class Scanned(Wired):
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


class Scan(Scanned):
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

    def test_nothing_is_found_while_a_reply_is_written(self):
        visitor = self.talk(url=self.page_of())
        visitor.say("Tell me more")
        visitor.receive("reply.start", replyId="r1", format="markdown")
        visitor.receive("reply.delta", replyId="r1", index=0, text="It begins with **this** and")
        expect(visitor.theirs).to_contain_text("It begins")
        expect(visitor.panel.get_by_role("button", name="Stop")).to_be_visible()
        self.scan(visitor, "streaming")

    def test_nothing_is_found_while_the_browser_is_offline(self):
        for theme in ("light", "dark"):
            with self.subTest(theme):
                visitor = self.talk(url=self.page_of(attributes=f"data-theme={theme}"))
                visitor.receive(message="hello")
                visitor.page.evaluate("dispatchEvent(new Event('offline'))")
                visitor.sees_status("Offline")
                expect(visitor.panel.get_by_text("You are offline. Messages are sent when")).to_be_visible()
                self.assertEqual(visitor.problems, [])
                visitor.say("written offline")
                expect(visitor.panel.get_by_text("Waiting for the connection")).to_be_visible()
                self.scan(visitor, f"offline-{theme}")

    def test_nothing_is_found_while_it_waits_for_the_next_try(self):
        visitor = self.talk(url=self.page_of())
        visitor.page.route(re.compile("/api/chat/session"), lambda route: route.fulfill(status=503, json={"retryAfterMs": 60000}))
        visitor.sockets[-1].close(code=4401, reason="token expired")
        expect(visitor.panel.get_by_role("button", name="Now")).to_be_visible()
        self.scan(visitor, "waiting")

    def test_nothing_is_found_with_unread_messages(self):
        visitor = self.talk(url=self.page_of(attributes="data-background=on"))
        visitor.page.keyboard.press("Escape")
        visitor.receive(message="are you there?")
        expect(visitor.launcher).to_have_attribute("aria-label", "Chat, 1 new message")
        self.scan(visitor, "unread")

    def test_nothing_is_found_where_replies_are_rated_and_a_person_answers(self):
        visitor = self.talk(url=self.page_of())
        visitor.sockets[-1].send(self.welcome().replace('"heartbeat"', '"features": ["feedback", "person"], "heartbeat"'))
        visitor.receive(message="one")
        visitor.page.route(re.compile("/api/chat/feedback"), lambda route: route.fulfill(status=204))
        visitor.panel.get_by_role("button", name="Good reply").click()
        self.scan(visitor, "rated")
        visitor.receive("conversation", state="human", agent="Ada")
        expect(visitor.panel.get_by_text("Ada is answering you")).to_be_visible()
        self.scan(visitor, "person")

    def test_nothing_is_found_where_the_panel_can_not_be_loaded(self):
        page = self.context.new_page()
        page.route(re.compile("claude-chat-panel"), lambda route: route.abort())
        visitor = Visitor(page).visit(self.page_of())
        visitor.launcher.click()
        expect(page.get_by_role("alert").filter(has_text="could not be loaded")).to_be_visible()
        self.scan(visitor, "not-loaded")

    def test_nothing_is_found_in_any_language_and_colours(self):
        for lang, connected in {"en": "Connected", "de": "Verbunden", "fr": "Connecté", "es": "Conectado", "ar": "متصل"}.items():
            for colours in ({"color_scheme": "light"}, {"color_scheme": "dark"}, {"forced_colors": "active"}):
                name = f"{lang}-{next(iter(colours.values()))}"
                with self.subTest(name):
                    self.context = self.new_browser(**colours)
                    visitor = self.talk(url=self.page_of(lang, 'data-context="page title viewport locale element"'), status=connected)
                    self.converse(visitor)
                    self.scan(visitor, name)
                    self.context.close()


class Contrast(Scanned):
    """What the scan leaves open: it gives up where a text lies on several layers, and so at every message."""

    ACCENTS = ["#2456c7", "#000", "#fff", "#d00", "#0a0", "#ffd400", "#808080", "#7b2ff7", "#00b8d9", "#ff7ab6"]

    # Colours as the screen mixes them: each layer's own, and the opacity of what it stands in.
    TOO_WEAK = """() => {
        const pen = Object.assign(document.createElement('canvas'), { width: 1, height: 1 }).getContext('2d', { willReadFrequently: true });
        const read = (colour) => {
            pen.clearRect(0, 0, 1, 1);
            pen.fillStyle = colour;
            pen.fillRect(0, 0, 1, 1);
            const [r, g, b, a] = pen.getImageData(0, 0, 1, 1).data;
            return { rgb: [r, g, b], a: a / 255 };
        };
        const over = ({ rgb, a }, under) => rgb.map((part, index) => part * a + under[index] * (1 - a));
        const parentOf = (node) => node.parentElement ?? node.getRootNode().host;
        const painted = (node, text) => {
            if (!node) return [255, 255, 255];
            const style = getComputedStyle(node);
            const under = painted(parentOf(node));
            let shown = over(read(style.backgroundColor), under);
            if (text) shown = over(read(style.color), shown);
            return over({ rgb: shown, a: Number(style.opacity) }, under);
        };
        // An element's opacity holds for its words and what is under them alike.
        const light = (rgb) => rgb.map((part) => part / 255).map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
            .reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0);
        const ratio = (one, other) => (Math.max(light(one), light(other)) + 0.05) / (Math.min(light(one), light(other)) + 0.05);
        return [...document.querySelector('claude-chat-widget').shadowRoot.querySelectorAll('*')]
            .filter((node) => node.checkVisibility() && [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim()))
            .filter((node) => !node.closest('.visually-hidden, .mirror, [aria-disabled=true]'))
            .map((node) => [ratio(painted(node, true), painted(node, false)), `${node.localName}.${node.className}: ${node.textContent.slice(0, 20)}`])
            .filter(([found]) => found < 4.5)
            .map(([found, name]) => `${found.toFixed(2)} ${name}`);
    }"""

    def test_every_text_has_it_with_any_accent_of_the_site(self):
        for theme in ("light", "dark"):
            visitor = self.talk(url=self.page_of(attributes=f'data-theme={theme} data-context="page element"'))
            self.converse(visitor)
            visitor.say("refused")
            id = visitor.page.evaluate("document.querySelector('claude-chat-widget').shadowRoot.querySelectorAll('.own')[1].dataset.id")
            visitor.receive("error", code="bad_request", message="", temporary=False, id=id)
            visitor.receive("ack", id=id, seq=2)
            expect(visitor.panel.locator(".chip").first).to_be_visible()
            # A colour that is still fading in has no contrast yet.
            visitor.page.evaluate("Promise.all(document.querySelector('claude-chat-widget').shadowRoot.getAnimations().filter(a => a.effect.getTiming().iterations !== Infinity).map(a => a.finished))")
            for accent in self.ACCENTS:
                visitor.page.evaluate("(colour) => document.querySelector('claude-chat-widget').style.setProperty('--claude-chat-accent', colour)", accent)
                with self.subTest(f"{theme} {accent}"):
                    self.assertEqual(visitor.page.evaluate(self.TOO_WEAK), [])


class Zoom(Scanned):
    """Large text and small windows: nothing is cut, covered, or only to be reached by scrolling sideways."""

    TOO_WIDE = """() => [...document.querySelector('claude-chat-widget').shadowRoot.querySelectorAll('*')]
        .filter((node) => node.checkVisibility() && !node.closest('pre, .visually-hidden, .joins > .meta, svg'))
        .filter((node) => {
            const box = node.getBoundingClientRect();
            return box.left < -0.5 || box.right > innerWidth + 0.5 || (node.scrollWidth > node.clientWidth + 1 && getComputedStyle(node).overflowX !== 'visible' && !node.matches('summary, .place bdi'));
        })
        .map((node) => `${node.localName}.${node.className} ${node.scrollWidth}>${node.clientWidth}`)"""

    PLACEHOLDER = """() => {
        const field = document.querySelector('claude-chat-widget').shadowRoot.querySelector('textarea');
        return field.scrollHeight - field.clientHeight;
    }"""

    def assert_nothing_is_cut(self, visitor, name):
        self.assertEqual(visitor.page.evaluate(self.TOO_WIDE), [], name)
        self.assertLessEqual(visitor.page.evaluate(self.PLACEHOLDER), 1, name)
        self.assertEqual(visitor.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), True, name)
        # The composer, the last message and the heading are all on the screen.
        for part in (visitor.composer, visitor.panel.get_by_role("button", name=re.compile("Close chat|إغلاق")).first):
            expect(part).to_be_in_viewport(ratio=1)

    def test_at_200_percent(self):
        for lang in ("en", "ar"):
            with self.subTest(lang):
                self.context = self.new_browser(viewport={"width": 640, "height": 512}, device_scale_factor=2)
                visitor = self.talk(url=self.page_of(lang), status="متصل" if lang == "ar" else "Connected")
                self.converse(visitor)
                self.scan(visitor, f"zoom-200-{lang}")
                self.assert_nothing_is_cut(visitor, lang)

    def test_at_400_percent(self):
        self.context = self.new_browser(viewport={"width": 320, "height": 256}, device_scale_factor=4)
        visitor = self.talk(url=self.page_of())
        self.converse(visitor)
        self.scan(visitor, "zoom-400")
        self.assert_nothing_is_cut(visitor, "400 %")

    def test_with_text_of_200_percent_and_wide_spacing(self):
        style = "<style>claude-chat-widget { --claude-chat-font-size: 30px; }</style>"
        site = self.site({"/": f'<!doctype html><html lang="en"><title>Shop</title>{style}<body>{self.tag()}<main><h1>Shop</h1>'})
        visitor = self.talk(url=f"{site.url}/")
        visitor.page.evaluate("""() => {
            const sheet = new CSSStyleSheet();
            sheet.replaceSync('* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important; } p { margin-block-end: 2em !important; }');
            document.querySelector('claude-chat-widget').shadowRoot.adoptedStyleSheets.push(sheet);
        }""")
        self.converse(visitor)
        self.scan(visitor, "text-200")
        self.assert_nothing_is_cut(visitor, "text of 200 %")


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
