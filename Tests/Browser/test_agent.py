"""A person answers: the button, who is there, what the person says, and the assistant again."""

import os
from pathlib import Path

from playwright.sync_api import expect

from agent import Agent
from browser import WidgetTest, setUpModule, tearDownModule  # noqa: F401
from server import CANNED

PEOPLE = CANNED.replace(
    "    answer:\n", "    answer:\n      - handoff: {button: true, only_staffed: false, queue: support, text: I am calling a colleague.}\n"
)


class PersonAnswers(WidgetTest):
    def setUp(self):
        super().setUp()
        self.people = self.new_browser()
        self.server.stop()
        (Path(self.server.options[1])).write_text(PEOPLE)
        self.server.start()

    def picture(self, visitor, name):
        """Keeps what the visitor sees, for people: `SCREENSHOTS` names the folder."""
        if "SCREENSHOTS" in os.environ:
            visitor.panel.screenshot(path=f"{os.environ['SCREENSHOTS']}/{name}.png")

    def test_a_visitor_presses_the_button_and_a_person_answers_under_their_name(self):
        visitor = self.visitor().open()
        widget = visitor.page.locator("claude-chat-widget")
        line, button = widget.locator(".person"), widget.get_by_role("button", name="Talk to a person")
        visitor.ask("hello")
        self.picture(visitor, "person-offered")
        desk = Agent(self.people, self.server, "desk")
        button.click()
        expect(line).to_have_text("A person has been asked to come")
        expect(visitor.all.last).to_have_text("I am calling a colleague.")
        expect(visitor.composer).to_be_focused()
        self.assertEqual(visitor.state("conversation"), "waiting")
        self.picture(visitor, "person-awaited")
        found = desk.sees("f.type === 'conversations' && f.items.some((item) => item.state === 'waiting')")
        self.assertEqual(found["items"][0]["queue"], "support")
        agent = Agent(self.people, self.server, found["items"][0]["sessionId"])
        agent.send(type="conversation", state="human")
        expect(line).to_have_text("Ada is answering you")
        agent.send(type="typing", state="start")
        expect(widget.locator(".typing")).to_contain_text("Ada is typing")
        agent.says("Good morning, <b>how</b> can I help?")
        expect(visitor.theirs.last).to_have_text("Good morning, <b>how</b> can I help?")
        expect(widget.locator(".theirs .meta bdi").last).to_have_text("Ada")
        visitor.say("hello")
        agent.sees("f.type === 'user' && f.message === 'hello' && f.seq > 2")
        self.picture(visitor, "person-answers")
        # The page is loaded anew, and the person is still there.
        visitor.page.reload()
        expect(line).to_have_text("Ada is answering you")
        agent.send(type="conversation", state="bot")
        expect(button).to_be_visible()
        visitor.ask("hello")
        expect(widget.locator(".theirs .meta bdi").last).to_have_text("Assistant")
        self.picture(visitor, "assistant-again")
        self.assertEqual(visitor.problems, [])

    def test_a_closed_conversation_begins_anew_with_the_next_message(self):
        visitor = self.visitor().open()
        visitor.ask("hello")
        agent = Agent(self.people, self.server, visitor.state("sessionId"), "Zoë 👩🏽‍💻")
        agent.says("I look into it.")
        expect(visitor.theirs.last).to_have_text("I look into it.")
        agent.send(type="conversation", state="closed")
        expect(visitor.all.last).to_have_text("Zoë 👩🏽‍💻 closed the conversation.")
        visitor.waits_for("claudeChat.state.conversation === 'closed'")
        visitor.ask("hello")
        self.assertEqual(visitor.state("conversation"), "bot")
        self.assertEqual(visitor.problems, [])

    def test_without_a_button_in_the_chain_there_is_none_in_the_panel(self):
        self.server.stop()
        Path(self.server.options[1]).write_text(CANNED)
        self.server.start()
        visitor = self.visitor().open()
        expect(visitor.page.locator("claude-chat-widget .person")).to_be_hidden()

    def test_the_button_works_where_no_websocket_comes_through(self):
        page = self.context.new_page()
        page.add_init_script("delete window.WebSocket")
        page.goto(self.server.url)
        widget = page.locator("claude-chat-widget")
        widget.locator(".launcher").click()
        expect(widget.locator(".status-text")).to_have_text("Connected (slow mode)", timeout=30_000)
        widget.get_by_role("button", name="Talk to a person").click()
        expect(widget.locator(".person")).to_have_text("A person has been asked to come")
