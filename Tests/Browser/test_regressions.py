"""Defects of an earlier widget, by the names that the threat model gives them, and what belongs to them."""

import json
import re
import unittest

from playwright.sync_api import expect

from browser import WidgetTest, setUpModule, tearDownModule  # noqa: F401
from server import REPOSITORY
from test_rendering import Wired
from visitor import Visitor

FIELDS = ["text", "password", "hidden", "email", "number", "search", "tel", "url", "date", "checkbox", "radio", "color", "range"]


def form():
    fields = "".join(f'<input type="{kind}" name="{kind}" value="{value_of(kind)}" aria-label="{kind}">' for kind in FIELDS)
    return f"""<!doctype html><title>Form</title><body><main>
        <form id="account"><h1>Account</h1>{fields}
        <textarea aria-label="area">SECRET area</textarea>
        <select aria-label="select"><option selected>SECRET option</option></select>
        <div contenteditable>SECRET editable</div>
        <p data-chat-private>SECRET private</p><p hidden>SECRET not shown</p>
        <div role="alert">The card was refused <input value="SECRET inside"></div></form></main>"""


def value_of(kind):
    return {"number": "4711471147114711", "date": "1999-09-09", "color": "#471147", "range": "47"}.get(kind, f"SECRET {kind}")


SECRETS = ["SECRET", "4711471147114711", "1999-09-09", "#471147"]


class Privacy(Wired):
    def test_GT9_no_value_of_a_form_leaves_the_browser(self):
        url = self.site({"/?q=SECRET": form() + self.tag('data-context="page title viewport locale url errors element vars"')}).url
        page = self.context.new_page()
        gone = []
        page.on("request", lambda request: gone.append(f"{request.url} {request.post_data or ''}"))
        page.on("websocket", lambda socket: (gone.append(socket.url), socket.on("framesent", lambda data: gone.append(str(data)))))
        visitor = Visitor(page).visit(f"{url}/?q=SECRET#SECRET").open()
        visitor.page.get_by_label("text", exact=True).fill("SECRET typed")
        for place in ["#account", "[name=password]", "textarea[aria-label=area]", "select", "[contenteditable]", "[role=alert]"]:
            visitor.panel.get_by_role("button", name="Show the place").click()
            visitor.page.locator(place).first.click(position={"x": 3, "y": 3}, force=True)
            expect(visitor.panel.get_by_role("button", name="Remove the place")).to_be_visible()
            visitor.ask("hello")
        sent = [json.loads(line) for line in gone if line.startswith('{"type":"user"')]
        self.assertEqual(len(sent), 6)
        self.assertEqual(sent[0]["context"]["errors"], ["The card was refused"])
        places = [frame["context"]["selectedElement"] for frame in sent]
        self.assertEqual(places[0], {"selector": "#account > h1", "tag": "h1", "text": "Account"})
        self.assertEqual(places[1], {"selector": 'input[name="password"]', "tag": "input"})
        self.assertEqual([place.get("text") for place in places[2:5]], [None, None, None])
        # The address of the page itself is the browser's request, not the widget's.
        for line in gone[1:]:
            for secret in SECRETS:
                self.assertNotIn(secret, line)

    def test_what_is_sent_is_shown_and_each_part_can_be_switched_off(self):
        visitor = self.talk()
        summary = visitor.panel.locator("summary")
        expect(summary).to_contain_text("this page’s address")
        summary.click()
        visitor.panel.get_by_label("its title").uncheck()
        shown = json.loads(visitor.panel.locator(".exact").text_content())
        visitor.say("hello")
        sent = [json.loads(frame) for frame in visitor.sent if '"type":"user"' in frame]
        self.assertEqual(sent[0]["context"], shown)
        self.assertEqual(set(shown), {"page", "viewport", "locale"})
        self.assertEqual(visitor.page.evaluate("claudeChat.collectPageContext()"), shown)

    def test_a_site_can_change_a_message_or_keep_it_back(self):
        visitor = self.talk()
        visitor.page.evaluate("claudeChat.beforeSend(({message, context}) => message.includes('no') ? false : {message: message.replace('4711', '****'), context: {}})")
        visitor.say_and_see("card 4711", "card ****")
        self.assertEqual(visitor.page.evaluate("claudeChat.send('no').catch(error => error.code)"), "vetoed")

    def test_own_values_of_the_site_go_along(self):
        visitor = self.talk()
        visitor.page.evaluate("claudeChat.setContext({plan: 'team', seats: 5, nested: {a: 1}})")
        visitor.page.evaluate("claudeChat.setContext({seats: null, trial: true})")
        self.assertEqual(visitor.page.evaluate("claudeChat.collectPageContext().then(it => it.vars)"), {"plan": "team", "trial": True})


class Picking(Wired):
    def picking(self):
        page = '<!doctype html><title>x</title><body><main><button id="buy" onclick="window.bought=1">Buy</button><ul><li>one</li><li>two</li></ul></main>'
        visitor = self.talk(url=f"{self.site({'/': page + self.tag('data-context=element')}).url}/")
        visitor.panel.get_by_role("button", name="Show the place").click()
        expect(visitor.page.locator("claude-chat-widget .picker-frame")).to_be_visible()
        return visitor

    def element(self, visitor):
        return visitor.page.evaluate("claudeChat.collectPageContext().then(it => it.selectedElement ?? null)")

    def test_GT10_a_click_picks_and_the_page_does_not_get_it(self):
        visitor = self.picking()
        visitor.page.locator("#buy").click()
        expect(visitor.panel.get_by_text("Place: Buy")).to_be_visible()
        self.assertEqual(self.element(visitor), {"selector": "#buy", "tag": "button", "text": "Buy"})
        self.assertIsNone(visitor.page.evaluate("window.bought ?? null"))
        expect(visitor.composer).to_be_focused()
        visitor.page.locator("#buy").click()
        self.assertEqual(visitor.page.evaluate("window.bought"), 1)
        visitor.panel.get_by_role("button", name="Remove the place").click()
        self.assertIsNone(self.element(visitor))

    def test_GT10_by_keyboard_the_arrows_walk_and_enter_picks(self):
        visitor = self.picking()
        for key in ["ArrowDown", "ArrowRight", "ArrowDown", "ArrowRight"]:
            visitor.page.keyboard.press(key)
        expect(visitor.page.locator("claude-chat-widget > [role=status], claude-chat-widget [role=status]")).to_have_text("li two")
        visitor.page.keyboard.press("Enter")
        self.assertEqual(self.element(visitor), {"selector": "main > ul > li:nth-of-type(2)", "tag": "li", "text": "two"})

    def test_GT10_escape_ends_it_and_not_the_chat(self):
        visitor = self.picking()
        visitor.page.keyboard.press("Escape")
        expect(visitor.page.locator("claude-chat-widget .picker-frame")).to_be_hidden()
        expect(visitor.panel).to_be_visible()
        expect(visitor.composer).to_be_focused()
        self.assertIsNone(self.element(visitor))

    def test_GT10_the_chat_stays_usable_meanwhile(self):
        visitor = self.picking()
        visitor.say("still here")
        expect(visitor.page.locator("claude-chat-widget .picker-frame")).to_be_visible()
        visitor.page.locator("claude-chat-widget").get_by_role("button", name="Cancel").click()
        expect(visitor.page.locator("claude-chat-widget .picker-frame")).to_be_hidden()


class Away(WidgetTest):
    def test_GT15_with_the_panel_closed_a_message_is_still_sent_and_its_reply_counted(self):
        cable = self.cable()
        visitor = self.visitor(url=cable.url).open()
        visitor.page.keyboard.press("Escape")
        visitor.waits_for("claudeChat.state.connection === 'idle'")
        cable.set("cut")
        visitor.page.evaluate("void claudeChat.send('hello', {silent: true})")
        visitor.waits_for("claudeChat.state.connection === 'waiting'")
        cable.set("good")
        expect(visitor.launcher).to_have_attribute("aria-label", "Chat, 1 new message")
        self.assertEqual(visitor.state("unread"), 1)

    def test_GT15_tries_are_spread_and_grow(self):
        page = self.context.new_page()
        page.add_init_script("window.waits = []; addEventListener('claude-chat:connection', e => e.detail.state === 'waiting' && waits.push(performance.now()))")
        cable = self.cable()
        visitor = Visitor(page).visit(cable.url).open()
        cable.set("cut")
        visitor.waits_for("window.waits.length >= 6")
        times = page.evaluate("waits")
        gaps = [later - earlier for earlier, later in zip(times, times[1:])]
        self.assertGreater(len({round(gap) for gap in gaps}), 1, gaps)

    def test_what_came_unseen_is_counted_at_the_next_page_and_cleared_in_all_tabs(self):
        visitor = self.visitor().open()
        visitor.ask("hello")
        visitor.page.keyboard.press("Escape")
        visitor.page.evaluate("claudeChat.send('hello again', {silent: true})")
        expect(visitor.launcher).to_have_attribute("aria-label", "Chat, 1 new message")
        visitor.page.reload()
        expect(visitor.launcher).to_have_attribute("aria-label", "Chat, 1 new message")
        other = self.visitor()
        expect(other.launcher).to_have_attribute("aria-label", "Chat, 1 new message")
        other.open()
        expect(other.launcher).to_have_attribute("aria-label", "Chat")
        expect(visitor.launcher).to_have_attribute("aria-label", "Chat")

    def test_the_title_counts_where_the_site_wants_it(self):
        url = self.site({"/": f"<!doctype html><title>Shop</title><body>{self.tag('data-title=count')}"}).url
        visitor = self.visitor(url=f"{url}/")
        visitor.page.evaluate("claudeChat.send('hello', {silent: true})")
        expect(visitor.page).to_have_title("(1) Shop")
        visitor.open()
        expect(visitor.page).to_have_title("Shop")


class Sounds(Wired):
    def heard(self, **options):
        self.context.add_init_script("window.tones = 0; const Old = OscillatorNode; window.OscillatorNode = class extends Old { constructor(...a) { super(...a); window.tones += 1; } };")
        return self.talk(url=f"{self.site({'/': '<!doctype html><title>x</title><body>' + self.tag(**options)}).url}/")

    def test_by_itself_there_is_none_while_the_visitor_looks(self):
        visitor = self.heard()
        visitor.receive(message="seen")
        expect(visitor.theirs).to_have_count(1)
        self.assertEqual(visitor.page.evaluate("tones"), 0)

    def test_the_mute_button_is_remembered(self):
        visitor = self.heard(attributes="data-sound=on")
        visitor.receive(message="one")
        expect(visitor.theirs).to_have_count(1)
        self.assertEqual(visitor.page.evaluate("tones"), 2)
        visitor.panel.get_by_role("button", name="Turn sound off").click()
        visitor.page.reload()
        expect(visitor.panel.get_by_role("button", name="Turn sound on")).to_be_visible()

    def test_nothing_is_heard_before_the_visitor_has_used_the_chat_on_the_page(self):
        visitor = self.heard(attributes="data-sound=on")
        visitor.page.reload()
        visitor.sees_status("Connected")
        visitor.receive(message="after the reload")
        expect(visitor.theirs).to_have_count(1)
        self.assertEqual(visitor.page.evaluate("tones"), 0)


class Languages(Wired):
    TITLES = {"en": "Chat with us", "de": "Chat mit uns", "fr": "Discutez avec nous", "es": "Hable con nosotros", "ar": "تحدث معنا"}

    def test_the_pages_language_is_the_chats(self):
        pages = {f"/{lang}": f'<!doctype html><html lang="{lang}"><title>x</title><body>{self.tag()}' for lang in self.TITLES}
        site = self.site(pages)
        for lang, title in self.TITLES.items():
            with self.subTest(lang):
                visitor = self.visitor(url=f"{site.url}/{lang}")
                visitor.launcher.click()
                expect(visitor.panel.get_by_role("heading")).to_have_text(title)
                box = visitor.launcher.bounding_box()
                self.assertEqual(box["x"] < 640, lang == "ar")
                self.assertEqual(visitor.page.locator("claude-chat-widget .root").get_attribute("lang"), lang)
                self.assertEqual(visitor.problems, [])

    def test_an_unknown_language_is_a_warning_and_english(self):
        url = self.site({"/": f"<!doctype html><title>x</title><body>{self.tag('data-lang=tlh')}"}).url
        visitor = self.visitor(url=f"{url}/").open()
        self.assertEqual(len(visitor.problems), 1)
        self.assertIn('no texts in "tlh"', visitor.problems[0])

    def test_a_site_can_word_it_otherwise(self):
        url = self.site({"/": f"<!doctype html><title>x</title><body>{self.tag()}"}).url
        visitor = self.visitor(url=f"{url}/")
        visitor.page.evaluate("claudeChat.setTexts({title: 'Ask Pier Nine'})")
        visitor.open()
        expect(visitor.panel.get_by_role("heading")).to_have_text("Ask Pier Nine")

    def test_each_text_has_its_direction(self):
        visitor = self.talk()
        visitor.receive(message="שלום")
        visitor.receive(message="hello")
        expect(visitor.theirs).to_have_count(2)
        directions = visitor.theirs.evaluate_all("bubbles => bubbles.map(b => getComputedStyle(b).direction)")
        self.assertEqual(directions, ["rtl", "ltr"])


class Files(unittest.TestCase):
    FOLDER = REPOSITORY / "Sources/Transport/Widget"

    def test_all_languages_have_the_same_texts_and_places(self):
        texts = {path.name: json.loads(path.read_text()) for path in self.FOLDER.glob("texts.*.json")}
        self.assertEqual(len(texts), 5)
        places = lambda text: set(re.findall(r"\{\w+\}", text if isinstance(text, str) else text["other"]))
        english = texts["texts.en.json"]
        for name, others in texts.items():
            self.assertEqual(list(others), list(english), name)
            for key in english:
                self.assertEqual(places(others[key]), places(english[key]), f"{name}: {key}")

    def test_every_text_that_is_used_exists(self):
        english = json.loads((self.FOLDER / "texts.en.json").read_text())
        for path in self.FOLDER.glob("panel-*.js"):
            for key in re.findall(r"\bsay\('([\w.]+)'", path.read_text()):
                self.assertIn(key, english, path.name)
