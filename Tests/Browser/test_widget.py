"""The widget in a real Chromium against a real server.

    pip install -r Tests/Browser/requirements.txt
    CLAUDE_CHAT_BIN=.build/debug/claude-chat python3 -m unittest discover -s Tests/Browser

`CHROMIUM` names another browser than /usr/bin/chromium. `WIDGET_SCREENSHOT=1` writes the README's
picture to Documentation/widget.png.
"""

import gzip
import os
import re
import subprocess
import tempfile
import unittest
import urllib.request

from playwright.sync_api import expect

from browser import WidgetTest, setUpModule, tearDownModule  # noqa: F401
from server import REPOSITORY, SecureServer, Server
from visitor import Visitor

SENTENCES = {
    "This dropdown is showing IDs instead of names": "ui",
    "Can you change the color of this button?": "style",
    "they said it is slow": "performance",
    "the login fails": "bugs",
}


class QuickTest(WidgetTest):
    needs_rules = True

    def test_the_launcher_is_there_and_nothing_is_connected_before_the_first_opening(self):
        requests = []
        page = self.context.new_page()
        page.on("request", lambda request: requests.append(request.url))
        visitor = Visitor(page).visit(self.server.url)
        self.assertIs(visitor.state("isConnected"), False)
        self.assertIsNone(visitor.state("websocket"))
        self.assertEqual([url for url in requests if "/api/" in url or "/ws/" in url], [])
        expect(visitor.launcher).to_have_attribute("aria-expanded", "false")

    def test_a_click_opens_the_panel_and_hello_is_answered(self):
        visitor = self.visitor()
        with visitor.page.expect_websocket() as opened:
            visitor.open()
        self.assertRegex(opened.value.url, r"/ws/chat\?session=s_[A-Za-z0-9_-]{22}&page=%2F$")
        expect(visitor.composer).to_be_focused()
        expect(visitor.launcher).to_have_attribute("aria-expanded", "true")
        self.assertIs(visitor.state("isConnected"), True)
        self.assertEqual(visitor.page.evaluate("claudeChat.state.websocket.readyState"), 1)
        self.assertEqual(visitor.page.evaluate("claudeChat.state.websocket.protocol"), "chat.v1")

        self.assertTrue(visitor.ask("hello"))
        self.assertEqual([kind for kind, _ in visitor.texts()], ["own", "theirs"])
        visitor.waits_for("claudeChat.state.outbox === 0")
        self.assertEqual(visitor.problems, [])

    def test_a_page_over_https_chats_over_wss(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        server = SecureServer(folder.name)
        server.start()
        self.addCleanup(server.stop)
        visitor = self.visitor(self.new_browser(ignore_https_errors=True), server.url)
        with visitor.page.expect_websocket() as opened:
            visitor.open()
        self.assertTrue(opened.value.url.startswith("wss://localhost:"), opened.value.url)
        self.assertTrue(visitor.ask("hello"))
        self.assertEqual(visitor.state("transport"), "websocket")
        self.assertEqual(visitor.problems, [])

    def test_ctrl_shift_c_opens_and_closes_and_gives_the_focus_back(self):
        visitor = self.visitor()
        new_ticket = visitor.page.get_by_role("button", name="New ticket")
        new_ticket.focus()
        visitor.page.keyboard.press("Control+Shift+C")
        expect(visitor.composer).to_be_focused()
        visitor.sees_status("Connected")
        visitor.page.evaluate("claudeChat.state.websocket.addEventListener('close', e => (window.closeCode = e.code))")
        visitor.page.keyboard.press("Control+Shift+C")
        expect(visitor.panel).to_be_hidden()
        expect(new_ticket).to_be_focused()
        visitor.waits_for("window.closeCode === 1000")
        self.assertEqual(visitor.state("connection"), "idle")

    def test_escape_closes_and_the_launcher_has_the_focus_again(self):
        visitor = self.visitor().open()
        visitor.page.keyboard.press("Escape")
        expect(visitor.panel).to_be_hidden()
        expect(visitor.launcher).to_be_focused()

    def test_the_state_is_a_frozen_view(self):
        visitor = self.visitor().open()
        self.assertIs(visitor.page.evaluate("Object.isFrozen(claudeChat.state)"), True)
        self.assertEqual(visitor.state("transport"), "websocket")
        self.assertEqual(visitor.state("connection"), "online")
        self.assertRegex(visitor.state("sessionId"), r"^s_[A-Za-z0-9_-]{22}$")
        visitor.ask("hello")
        self.assertEqual(visitor.state("position")["seq"], 2)

    def test_each_sentence_is_answered_by_its_rule_file(self):
        visitor = self.visitor().open()
        for sentence, file in SENTENCES.items():
            with self.subTest(sentence):
                reply = visitor.ask(sentence)
                explained = subprocess.run(
                    [Server.binary(), "explain", sentence], cwd=REPOSITORY, capture_output=True, text=True, check=True, timeout=30
                ).stdout
                self.assertRegex(explained.splitlines()[0], rf"rules/{file}\.yaml:\d+")
                self.assertIn(file, files_with(reply), reply)


class Writing(WidgetTest):
    needs_rules = True

    def test_shift_enter_breaks_the_line_and_an_input_method_is_not_disturbed(self):
        visitor = self.visitor().open()
        visitor.composer.press_sequentially("one")
        visitor.page.keyboard.press("Shift+Enter")
        visitor.composer.press_sequentially("two")
        composing = "new KeyboardEvent('keydown', {key: 'Enter', isComposing: true, bubbles: true, cancelable: true})"
        self.assertIs(visitor.composer.evaluate(f"field => field.dispatchEvent({composing})"), True)
        expect(visitor.composer).to_have_value("one\ntwo")
        expect(visitor.own).to_have_count(0)
        visitor.page.keyboard.press("Enter")
        expect(visitor.own).to_have_count(1)
        self.assertEqual(visitor.texts()[0], ("own", "one\ntwo"))

    def test_a_blank_text_is_not_sent(self):
        visitor = self.visitor().open()
        visitor.composer.fill("  \n ")
        visitor.composer.press("Enter")
        expect(visitor.composer).to_have_value("  \n ")
        expect(visitor.own).to_have_count(0)

    def test_a_text_is_refused_above_16384_bytes_and_kept(self):
        visitor = self.visitor().open()
        # Two bytes each: the limit counts bytes of UTF-8.
        visitor.composer.fill("ä" * 8193)
        visitor.composer.press("Enter")
        expect(visitor.panel.get_by_text("2 bytes too long")).to_be_visible()
        expect(visitor.own).to_have_count(0)
        visitor.composer.fill("ä" * 8192)
        visitor.composer.press("Enter")
        expect(visitor.own).to_have_count(1)
        expect(visitor.theirs).to_have_count(1)
        overflow = visitor.page.locator("claude-chat-widget .log").evaluate("log => log.scrollWidth - log.clientWidth")
        self.assertEqual(overflow, 0)

    def test_H1_H3_markup_is_text_and_runs_nothing(self):
        visitor = self.visitor().open()
        texts = [
            "<img src=x onerror='window.pwned=1'> hello",
            "<script>window.pwned=1</script>",
            "<svg onload=window.pwned=1><style><math></style>",
            "[hello](javascript:window.pwned=1)",
        ]
        for text in texts:
            visitor.ask(text)
        self.assertEqual([text for kind, text in visitor.texts() if kind == "own"], texts)
        self.assertIsNone(visitor.page.evaluate("window.pwned ?? null"))
        expect(visitor.panel.locator(".own .bubble *")).to_have_count(0)
        expect(visitor.panel.locator(".bubble :is(img, script, style, svg, math, iframe, [onerror], [onload])")).to_have_count(0)

    def test_the_draft_survives_a_reload(self):
        visitor = self.visitor().open()
        visitor.composer.fill("half a sent")
        visitor.page.reload()
        expect(visitor.composer).to_have_value("half a sent")

    def test_the_page_can_send_and_hears_about_it(self):
        visitor = self.visitor()
        visitor.page.evaluate(
            """() => {
                window.heard = [];
                claudeChat.on('message:sent', detail => heard.push(['sent', detail.seq]));
                claudeChat.on('message:received', detail => heard.push(['received', detail.seq]));
                claudeChat.on('message:received', () => { throw new Error('of the page'); });
            }"""
        )
        sent = visitor.page.evaluate("claudeChat.send('hello')")
        self.assertEqual(sent["seq"], 1)
        expect(visitor.theirs).to_have_count(1)
        self.assertEqual(visitor.page.evaluate("heard"), [["sent", 1], ["received", 2]])
        self.assertEqual(visitor.page.evaluate("claudeChat.send(' ').catch(error => error.code)"), "empty")
        self.assertEqual(visitor.problems, ["error: of the page"])


class Sessions(WidgetTest):
    def test_GT6_two_tabs_of_a_session_show_the_same_messages_once_in_the_same_order(self):
        first = self.visitor().open()
        second = self.visitor().open()
        self.assertEqual(first.state("sessionId"), second.state("sessionId"))
        first.ask("hello")
        expect(second.theirs).to_have_count(1)
        second.ask("the login fails")
        expect(first.theirs).to_have_count(2)
        self.assertEqual(first.texts(), second.texts())
        self.assertEqual([kind for kind, _ in first.texts()], ["own", "theirs", "own", "theirs"])

    def test_tabs_that_open_at_once_share_one_session(self):
        tabs = [self.visitor() for _ in range(3)]
        for tab in tabs:
            tab.page.evaluate("void claudeChat.open()")
        for tab in tabs:
            tab.sees_status("Connected")
        self.assertEqual(len({tab.state("sessionId") for tab in tabs}), 1)

    def test_GT1_another_browser_sees_nothing_of_it(self):
        visitor = self.visitor().open()
        stranger = self.visitor(self.new_browser()).open()
        visitor.ask("hello")
        stranger.ask("the login fails")
        self.assertEqual(len(visitor.texts()), 2)
        self.assertEqual([text for kind, text in stranger.texts() if kind == "own"], ["the login fails"])

    def test_a_reload_shows_the_history_and_takes_no_focus(self):
        visitor = self.visitor().open()
        visitor.ask("hello")
        visitor.ask("the login fails")
        before = visitor.texts()
        visitor.page.reload()
        visitor.sees_status("Connected")
        expect(visitor.all).to_have_count(4)
        self.assertEqual(visitor.texts(), before)
        self.assertEqual(visitor.page.evaluate("document.activeElement.localName"), "body")

    def test_a_reply_that_comes_after_closing_is_counted_at_the_launcher(self):
        visitor = self.visitor()
        visitor.page.evaluate("claudeChat.send('hello', {silent: true})")
        expect(visitor.launcher).to_have_attribute("aria-label", "Chat, 1 new message")
        visitor.waits_for("claudeChat.state.connection === 'idle'")
        visitor.open()
        expect(visitor.launcher).to_have_attribute("aria-label", "Chat")
        self.assertEqual([kind for kind, _ in visitor.texts()], ["own", "theirs"])


class Recovery(WidgetTest):
    needs_rules = True

    def test_the_chat_goes_on_after_the_server_was_restarted(self):
        visitor = self.visitor().open()
        visitor.ask("hello")
        self.stop_server()
        expect(visitor.status).not_to_have_text("Connected")
        self.server.start()
        visitor.sees_status("Connected")
        visitor.ask("the login fails")
        self.assert_shown_once(visitor)
        self.assertEqual(visitor.texts()[-2][1], "the login fails")
        self.assertEqual(visitor.state("transport"), "websocket")

    def test_with_the_server_stopped_the_state_says_why(self):
        visitor = self.visitor().open()
        self.server.stop()
        visitor.waits_for("claudeChat.state.lastError?.code === 'unreachable'")
        self.assertIs(visitor.state("isConnected"), False)
        self.assertIsNone(visitor.state("websocket"))
        expect(visitor.status).to_have_text("Reconnecting")
        self.server.start()

    def test_what_is_typed_while_the_server_is_away_survives_a_reload_and_is_sent_once(self):
        cable = self.cable()
        visitor = self.visitor(url=cable.url).open()
        cable.set("cut")
        visitor.sees_status("Reconnecting")
        visitor.say("hello")
        self.assertEqual(visitor.state("outbox"), 1)
        cable.set("good")
        visitor.page.reload()
        visitor.sees_status("Connected")
        expect(visitor.theirs).to_have_count(1)
        self.assertEqual([kind for kind, _ in visitor.texts()], ["own", "theirs"])

    def test_a_message_typed_while_the_line_is_cut_is_sent_once_and_nothing_is_missed(self):
        cable = self.cable()
        visitor = self.visitor(url=cable.url).open()
        session = visitor.state("sessionId")
        visitor.ask("hello")

        # Another tab of the session, on a line that isn't cut.
        other = self.visitor()
        other.page.evaluate("id => localStorage.setItem('claude-chat:default', JSON.stringify({session: id}))", session)
        other.page.reload()
        other.open()
        expect(other.all).to_have_count(2)

        cable.set("cut")
        visitor.sees_status("Reconnecting")
        visitor.say("the login fails")
        expect(visitor.panel.get_by_text("Waiting for the connection")).to_be_visible()
        other.ask("they said it is slow")

        cable.set("good")
        visitor.sees_status("Connected")
        expect(visitor.theirs).to_have_count(3)
        expect(other.theirs).to_have_count(3)
        self.assertEqual(visitor.texts(), other.texts())
        self.assert_shown_once(visitor)
        self.assertEqual(visitor.state("outbox"), 0)

    def test_a_line_that_swallows_everything_is_noticed_by_the_missing_ack(self):
        cable = self.cable()
        visitor = self.visitor(url=cable.url).open()
        visitor.ask("hello")
        cable.set("silent")
        visitor.say("the login fails")
        visitor.sees_status("Reconnecting")
        cable.set("good")
        visitor.sees_status("Connected")
        expect(visitor.theirs).to_have_count(2)
        self.assert_shown_once(visitor)

    def test_an_offline_browser_says_so_at_once_and_comes_back_at_once(self):
        visitor = self.visitor().open()
        self.context.set_offline(True)
        visitor.sees_status("Offline")
        visitor.say("hello")
        self.context.set_offline(False)
        visitor.sees_status("Connected")
        expect(visitor.theirs).to_have_count(1)
        self.assertEqual(len(visitor.texts()), 2)

    def test_GT7_ten_cuts_at_any_moment_lose_and_double_nothing(self):
        cable = self.cable()
        visitor = self.visitor(url=cable.url).open()
        for round in range(10):
            visitor.say(f"hello number {round}")
            cable.set("cut")
            cable.set("good")
            visitor.waits_for("claudeChat.state.outbox === 0")
        expect(visitor.theirs).to_have_count(10)
        self.assertEqual([text for kind, text in visitor.texts() if kind == "own"], [f"hello number {n}" for n in range(10)])


class Fallback(WidgetTest):
    needs_rules = True

    def test_GT17_without_websocket_the_same_text_gets_the_same_reply(self):
        direct = self.visitor(self.new_browser()).open()
        expected = direct.ask("the login fails")

        cable = self.cable()
        cable.set("no-websocket")
        visitor = self.visitor(url=cable.url).open(status="Connected (slow mode)")
        self.assertGreaterEqual(cable.handshakes, 2)
        self.assertIs(visitor.state("isConnected"), True)
        self.assertIsNone(visitor.state("websocket"))
        self.assertEqual(visitor.state("transport"), "sse")
        self.assertEqual(files_with(visitor.ask("the login fails")), files_with(expected))
        visitor.ask("hello")
        self.assertEqual([kind for kind, _ in visitor.texts()], ["own", "theirs", "own", "theirs"])
        visitor.waits_for("claudeChat.state.outbox === 0")

        # The choice holds for the tab, and the history comes by poll as well.
        before = visitor.texts()
        handshakes = cable.handshakes
        visitor.page.reload()
        visitor.sees_status("Connected (slow mode)")
        expect(visitor.all).to_have_count(4)
        self.assertEqual(visitor.texts(), before)
        self.assertEqual(cable.handshakes, handshakes)

    def test_two_tabs_without_websocket_see_each_other(self):
        cable = self.cable()
        cable.set("no-websocket")
        first = self.visitor(url=cable.url).open(status="Connected (slow mode)")
        second = self.visitor(url=cable.url).open(status="Connected (slow mode)")
        first.ask("hello")
        expect(second.all).to_have_count(2)
        second.ask("the login fails")
        expect(first.all).to_have_count(4)
        self.assertEqual(first.texts(), second.texts())

    def test_it_goes_back_to_the_websocket_when_the_network_comes_back(self):
        cable = self.cable()
        cable.set("no-websocket")
        visitor = self.visitor(url=cable.url).open(status="Connected (slow mode)")
        visitor.ask("hello")
        cable.set("good")
        visitor.page.evaluate("dispatchEvent(new Event('online'))")
        visitor.sees_status("Connected")
        visitor.ask("the login fails")
        self.assertEqual([kind for kind, _ in visitor.texts()], ["own", "theirs", "own", "theirs"])

    def test_by_poll_the_chat_goes_on_after_a_restart(self):
        cable = self.cable()
        cable.set("no-websocket")
        visitor = self.visitor(url=cable.url).open(status="Connected (slow mode)")
        visitor.ask("hello")
        self.stop_server()
        expect(visitor.status).not_to_have_text("Connected (slow mode)")
        self.server.start()
        visitor.sees_status("Connected (slow mode)")
        visitor.ask("the login fails")
        self.assert_shown_once(visitor)


class Wire(WidgetTest):
    """Losses that a real server doesn't cause on demand: the test stands between socket and server."""

    def visitor_with(self, from_server=None, opened=None):
        """`from_server(socket, line)` returns whether the line goes on to the page."""
        page = self.context.new_page()

        def serve(socket):
            server = socket.connect_to_server()
            if opened:
                opened(socket)

            def forward(data):
                lines = [line for line in data.split("\n") if from_server is None or from_server(socket, line)]
                if lines:
                    socket.send("\n".join(lines))

            server.on_message(forward)

        page.route_web_socket(re.compile("/ws/chat"), serve)
        return Visitor(page).visit(self.server.url)

    def test_a_lost_message_is_asked_for_and_shown_in_its_place(self):
        lost = []

        def lose_first_reply(_, line):
            if '"type":"claude"' in line.replace(" ", "") and not lost:
                lost.append(line)
                return False
            return True

        visitor = self.visitor_with(lose_first_reply).open()
        visitor.say("hello")
        visitor.say("the login fails")
        expect(visitor.theirs).to_have_count(2)
        self.assertEqual(len(lost), 1)
        self.assertEqual([kind for kind, _ in visitor.texts()][0], "own")
        self.assertEqual(visitor.state("position")["seq"], 4)

    def test_a_lost_ack_is_made_up_by_a_resend_with_the_same_id(self):
        sessions = []

        def cut_instead_of_ack(socket, line):
            if '"type":"ack"' in line.replace(" ", "") and len(sessions) == 1:
                socket.close(code=4409, reason="position lost")
                return False
            return True

        visitor = self.visitor_with(cut_instead_of_ack, opened=sessions.append).open()
        visitor.say("hello")
        visitor.waits_for("claudeChat.state.outbox === 0")
        expect(visitor.theirs).to_have_count(1)
        self.assertEqual([kind for kind, _ in visitor.texts()], ["own", "theirs"])
        self.assertEqual(len(sessions), 2)

    def test_a_close_code_from_4450_to_4499_stops_with_a_sentence(self):
        sessions = []

        def close(socket, _):
            socket.close(code=4454, reason="connection_limit")
            return False

        visitor = self.visitor_with(close, opened=sessions.append)
        visitor.open(status="Closed")
        expect(visitor.panel.get_by_role("alert").filter(has_text="too many tabs")).to_be_visible()
        expect(visitor.panel.get_by_role("button", name="Reload")).to_be_visible()
        self.assertEqual(visitor.state("connection"), "stopped")
        self.assertEqual(visitor.state("lastError")["code"], "connection_limit")
        self.assertEqual(len(sessions), 1)


class Embedding(WidgetTest):
    def test_it_works_on_another_origin_with_the_tag_in_the_head(self):
        site = self.site({"/shop/cart": f"<!doctype html><head>{self.tag('')}</head><body><p>shop"})
        visitor = self.visitor(url=f"{site.url}/shop/cart")
        with visitor.page.expect_websocket() as opened:
            visitor.open()
        self.assertTrue(opened.value.url.endswith("&page=%2Fshop%2Fcart"), opened.value.url)
        visitor.ask("hello")
        self.assertEqual(visitor.problems, [])

    def test_a_second_tag_is_no_second_widget(self):
        site = self.site({"/": f"<!doctype html><body>{self.tag('')}{self.tag()}<p>page"})
        visitor = self.visitor(url=f"{site.url}/")
        visitor.page.wait_for_load_state("load")
        expect(visitor.page.locator("claude-chat-widget")).to_have_count(1)
        visitor.page.keyboard.press("Control+Shift+C")
        expect(visitor.panel).to_be_visible()

    def test_H9_a_strict_content_policy_has_nothing_to_report(self):
        host = f"127.0.0.1:{self.server.port}"
        policy = (
            f"default-src 'none'; script-src http://{host}; connect-src http://{host} ws://{host}; "
            "require-trusted-types-for 'script'; trusted-types 'none'"
        )
        page = f'<!doctype html><meta http-equiv="Content-Security-Policy" content="{policy}"><body>{self.tag()}<p>page'
        site = self.site({"/": page})
        visitor = self.visitor(url=f"{site.url}/").open()
        visitor.ask("hello")
        visitor.ask("<b>the login fails</b>")
        self.assertEqual(visitor.violations(), [])
        self.assertEqual(visitor.problems, [])

    def test_the_demo_page_has_nothing_to_report_either(self):
        visitor = self.visitor().open()
        visitor.ask("hello")
        self.assertEqual(visitor.violations(), [])
        self.assertEqual(visitor.problems, [])

    def test_calls_from_before_the_load_are_made_up(self):
        early = "<script>window.claudeChat = []; claudeChat.push(['open'])</script>"
        site = self.site({"/": f"<!doctype html><body>{early}{self.tag()}"})
        visitor = self.visitor(url=f"{site.url}/")
        expect(visitor.panel).to_be_visible()
        visitor.sees_status("Connected")

    def test_it_works_where_storage_is_denied(self):
        self.context.add_init_script(
            "for (const name of ['localStorage', 'sessionStorage'])"
            "  Object.defineProperty(window, name, { get() { throw new DOMException('denied', 'SecurityError'); } });"
        )
        visitor = self.visitor().open()
        visitor.ask("hello")
        self.assertEqual(visitor.problems, [])

    def test_a_page_swap_that_removes_the_widget_gets_it_back(self):
        visitor = self.visitor().open()
        visitor.ask("hello")
        visitor.page.evaluate("document.body = document.createElement('body')")
        expect(visitor.launcher).to_be_visible()
        expect(visitor.all).to_have_count(2)
        visitor.ask("the login fails")

    def test_an_unknown_value_of_the_tag_is_one_warning(self):
        site = self.site({"/": f"<!doctype html><body>{self.tag('data-theme=drak data-hotkey=off')}"})
        visitor = self.visitor(url=f"{site.url}/")
        self.assertEqual(visitor.problems, ['warning: claude-chat: data-theme: unknown value "drak"; use auto or light or dark'])
        visitor.page.keyboard.press("Control+Shift+C")
        expect(visitor.panel).to_be_hidden()

    def test_on_a_small_screen_the_panel_fills_it_and_keeps_the_focus(self):
        context = self.new_browser(viewport={"width": 320, "height": 640}, has_touch=True, is_mobile=True)
        visitor = self.visitor(context).open()
        visitor.ask("hello")
        # It slides into its place.
        visitor.waits_for("""JSON.stringify([0, 0, 320, 640]) === JSON.stringify((({ x, y, width, height }) => [x, y, width, height])(
            document.querySelector("claude-chat-widget").shadowRoot.querySelector("[role=dialog]").getBoundingClientRect()))""")
        expect(visitor.launcher).to_be_hidden()
        for _ in range(6):
            visitor.page.keyboard.press("Tab")
            self.assertEqual(visitor.page.evaluate("document.activeElement.localName"), "claude-chat-widget")
        visitor.page.keyboard.press("Escape")
        expect(visitor.launcher).to_be_focused()


class Sizes(WidgetTest):
    """What a page loads, compressed: the numbers of the README."""

    def fetched(self, name):
        with urllib.request.urlopen(f"{self.server.url}{name}", timeout=30) as answer:
            return answer.read(), answer.headers

    def test_the_loader_is_at_most_5_kB_the_panel_30_and_a_language_2(self):
        loader, headers = self.fetched("claude-chat.js")
        self.assertLessEqual(len(gzip.compress(loader, 9)), 5 * 1024)
        self.assertEqual(headers["Cache-Control"], "public, max-age=300")
        self.assertNotRegex(loader, rb"__[A-Z_]+__")
        names = re.findall(rb"claude-chat-(?:panel|texts)\.[\w.]*[0-9a-f]{12}\.\w+", loader)
        self.assertEqual(len(names), 5)
        for name in names:
            contents, headers = self.fetched(name.decode())
            limit = 30 if b"panel" in name else 2
            self.assertLessEqual(len(gzip.compress(contents, 9)), limit * 1024, name)
            self.assertIn("immutable", headers["Cache-Control"])
            self.assertNotRegex(contents, rb"__[A-Z_]+__")

    def test_a_page_loads_the_loader_alone_and_hardly_moves_for_it(self):
        page = self.context.new_page()
        requests = []
        page.on("request", lambda request: requests.append(request.url))
        visitor = Visitor(page).visit(self.server.url)
        self.assertEqual([url for url in requests if "claude-chat" in url], [f"{self.server.url}claude-chat.js"])
        visitor.launcher.hover()
        visitor.page.wait_for_load_state("networkidle")
        self.assertEqual(len([url for url in requests if "claude-chat-panel." in url]), 1)
        expect(visitor.panel).to_have_count(0)

    def test_a_panel_that_can_not_be_loaded_says_so_and_comes_with_the_next_click(self):
        page = self.context.new_page()
        page.route(re.compile("claude-chat-panel"), lambda route: route.abort())
        visitor = Visitor(page).visit(self.server.url)
        visitor.launcher.click()
        expect(page.get_by_role("alert").filter(has_text="could not be loaded")).to_be_visible()
        page.unroute(re.compile("claude-chat-panel"))
        visitor.open()
        expect(page.get_by_role("alert").filter(has_text="could not be loaded")).to_have_count(0)


class Sources(unittest.TestCase):
    def test_H9_no_source_of_the_widget_makes_markup_from_text(self):
        forbidden = re.compile(r"\b(innerHTML|outerHTML|insertAdjacentHTML|setHTMLUnsafe|document\.write|eval|Function)\s*[(=]|createContextualFragment|DOMParser")
        for path in (REPOSITORY / "Sources/Transport/Widget").glob("*.js"):
            for number, line in enumerate(path.read_text().splitlines(), 1):
                self.assertIsNone(forbidden.search(line), f"{path.name}:{number}: {line.strip()}")


@unittest.skipUnless(os.environ.get("WIDGET_SCREENSHOT"), "WIDGET_SCREENSHOT is not set")
class Screenshot(WidgetTest):
    needs_rules = True

    def test_the_picture_of_the_readme_is_taken(self):
        context = self.new_browser(viewport={"width": 1280, "height": 720}, device_scale_factor=1.5)
        visitor = self.visitor(context).open()
        visitor.ask("hello")
        visitor.ask("This dropdown is showing IDs instead of names")
        # The picture must not catch a bubble on its way up.
        visitor.page.evaluate("Promise.all(document.querySelector('claude-chat-widget').shadowRoot.getAnimations().map(a => a.finished))")
        visitor.page.screenshot(path=REPOSITORY / "Documentation/widget.png")


def files_with(reply):
    """The rule files that have a sentence of the reply, word by word; captures may have filled the others."""
    sentences = [part for part in re.split(r"(?<=[.!?:;])\s+", squeezed(reply)) if len(part) >= 12]
    found = []
    for path in sorted((REPOSITORY / "rules").glob("*.yaml")):
        text = squeezed(path.read_text())
        if any(sentence in text for sentence in sentences):
            found.append(path.stem)
    return found


def squeezed(text):
    """One line: YAML may fold a sentence, and quotes in it may be doubled."""
    return re.sub(r"\s+", " ", text).replace("''", "'")


if __name__ == "__main__":
    unittest.main()
