"""E1: runs Autobahn|Testsuite against `claude-chat serve --echo` and judges the report.

Called by script/conformance. It runs over ws and over wss, with the certificate of the tests. `--url` tests a server that runs
already, in place of `--binary`.
"""

import argparse
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections import Counter
from pathlib import Path

GOOD = {"OK", "NON-STRICT", "INFORMATIONAL"}
# The cases of groups 1 through 7 and 10, and those of group 9. Fewer would mean that the suite didn't run whole.
CORE_CASES = 247
LARGE_CASES = 54
CERTIFICATE = Path(__file__).resolve().parents[1] / "ServerTests/EndToEnd/Certificate"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start_server(binary, port, folder, scheme):
    command = [binary, "serve", "--insecure-dev", "--echo", "--no-limits", "--ephemeral", "--listen", f"127.0.0.1:{port}"]
    trust = None
    if scheme == "wss":
        # A key that others could read would be refused.
        (folder / "key.pem").write_bytes((CERTIFICATE / "key.pem").read_bytes())
        (folder / "key.pem").chmod(0o600)
        (folder / "claude-chat.yaml").write_text(
            "version: 1\ndefault_chain: one\nchains: {one: {fallback: [fallback]}}\n"
            f"server: {{tls: {{certificate: {CERTIFICATE}/certificate.pem, key: {{file: {folder}/key.pem}}}}}}\n"
        )
        command += ["--config", str(folder / "claude-chat.yaml")]
        trust = ssl._create_unverified_context()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    for _ in range(600):
        try:
            code = process.wait(timeout=0.05)
        except subprocess.TimeoutExpired:
            pass
        else:
            sys.exit(f"conformance: the server ended with {code} before it listened")
        try:
            address = f"{scheme.replace('ws', 'http')}://127.0.0.1:{port}/healthz"
            with urllib.request.urlopen(address, timeout=5, context=trust):
                return process
        except (urllib.error.URLError, OSError):
            continue
    stop(process)
    sys.exit("conformance: the server didn't answer /healthz")


def stop(process):
    process.send_signal(signal.SIGTERM)
    try:
        return process.wait(timeout=40)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def run_suite(suite, url, folder, large):
    excluded = ["12.*", "13.*"] + ([] if large else ["9.*"])
    specification = {
        "outdir": str(folder),
        "servers": [{"agent": "server", "url": url, "options": {"version": 18}}],
        "cases": ["*"],
        "exclude-cases": excluded,
        "exclude-agent-cases": {},
    }
    path = folder / "specification.json"
    path.write_text(json.dumps(specification))
    command = [suite, "-m", "fuzzingclient", "-s", str(path)]
    with open(folder / "suite.log", "w") as log:
        code = subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, cwd=folder).returncode
    report = folder / "index.json"
    if not report.exists():
        print((folder / "suite.log").read_text()[-2000:], file=sys.stderr)
        sys.exit(f"conformance: the suite ended with {code} and left no report")
    return json.loads(report.read_text())["server"]


def judge(results, large, scheme):
    def order(case):
        return [int(part) for part in case.split(".")]

    counts = Counter()
    failures = 0
    for case in sorted(results, key=order):
        result = results[case]
        counts[result["behavior"]] += 1
        problems = [
            f"{key} {result[key]}" for key in ("behavior", "behaviorClose") if result[key] not in GOOD
        ]
        if problems:
            failures += 1
            print(f"{case}: {', '.join(problems)}")
    print(", ".join(f"{number} {behavior}" for behavior, number in sorted(counts.items())))
    if failures:
        print(f"conformance: {failures} of {len(results)} cases failed")
        return 1
    core = sum(1 for case in results if not case.startswith("9."))
    if core != CORE_CASES or len(results) - core != (LARGE_CASES if large else 0):
        print(f"conformance: {core} core cases of {len(results)} ran; {CORE_CASES} and {LARGE_CASES} large ones were expected")
        return 1
    print(f"conformance: {len(results)} of {len(results)} cases conform over {scheme}")
    return 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary")
    parser.add_argument("--url")
    parser.add_argument("--suite", required=True)
    parser.add_argument("--core", dest="large", action="store_false")
    arguments = parser.parse_args()

    schemes = [arguments.url.split(":")[0]] if arguments.url else ["ws", "wss"]
    # All of them run, so that everything that is wrong is said.
    return max([run(arguments, scheme) for scheme in schemes])


def run(arguments, scheme):
    started = time.monotonic()
    suite = os.path.abspath(arguments.suite)
    with tempfile.TemporaryDirectory() as folder:
        process = None
        url = arguments.url
        if not url:
            port = free_port()
            process = start_server(arguments.binary, port, Path(folder), scheme)
            url = f"{scheme}://127.0.0.1:{port}/_echo"
        try:
            results = run_suite(suite, url, Path(folder), arguments.large)
            status = judge(results, arguments.large, scheme)
        finally:
            code = stop(process) if process else 0
    if code != 0:
        print(f"conformance: the server ended with {code} after SIGTERM")
        status = 1
    print(f"{time.monotonic() - started:.0f} s", flush=True)
    return status


sys.exit(main())
