"""Clients of the first form in production, which come in with a cookie."""

import tempfile

from browser import WidgetTest, setUpModule, tearDownModule  # noqa: F401
from server import ProductionServer

# Asks for the cookie as a page does, where it may, and says what became of the call.
ASK = """async url => {
    try {
        const answer = await fetch(url + "api/chat/session", {
            method: "POST", credentials: "include", headers: {"Content-Type": "application/json"},
            body: JSON.stringify({site: "shop", cookie: true}),
        })
        return answer.ok ? (await answer.json()).sessionId : String(answer.status)
    } catch (error) { return error.name }
}"""
# Connects with nothing but what the browser sends by itself; the first text that comes, or how it ended.
CONNECT = """([url, session]) => new Promise(resolve => {
    const socket = new WebSocket(url.replace("http", "ws") + "ws/chat?session=" + session)
    socket.onmessage = event => { socket.close(); resolve(JSON.parse(event.data).event) }
    socket.onclose = event => resolve(`closed with ${event.code}`)
})"""


class Cookie(WidgetTest):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.shop = self.site({"/": "<!doctype html><title>Shop</title><body>shop"})
        self.server = ProductionServer(folder.name, self.shop.url, ", seed_mode: on, cookie_auth: true")
        self.server.start()
        self.addCleanup(self.stop_server)
        self.context = self.new_browser()
        self.page = self.context.new_page()
        self.page.goto(self.shop.url)

    def test_a_page_of_the_first_form_gets_in_with_its_cookie(self):
        self.assertEqual(self.page.evaluate(CONNECT, [self.server.url, "s"]), "closed with 1006")
        session = self.page.evaluate(ASK, self.server.url)
        self.assertEqual(self.page.evaluate("document.cookie"), "", "no script sees it")
        self.assertEqual(self.page.evaluate(CONNECT, [self.server.url, session]), "welcome")
        # The same visitor in another tab, and after the cookie was renewed.
        tab = self.context.new_page()
        tab.goto(self.shop.url)
        self.assertEqual(tab.evaluate(ASK, self.server.url), session)
        self.assertEqual(tab.evaluate(CONNECT, [self.server.url, session]), "welcome")

    def test_A8_a_foreign_page_gets_nothing_from_the_cookie_of_its_visitor(self):
        session = self.page.evaluate(ASK, self.server.url)
        foreign = self.site({"/": "<!doctype html><title>Foreign</title><body>foreign"})
        # Of another site, to which no cookie goes, and of the same one with another port, to which it would.
        for url in (foreign.url.replace("127.0.0.1", "localhost"), foreign.url):
            with self.subTest(url):
                page = self.context.new_page()
                page.goto(url)
                self.assertEqual(page.evaluate(CONNECT, [self.server.url, session]), "closed with 1006")
                self.assertEqual(page.evaluate(ASK, self.server.url), "TypeError")
