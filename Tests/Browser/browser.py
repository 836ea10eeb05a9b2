"""A browser for the tests of a module, and what each test starts with."""

import os
import tempfile
import unittest

from playwright.sync_api import sync_playwright

from cable import Cable
from server import CannedServer, Server, Site
from visitor import Visitor


def setUpModule():
    global playwright, chromium
    playwright = sync_playwright().start()
    chromium = playwright.chromium.launch(
        executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=["--no-sandbox"]
    )


def tearDownModule():
    chromium.close()
    playwright.stop()


class WidgetTest(unittest.TestCase):
    """Each test has a server of its own, so that none depends on what another has said or used up."""

    # Where nothing depends on who answers, a server without rules starts sooner.
    needs_rules = False

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.server = Server() if self.needs_rules else CannedServer(folder.name)
        self.server.start()
        self.addCleanup(self.stop_server)
        self.context = self.new_browser()

    def stop_server(self):
        self.assertEqual(self.server.stop(), 0, "the server's exit code after SIGTERM")

    def new_browser(self, **options):
        """A browser profile of its own: no storage in common with another."""
        context = chromium.new_context(**options)
        context.set_default_timeout(30_000)
        self.addCleanup(context.close)
        return context

    def visitor(self, context=None, url=None):
        visitor = Visitor((context or self.context).new_page())
        visitor.visit(url or self.server.url)
        return visitor

    def cable(self):
        cable = Cable(self.server.port)
        self.addCleanup(cable.stop)
        return cable

    def tag(self, attributes="async"):
        return f'<script {attributes} src="{self.server.url}claude-chat.js"></script>'

    def site(self, pages):
        site = Site(pages)
        self.addCleanup(site.stop)
        return site

    def assert_shown_once(self, visitor):
        texts = visitor.texts()
        self.assertEqual(len(texts), len(set(texts)), texts)
