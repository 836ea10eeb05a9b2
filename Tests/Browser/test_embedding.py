"""What the tag and the page around it decide: the site's own button, Back on a phone, the examples."""

import base64
import hashlib
import json
import re
import urllib.request

from playwright.sync_api import expect

from browser import WidgetTest, setUpModule, tearDownModule  # noqa: F401
from server import REPOSITORY
from visitor import Visitor

EVERY_PART = 'data-context="page url title viewport locale errors vars element"'
PHONE = {"viewport": {"width": 360, "height": 640}, "has_touch": True, "is_mobile": True}


class Back(WidgetTest):
    """On a small screen the open panel is a page to its visitor."""

    def setUp(self):
        super().setUp()
        self.context = self.new_browser(**PHONE)

    def shop(self, attributes="async"):
        page = f'<!doctype html><meta name="viewport" content="width=device-width"><title>Shop</title><body>{self.tag(attributes)}<p>page'
        return self.site({"/": page, "/start": "<!doctype html><title>Start</title><p>start"}).url

    def visitor_from_start(self, url):
        """Comes from a page without the chat, so that a Back too many is seen."""
        visitor = self.visitor(url=f"{url}/")
        visitor.page.goto(f"{url}/start")
        visitor.page.goto(f"{url}/")
        expect(visitor.launcher).to_be_visible()
        return visitor

    def test_back_closes_the_panel_and_stays_on_the_page(self):
        url = self.shop()
        visitor = self.visitor_from_start(url).open()
        visitor.page.evaluate("history.back()")
        expect(visitor.panel).to_be_hidden()
        self.assertEqual(visitor.page.url, f"{url}/")
        expect(visitor.launcher).to_be_focused()
        # Twice: the entry of the first time is gone.
        visitor.open()
        visitor.page.evaluate("history.back()")
        expect(visitor.panel).to_be_hidden()
        self.assertEqual(visitor.page.url, f"{url}/")
        visitor.page.evaluate("history.back()")
        visitor.page.wait_for_url(f"{url}/start")

    def test_after_closing_by_the_button_back_leaves_the_page(self):
        url = self.shop()
        visitor = self.visitor_from_start(url).open()
        visitor.panel.get_by_role("button", name="Close chat").click()
        expect(visitor.panel).to_be_hidden()
        visitor.waits_for("!history.state?.['claude-chat']")
        visitor.page.evaluate("history.back()")
        visitor.page.wait_for_url(f"{url}/start")

    def test_a_reload_adds_no_second_entry(self):
        url = self.shop()
        visitor = self.visitor_from_start(url).open()
        before = visitor.page.evaluate("history.length")
        visitor.page.reload()
        expect(visitor.panel).to_be_visible()
        self.assertEqual(visitor.page.evaluate("history.length"), before)
        visitor.page.evaluate("history.back()")
        expect(visitor.panel).to_be_hidden()
        self.assertEqual(visitor.page.url, f"{url}/")

    def test_the_sites_own_state_is_kept(self):
        visitor = self.visitor_from_start(self.shop())
        visitor.page.evaluate("history.replaceState({router: 7}, '')")
        visitor.open()
        self.assertEqual(visitor.page.evaluate("history.state.router"), 7)
        visitor.page.evaluate("history.back()")
        expect(visitor.panel).to_be_hidden()
        self.assertEqual(visitor.page.evaluate("history.state"), {"router": 7})

    def test_it_can_be_off_and_is_on_no_large_screen(self):
        visitor = self.visitor_from_start(self.shop("data-back=off"))
        before = visitor.page.evaluate("history.length")
        visitor.open()
        self.assertEqual(visitor.page.evaluate("history.length"), before)
        self.context = self.new_browser()
        visitor = self.visitor_from_start(self.shop())
        before = visitor.page.evaluate("history.length")
        visitor.open()
        self.assertEqual(visitor.page.evaluate("history.length"), before)
        visitor.page.evaluate("history.pushState(null, '', '#a'); history.back()")
        visitor.page.wait_for_function("location.hash === ''")
        expect(visitor.panel).to_be_visible()


class OwnLauncher(WidgetTest):
    def page_with(self, attributes, body='<button id="help">Help</button>'):
        return f"{self.site({'/': f'<!doctype html><title>Shop</title><body>{body}{self.tag(attributes)}'}).url}/"

    def visit(self, url):
        visitor = Visitor(self.context.new_page())
        visitor.page.goto(url)
        visitor.page.wait_for_function("window.claudeChat?.ready")
        return visitor

    def test_the_sites_own_button_opens_and_closes_and_gets_the_focus_back(self):
        visitor = self.visit(self.page_with("data-launcher=#help"))
        expect(visitor.launcher).to_be_hidden()
        own = visitor.page.locator("#help")
        own.click()
        expect(visitor.composer).to_be_focused()
        expect(own).to_have_attribute("aria-expanded", "true")
        visitor.sees_status("Connected")
        # It slides into its place, where the round button would be.
        visitor.waits_for("Math.abs(document.querySelector('claude-chat-widget').shadowRoot.querySelector('[role=dialog]').getBoundingClientRect().bottom - innerHeight + 20) < 1")
        visitor.page.keyboard.press("Escape")
        expect(own).to_be_focused()
        expect(own).to_have_attribute("aria-expanded", "false")
        own.click()
        expect(visitor.panel).to_be_visible()
        own.click()
        expect(visitor.panel).to_be_hidden()
        self.assertEqual(visitor.problems, [])

    def test_a_button_that_comes_later_works_as_well(self):
        visitor = self.visit(self.page_with("data-launcher=.ask", body=""))
        visitor.page.evaluate("document.body.append(Object.assign(document.createElement('button'), {className: 'ask', innerText: 'Ask'}))")
        visitor.page.locator(".ask").click()
        expect(visitor.panel).to_be_visible()

    def test_with_none_the_hotkey_and_the_page_open_it(self):
        visitor = self.visit(self.page_with("data-launcher=none"))
        expect(visitor.launcher).to_be_hidden()
        visitor.page.keyboard.press("Control+Shift+C")
        expect(visitor.panel).to_be_visible()
        visitor.page.keyboard.press("Escape")
        visitor.page.evaluate("claudeChat.open()")
        expect(visitor.panel).to_be_visible()

    def test_what_is_no_selector_is_a_warning_and_the_chats_own_button(self):
        visitor = self.visit(self.page_with("data-launcher=3#"))
        expect(visitor.launcher).to_be_visible()
        self.assertEqual(visitor.problems, ['warning: claude-chat: data-launcher: "3#" is no selector; the chat\'s own button is there'])
        visitor.page.locator("#help").click()
        expect(visitor.panel).to_have_count(0)

    def test_after_destroy_the_button_is_the_sites_alone(self):
        visitor = self.visit(self.page_with("data-launcher=#help"))
        visitor.page.evaluate("claudeChat.destroy()")
        visitor.page.locator("#help").click()
        expect(visitor.page.locator("claude-chat-widget")).to_have_count(0)


class Tag(WidgetTest):
    def page(self, body):
        return f"{self.site({'/': f'<!doctype html><title>x</title><body>{body}<p>page'}).url}/"

    def test_a_module_reads_its_settings_from_its_tag(self):
        visitor = self.visitor(url=self.page(self.tag('type="module" data-position="start"'))).open()
        visitor.ask("hello")
        self.assertLess(visitor.launcher.bounding_box()["x"], 100)
        self.assertEqual(visitor.problems, [])

    def test_a_tag_that_is_inserted_later_works(self):
        visitor = Visitor(self.context.new_page())
        visitor.page.goto(self.page(""))
        visitor.page.evaluate("(src) => document.head.append(Object.assign(document.createElement('script'), {src}))", f"{self.server.url}claude-chat.js")
        visitor.open()
        visitor.ask("hello")
        self.assertEqual(visitor.problems, [])

    def test_the_loader_can_be_pinned_by_its_hash(self):
        with urllib.request.urlopen(f"{self.server.url}claude-chat.js", timeout=30) as answer:
            digest = base64.b64encode(hashlib.sha384(answer.read()).digest()).decode()
        visitor = self.visitor(url=self.page(self.tag(f'crossorigin integrity="sha384-{digest}"'))).open()
        visitor.ask("hello")
        self.assertEqual(visitor.problems, [])
        other = Visitor(self.context.new_page())
        other.page.goto(self.page(self.tag(f'crossorigin integrity="sha384-{digest[::-1]}"')))
        expect(other.launcher).to_have_count(0)


class Page(WidgetTest):
    """What a page may do with the chat."""

    def test_it_hides_shows_and_removes_it(self):
        visitor = self.visitor().open()
        visitor.page.evaluate("claudeChat.hide()")
        expect(visitor.launcher).to_be_hidden()
        expect(visitor.panel).to_be_hidden()
        visitor.page.evaluate("claudeChat.show()")
        expect(visitor.panel).to_be_visible()
        visitor.page.evaluate("window.closed_ = 0; claudeChat.state.websocket.addEventListener('close', (event) => (closed_ = event.code)); claudeChat.destroy()")
        expect(visitor.page.locator("claude-chat-widget")).to_have_count(0)
        visitor.waits_for("closed_ === 1000")
        self.assertEqual(visitor.page.evaluate("typeof claudeChat"), "undefined")
        visitor.page.keyboard.press("Control+Shift+C")
        expect(visitor.page.locator("claude-chat-widget")).to_have_count(0)

    def test_a_handler_that_throws_disturbs_nothing(self):
        visitor = self.visitor()
        visitor.page.evaluate("claudeChat.on('message:received', () => { throw new Error('of the page'); }); claudeChat.on('message:received', () => (window.heard = true)); 0")
        visitor.open()
        visitor.ask("hello")
        visitor.waits_for("window.heard")
        visitor.ask("hello again")
        self.assertEqual({"of the page" in problem for problem in visitor.problems}, {True})

    def test_the_51st_unsent_message_is_refused_and_its_text_stays(self):
        cable = self.cable()
        visitor = self.visitor(url=cable.url).open()
        cable.set("cut")
        expect(visitor.status).not_to_have_text("Connected")
        visitor.page.evaluate("for (let number = 0; number < 50; number++) void claudeChat.send(`message ${number}`)")
        expect(visitor.own).to_have_count(50)
        visitor.composer.fill("one too many")
        visitor.composer.press("Enter")
        expect(visitor.panel.get_by_text("Too many messages wait for the connection")).to_be_visible()
        expect(visitor.composer).to_have_value("one too many")
        expect(visitor.own).to_have_count(50)
        code = visitor.page.evaluate("claudeChat.send('another').catch((error) => error.code)")
        self.assertEqual(code, "outbox-full")

    def test_a_text_is_put_into_an_empty_field_only(self):
        visitor = self.visitor().open()
        visitor.page.evaluate("claudeChat.prefill('About my order')")
        expect(visitor.composer).to_have_value("About my order")
        visitor.page.evaluate("claudeChat.prefill('Something else')")
        expect(visitor.composer).to_have_value("About my order")


class Declarations(WidgetTest):
    """`claude-chat.d.ts` against what is there."""

    TEXT = (REPOSITORY / "Examples/embed-widget/claude-chat.d.ts").read_text()

    def members(self, interface):
        body = re.search(rf"interface {interface} {{\n(.*?)^}}", self.TEXT, re.S | re.M)[1]
        return sorted(set(re.findall(r"^  (?:readonly )?'?([\w:]+)'?\??[(:<]", body, re.M)))

    def test_methods_state_and_events_are_those_of_the_code(self):
        visitor = self.visitor()
        self.assertEqual(self.members("ClaudeChat"), sorted(visitor.page.evaluate("Object.keys(claudeChat)")))
        self.assertEqual(self.members("ClaudeChatState"), sorted(visitor.page.evaluate("Object.keys(claudeChat.state)")))
        visitor.open()
        self.assertEqual(self.members("ClaudeChatState"), sorted(visitor.page.evaluate("Object.keys(claudeChat.state)")))
        sources = "".join(path.read_text() for path in (REPOSITORY / "Sources/Transport/Widget").glob("*.js"))
        self.assertEqual(self.members("ClaudeChatEvents"), sorted(set(re.findall(r"\bemit\('([\w:]+)'", sources))))

    def test_the_context_has_no_other_keys(self):
        visitor = self.visitor(url=self.site({"/": f"<!doctype html><html lang=en><title>x</title><p role=alert>no<main id=m>x</main>{self.tag(EVERY_PART)}"}).url + "/").open()
        visitor.page.evaluate("claudeChat.setContext({plan: 'team'})")
        visitor.panel.get_by_role("button", name="Show the place").click()
        visitor.page.keyboard.press("Enter")
        self.assertEqual(sorted(visitor.page.evaluate("claudeChat.collectPageContext().then(Object.keys)")), self.members("ClaudeChatContext"))


class Examples(WidgetTest):
    """`Examples/embed-widget`, with this test's server in the place of chat.example.com."""

    def example(self, name):
        folder = REPOSITORY / "Examples/embed-widget" / name
        pages = {}
        for path in folder.iterdir():
            text = path.read_text()
            self.assertIn("chat.example.com", text + (folder / "index.html").read_text())
            pages[f"/{path.name}"] = text.replace("https://chat.example.com", self.server.url.rstrip("/")).replace(
                "wss://chat.example.com", self.server.url.rstrip("/").replace("http", "ws", 1)
            )
        pages["/"] = pages["/index.html"]
        visitor = Visitor(self.context.new_page())
        self.sent = []
        visitor.page.on("websocket", lambda socket: socket.on("framesent", lambda data: self.sent.append(data)))
        visitor.page.goto(f"{self.site(pages).url}/")
        return visitor

    def context_of(self, text):
        return next(json.loads(frame)["context"] for frame in self.sent if f'"{text}"' in frame)

    def assert_nothing_is_wrong(self, visitor):
        self.assertEqual(visitor.violations(), [])
        self.assertEqual(visitor.problems, [])

    def test_a_plain_page(self):
        visitor = self.example("plain")
        visitor.page.wait_for_function("window.claudeChat?.ready")
        visitor.page.get_by_role("button", name="Ask us").click()
        visitor.sees_status("Connected")
        visitor.ask("hello")
        self.assert_nothing_is_wrong(visitor)

    def test_a_single_page_app(self):
        visitor = self.example("single-page-app").open()
        visitor.ask("first")
        self.assertEqual(self.context_of("first")["page"], "/")
        visitor.page.get_by_role("link", name="Cart").click()
        expect(visitor.page.get_by_role("heading", name="Cart")).to_be_visible()
        expect(visitor.theirs).to_have_count(1)
        visitor.ask("second")
        context = self.context_of("second")
        self.assertEqual((context["page"], context["title"], context["vars"]), ("/cart", "Cart", {"bags": 1}))
        visitor.page.get_by_role("link", name="Start").click()
        visitor.ask("third")
        self.assertEqual(self.context_of("third")["page"], "/")
        self.assertNotIn("vars", self.context_of("third"))
        self.assert_nothing_is_wrong(visitor)

    def test_a_site_with_a_strict_policy(self):
        visitor = self.example("strict-csp").open()
        visitor.ask("hello")
        self.assertEqual(set(self.context_of("hello")), {"page", "locale"})
        self.assert_nothing_is_wrong(visitor)
        # The policy is in force: the page can't do what the chat needs no permission for.
        visitor.page.evaluate("document.body.setAttribute('style', 'color: red')")
        visitor.waits_for("violations.length > 0")
        self.assertTrue(visitor.violations()[0].startswith("style-src"), visitor.violations())
