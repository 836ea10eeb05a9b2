"""What a visitor does and sees, in words that a test can use."""

from playwright.sync_api import expect


class Visitor:
    """One page with the widget, in a browser context that may hold more of them."""

    def __init__(self, page):
        self.page = page
        self.problems = []
        page.on("pageerror", lambda error: self.problems.append(f"error: {error}"))
        page.on("console", self._heard)
        # Runs before the page's own scripts, and no policy of the page stops it.
        page.add_init_script(
            "window.violations = [];"
            "addEventListener('securitypolicyviolation', e => violations.push(`${e.violatedDirective} ${e.blockedURI}`));"
        )
        widget = page.locator("claude-chat-widget")
        self.launcher = widget.locator(".launcher")
        self.panel = widget.get_by_role("dialog")
        self.composer = widget.locator("textarea")
        self.status = widget.locator(".status-text")
        self.own = widget.locator(".own .bubble")
        self.theirs = widget.locator(".theirs .bubble")
        self.all = widget.locator(".bubble")

    def _heard(self, message):
        # The browser itself reports a refused connection; a cut line is no mistake of the page.
        if message.type in ("error", "warning") and "net::ERR_" not in message.text and "WebSocket connection" not in message.text:
            self.problems.append(f"{message.type}: {message.text}")

    def visit(self, url):
        self.page.goto(url)
        expect(self.launcher).to_be_visible()
        return self

    def open(self, status="Connected"):
        self.launcher.click()
        expect(self.panel).to_be_visible()
        self.sees_status(status)
        return self

    def sees_status(self, text, timeout=30_000):
        expect(self.status).to_have_text(text, timeout=timeout)

    def say(self, text):
        """Types and presses Enter; waits until the text stands in the list."""
        self.say_and_see(text, text)

    def say_and_see(self, text, shown):
        """The same, where the page changes what is sent."""
        before = self.own.count()
        self.composer.fill(text)
        self.composer.press("Enter")
        expect(self.own).to_have_count(before + 1)
        expect(self.own.last).to_have_text(shown, use_inner_text=False)

    def ask(self, text):
        """Says something and returns the answer's text."""
        before = self.theirs.count()
        self.say(text)
        expect(self.theirs).to_have_count(before + 1)
        return self.theirs.last.text_content()

    def texts(self):
        """All messages in the order of the list, as (author's kind, text)."""
        return [
            tuple(pair)
            for pair in self.all.evaluate_all(
                "bubbles => bubbles.map(b => [b.parentNode.classList.contains('own') ? 'own' : 'theirs', b.textContent])"
            )
        ]

    def state(self, field):
        return self.page.evaluate("field => claudeChat.state[field]", field)

    def waits_for(self, condition):
        """Waits until an expression is true in the page."""
        # Playwright's own wait_for_function evaluates text later on, which a strict content policy refuses.
        self.page.evaluate(
            f"""() => new Promise((resolve, reject) => {{
                const look = () => (({condition}) ? (clearInterval(timer), resolve()) : undefined);
                const timer = setInterval(look, 20);
                setTimeout(() => (clearInterval(timer), reject(new Error(`not within 30 s: {condition}`))), 30000);
                look();
            }})"""
        )

    def violations(self):
        return self.page.evaluate("violations")
