"""Holds the documents to what the product does.

Every `console` block is run and its output compared; `script/server` is started and answers; the rule file in the
documents loads and its tests pass; the plugin in the README compiles, those in Python pass the checker; every link leads somewhere.
Environment: CLAUDE_CHAT_BIN, the binary (default: the debug build).
"""

import http.server
import json
import os
import re
import signal
import subprocess
import tempfile
import threading
import time
import unittest
from pathlib import Path

from serving import Serving, free_port

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("CLAUDE_CHAT_BIN", ROOT / ".build/debug/claude-chat")).resolve()
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "Documentation").rglob("*.md")])
FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
# Attacks have names such as C10 or GT3; the name of a test begins with those that it tries.
ATTACK = r"(?:GT|[A-J])\d{1,2}"
# Among them there may be those of a property, such as P16.
NAME = r"(?:GT|[A-P])\d{1,2}"


def blocks(language):
    """All fenced blocks of a language: (name of the document, text)."""
    for path in DOCUMENTS:
        for found, text in FENCE.findall(path.read_text(encoding="utf-8")):
            if found == language:
                yield path.relative_to(ROOT).as_posix(), text


def sessions(text):
    """The commands of a console block, each with the lines that are shown below it."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        yield command, output.rstrip("\n").splitlines()


def attacks(path):
    """The names of the attacks that the tests of a file try."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".swift":
        names = re.findall(rf'"((?:{NAME} )*{NAME}): ', text)
    else:
        names = re.findall(rf'def test_((?:{NAME}_)+)|^"""({ATTACK}): ', text, re.MULTILINE)
    return set(re.findall(ATTACK, str(names)))


def run(command, variables=None, **options):
    environment = {**os.environ, **(variables or {}), "PATH": f"{BINARY.parent}:{os.environ['PATH']}"}
    return subprocess.run(
        command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, timeout=60, check=False, **options
    )


class Documents(Serving):
    def test_links_lead_somewhere(self):
        for path in DOCUMENTS:
            text = FENCE.sub("", path.read_text(encoding="utf-8"))
            for target in LINK.findall(text):
                if re.match(r"[a-z]+:|#", target):
                    continue
                with self.subTest(document=path.name, link=target):
                    self.assertTrue((path.parent / target.partition("#")[0]).exists())

    def test_every_attack_of_the_table_has_its_tests(self):
        text = (ROOT / "Documentation/Security.md").read_text(encoding="utf-8")
        # The second table names those without a test.
        text, _, _ = text.partition("## Attacks that are not tried")
        told = {}
        for attack, tests in re.findall(rf"^\| ({ATTACK}) \|.*\|(.*)\|$", text, re.MULTILINE):
            self.assertNotIn(attack, told, "a second row")
            told[attack] = {target.removeprefix("../") for target in LINK.findall(tests)}
        found = {}
        for path in sorted((ROOT / "Tests").rglob("*")):
            if path.suffix in (".swift", ".py") and path != Path(__file__).resolve():
                for attack in attacks(path):
                    found.setdefault(attack, set()).add(path.relative_to(ROOT).as_posix())
        self.assertGreater(len(found), 50)
        self.assertEqual(told, found)

    def test_every_reason_of_a_record_is_told(self):
        told = (ROOT / "Documentation/Operations.md").read_text()
        codes = set()
        for path in (ROOT / "Sources").rglob("*.swift"):
            codes |= set(re.findall(r': TraceReason = "([a-z-]+)"', path.read_text()))
            if "Plugins" in path.parts and "Check" not in path.parts:
                codes |= set(re.findall(r'(?:reason: |Failure\()"([a-z][a-z-]+)"', path.read_text()))
        self.assertGreater(len(codes), 30)
        self.assertEqual([code for code in sorted(codes) if f"`{code}`" not in told], [])

    def test_the_production_configuration_is_accepted(self):
        text = next(text for _, text in blocks("yaml") if "token_keys:" in text)
        with tempfile.TemporaryDirectory() as folder:
            configuration = Path(folder, "claude-chat.yaml")
            configuration.write_text(
                f"version: 1\ndefault_chain: one\n{text}chains: {{one: {{fallback: [fallback]}}}}\n", encoding="utf-8"
            )
            secrets = {name: name * 8 for name in re.findall(r"env: (\w+)", text)}
            done = run([str(BINARY), "check", "--config", str(configuration)], secrets)
            self.assertEqual(done.returncode, 0, done.stdout)

    def test_commands_give_the_output_that_is_shown(self):
        count = 0
        for document, text in blocks("console"):
            for command, shown in sessions(text):
                count += 1
                with self.subTest(document=document, command=command):
                    done = run(command, shell=True)
                    self.assertTrue(shown or done.returncode == 0, done.stdout)
                    # A document may stop early; what it shows is the beginning, word by word.
                    self.assertEqual(done.stdout.splitlines()[: len(shown)], shown)
        self.assertGreater(count, 0, "no console block found")

    def test_python_plugins_pass_the_checker(self):
        programs = [(name, text) for name, text in blocks("python") if "sys.stdin" in text]
        self.assertTrue(programs, "no plugin found")
        for document, text in programs:
            with self.subTest(document=document), tempfile.TemporaryDirectory() as folder:
                program = Path(folder, "plugin.py")
                program.write_text(text, encoding="utf-8")
                command = [str(BINARY), "plugins", "check", "--patience", "5", "--say", "When are you open?"]
                done = run([*command, "--", "python3", str(program)])
                self.assertEqual(done.returncode, 0, done.stdout)
                self.assertRegex(done.stdout, r"ok    turn +pass, reply")

    def test_examples_of_plugins_are_parts_of_files_that_are_tested(self):
        files = [*(ROOT / "Examples").rglob("*.swift"), *(ROOT / "Examples").rglob("*.py")]
        sources = [path.read_text(encoding="utf-8") for path in files if ".build" not in path.parts]
        count = 0
        for document, text in [*blocks("swift"), *blocks("python")]:
            # What is a whole program is run, or compiled, by itself.
            if document != "Documentation/Plugins.md" or "sys.stdin" in text:
                continue
            count += 1
            with self.subTest(block=text.splitlines()[0]):
                self.assertTrue(any(text in source for source in sources), text)
        self.assertGreater(count, 20)

    def test_every_verdict_has_an_example_in_swift_and_in_python(self):
        text = (ROOT / "Documentation/Plugins.md").read_text(encoding="utf-8")
        text = text.partition("\n## Verdicts\n")[2].partition("\n## ")[0]
        shown = {}
        for section in text.split("\n### ")[1:]:
            shown[section.partition("\n")[0]] = {language for language, _ in FENCE.findall(section)}
        self.assertEqual(
            list(shown), ["pass", "reply", "augment", "reply, and continue", "stream", "suppress", "handoff", "fail", "action"]
        )
        for name, languages in shown.items():
            self.assertEqual(languages, {"swift", "python"}, name)

    def test_the_first_plugin_in_python_answers_where_the_document_puts_it(self):
        program = next(text for _, text in blocks("python") if '"hours"' in text)
        chains = next(text for _, text in blocks("yaml") if "plugins/hours.py" in text)
        document = (ROOT / "Documentation/Plugins.md").read_text(encoding="utf-8")
        commands = [
            line for language, block in FENCE.findall(document) if language == "sh" for line in block.splitlines()
            if "hours.py" in line or line.startswith("claude-chat explain ")
        ]
        self.assertEqual(len(commands), 2, commands)
        with tempfile.TemporaryDirectory() as folder:
            for path, text in (
                ("claude-chat.yaml", f"version: 1\ndefault_chain: demo\n{chains}"), ("plugins/hours.py", program),
                *((f"rules/{path.name}", path.read_text(encoding="utf-8")) for path in (ROOT / "rules").glob("*.yaml")),
            ):
                Path(folder, path).parent.mkdir(exist_ok=True)
                Path(folder, path).write_text(text, encoding="utf-8")
            environment = {**os.environ, "PATH": f"{BINARY.parent}:{os.environ['PATH']}"}
            for command in commands:
                done = subprocess.run(
                    command, cwd=folder, shell=True, env=environment, stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60, check=False
                )
                with self.subTest(command=command):
                    self.assertEqual(done.returncode, 0, done.stdout)
        self.assertTrue(done.stdout.startswith("answered by hours"), done.stdout)
        self.assertIn("We are open from 9 to 5.", done.stdout)

    def test_scripts_exist(self):
        for document, text in blocks("sh"):
            for line in text.splitlines():
                word = line.split()[0] if line.split() else ""
                if word.startswith("script/"):
                    with self.subTest(document=document, command=line):
                        self.assertTrue(os.access(ROOT / word, os.X_OK))

    def test_rule_files_load_and_pass_their_own_tests(self):
        files = [(name, text) for name, text in blocks("yaml") if "\nrules:" in text]
        self.assertTrue(files, "no rule file found")
        for document, text in files:
            with self.subTest(document=document), tempfile.TemporaryDirectory() as folder:
                rules = Path(folder, "rules")
                (rules / "local").mkdir(parents=True)
                # A file for local/ says so in its first line, and changes the shipped rules.
                local = re.match(r"# rules/(local/\S+)\n", text)
                for path in (ROOT / "rules").glob("*.yaml" if local else "words.yaml"):
                    (rules / path.name).write_bytes(path.read_bytes())
                (rules / (local[1] if local else "example.yaml")).write_text(text, encoding="utf-8")
                configuration = Path(folder, "claude-chat.yaml")
                configuration.write_text(
                    "version: 1\ndefault_chain: one\nserver: {listen: '127.0.0.1:8080'}\n"
                    "chains:\n  one:\n    answer:\n      - rules: {path: rules/}\n",
                    encoding="utf-8",
                )
                done = run([str(BINARY), "check", "--config", str(configuration)])
                self.assertEqual(done.returncode, 0, done.stdout)

    def test_script_server_serves_what_the_readme_shows(self):
        readme = (ROOT / "README.md").read_text(encoding="utf-8")
        shown = next(text for language, text in FENCE.findall(readme) if "Ctrl+C stops" in text and not language)
        port = free_port()
        with tempfile.TemporaryFile(mode="w+") as output:
            server = subprocess.Popen(
                [str(ROOT / "script/server"), "--listen", f"127.0.0.1:{port}"],
                # Another folder than the repository's: the script finds its way.
                cwd="/", env={**os.environ, "CLAUDE_CHAT_BUILD": "debug"}, stdin=subprocess.DEVNULL,
                stdout=output, stderr=subprocess.STDOUT,
            )
            try:
                self.wait_for_health(server, port)
            finally:
                server.send_signal(signal.SIGTERM)
                try:
                    code = server.wait(timeout=45)
                except subprocess.TimeoutExpired:
                    server.kill()
                    code = server.wait()
            output.seek(0)
            said = output.read()
        self.assertEqual(code, 0, said)
        for line in shown.strip().splitlines():
            self.assertIn(line.replace("8080", str(port)), said)

    def test_the_commands_for_issues_work_on_what_the_documented_rules_report(self):
        configuration, rules, _, commands = self.issue_blocks("issues")
        self.run_for_issues(configuration, rules, lambda folder: commands)

    def test_the_commands_for_the_outbox_work_on_a_report_that_the_tracker_refuses(self):
        _, rules, configuration, commands = self.issue_blocks("outbox")

        class Refusing(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(422)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *arguments):
                pass

        def named(folder):
            """The commands, with the reference of the report in place of the documented one."""
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline:
                listed = subprocess.run(
                    [str(BINARY), "outbox", "list", "--state", "stuck", "--json"], cwd=folder, capture_output=True,
                    text=True, timeout=60, check=True,
                ).stdout
                if listed:
                    return [command.replace("R-7K2M", json.loads(listed)["reference"]) for command in commands]
            self.fail("the report is not stuck")

        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as tracker:
            threading.Thread(target=tracker.serve_forever, daemon=True).start()
            try:
                address = f"http://127.0.0.1:{tracker.server_address[1]}/api"
                configuration = configuration.replace("https://tracker.example/api", address)
                self.run_for_issues(configuration, rules, named)
            finally:
                tracker.shutdown()

    def issue_blocks(self, command):
        """The configuration, the rules, the configuration with another machine, and the commands of one name."""
        text = (ROOT / "Documentation/Issues.md").read_text(encoding="utf-8")
        configuration, rules, remote = [block for language, block in FENCE.findall(text) if language == "yaml"]
        lines = [line for language, block in FENCE.findall(text) if language == "sh" for line in block.splitlines()]
        commands = [line for line in lines if line.startswith(f"claude-chat {command} ")]
        self.assertGreater(len(commands), 5)
        return configuration, rules, remote, commands

    def run_for_issues(self, configuration, rules, commands):
        """Has a visitor report something, and runs what `commands` makes of the folder."""
        port = free_port()
        environment = {
            **os.environ, "PATH": f"{BINARY.parent}:{os.environ['PATH']}", "TRACKER_AUTH": "a-token-of-the-tracker",
        }
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "claude-chat.yaml").write_text(configuration.replace("8080", str(port)), encoding="utf-8")
            Path(folder, "rules").mkdir()
            Path(folder, rules.partition("\n")[0].removeprefix("# ")).write_text(rules, encoding="utf-8")
            server = subprocess.Popen(
                [str(BINARY), "serve"], cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
            try:
                self.wait_for_health(server, port)
                self.say("the checkout is broken", "m1", server, port)
                self.say("Send", "m2", server, port)
                for command in commands(folder):
                    with self.subTest(command=command):
                        done = subprocess.run(
                            command, cwd=folder, shell=True, env=environment, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60, check=False
                        )
                        self.assertEqual(done.returncode, 0, done.stdout)
                        self.assertTrue(done.stdout)
            finally:
                server.terminate()
                server.wait(timeout=45)

    def test_the_plugin_of_the_readme_compiles(self):
        programs = [
            text for name, text in blocks("swift") if name == "README.md" and "ClaudeChatCommand.main" in text
        ]
        self.assertTrue(programs, "no program found")
        modules = BINARY.parent / "Modules"
        if not modules.is_dir():
            self.skipTest("the compiled modules aren't beside the binary")
        for text in programs:
            with tempfile.TemporaryDirectory() as folder:
                source = Path(folder, "main.swift")
                source.write_text(text, encoding="utf-8")
                maps = []
                for pattern in ("*/Sources/*/include/module.modulemap", "*/Sources/*/module.modulemap"):
                    for path in (ROOT / ".build/checkouts").glob(pattern):
                        maps += ["-Xcc", f"-fmodule-map-file={path}"]
                for path in BINARY.parent.glob("*.build/module.modulemap"):
                    maps += ["-Xcc", f"-fmodule-map-file={path}"]
                done = run([
                    "swiftc", "-typecheck", "-swift-version", "6", "-I", str(modules),
                    "-I", str(ROOT / "Sources/CPCRE2"), *maps, str(source),
                ])
                self.assertEqual(done.returncode, 0, done.stdout)


if __name__ == "__main__":
    unittest.main()
