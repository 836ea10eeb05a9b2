"""What an acknowledgement costs a whole server, beside PostgreSQL and Redis.

    python3 Benchmarks/durable.py --binary .build/release/claude-chat [--clients 1,10,100] [--rounds 3] [--seconds 5]

On a machine that others use, `chrt -f 5` in front keeps their programs from the figures, as root, for as long as it runs.

Each client sends the next message when its last one was acknowledged. In each round one program after the other has the
machine: claude-chat with a store, with one that is encrypted, and with --ephemeral, over WebSocket with the shipped rules; one
INSERT a transaction into PostgreSQL with synchronous_commit=on (pgbench, prepared statements); SET in Redis with
appendfsync always. A row and a value are as large as the record of a message. All data lie in folders of one file system:
TMPDIR, or --folder. Figures are medians of the rounds.

A message to claude-chat is more than a row: its reply and the outcome of its turn are stored, too.

Debian: apt-get install postgresql postgresql-contrib redis-server. What isn't installed is left out.
"""

import argparse
import base64
import contextlib
import glob
import os
import pwd
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RECORD_BYTES = 330
KINDS = ["claude-chat", "claude-chat, encrypted", "claude-chat --ephemeral", "PostgreSQL", "Redis"]


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@contextlib.contextmanager
def running(command, ready, **options):
    """A program, once `ready` says so, until the block is over."""
    process = subprocess.Popen(command, **options)
    try:
        limit = time.monotonic() + 60
        while not ready():
            if process.poll() is not None or time.monotonic() > limit:
                raise SystemExit(f"{command[0]} doesn't start")
            time.sleep(0.02)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def answers(port):
    with socket.socket() as found:
        return found.connect_ex(("127.0.0.1", port)) == 0


def generated(load, *arguments):
    """What durable-load says: a second, p50, p99."""
    output = subprocess.run([load, *map(str, arguments)], check=True, capture_output=True, text=True).stdout
    return [float(figure) for figure in output.split()][:3]


def chat(binary, kind, folder, load, clients, seconds):
    port = free_port()
    encrypts = kind.endswith("encrypted")
    keys = "  keys: {k1: {env: DURABLE_KEY}}\n" if encrypts else ""
    configuration = folder / "claude-chat.yaml"
    configuration.write_text(
        f"version: 1\ndefault_chain: rules\nstore:\n  path: {folder}/chat.db\n{keys}"
        f"chains: {{rules: {{answer: [rules: {{path: {ROOT}/rules/}}], fallback: [fallback]}}}}\n"
    )
    command = [binary, "serve", "--insecure-dev", "--no-limits", "--listen", f"127.0.0.1:{port}"]
    command += ["--config", str(configuration)] + (["--ephemeral"] if kind.endswith("--ephemeral") else [])
    environment = dict(os.environ, DURABLE_KEY=base64.b64encode(os.urandom(32)).decode())
    with open(folder / "log", "w") as log:
        with running(command, lambda: answers(port), stdout=log, stderr=log, env=environment):
            return generated(load, "chat", port, clients, seconds, 0)


def as_owner(folder, user):
    """PostgreSQL doesn't run as root."""
    if os.geteuid() != 0:
        return {}
    owner = pwd.getpwnam(user)
    os.chown(folder, owner.pw_uid, owner.pw_gid)
    return {"user": owner.pw_uid, "group": owner.pw_gid}


def postgres(programs, folder, clients, seconds):
    port = free_port()
    owner = as_owner(folder, "postgres")
    data = folder / "data"
    tool = lambda name, *more: [f"{programs}/{name}", *more]  # noqa: E731
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder, **owner}
    subprocess.run(tool("initdb", "-D", str(data), "-U", "bench", "--auth=trust"), check=True, **quiet)
    command = tool("postgres", "-D", str(data), "-p", str(port), "-k", str(folder), "-c", "listen_addresses=")
    command += ["-c", "synchronous_commit=on", "-c", "fsync=on", "-c", "max_connections=300"]
    place = ["-h", str(folder), "-p", str(port), "-U", "bench"]
    ready = lambda: subprocess.run(tool("pg_isready", *place), **quiet).returncode == 0  # noqa: E731
    with running(command, ready, **quiet):
        table = """
            CREATE TABLE message (id bigserial PRIMARY KEY, room int NOT NULL, name text NOT NULL,
            time timestamptz NOT NULL, record bytea NOT NULL);
            CREATE UNIQUE INDEX message_name ON message (room, name);
        """
        subprocess.run(tool("psql", *place, "-c", table, "postgres"), check=True, **quiet)
        script = folder / "insert.sql"
        script.write_text(
            "\\set n random(1, 9000000000000000)\n"
            "INSERT INTO message (room, name, time, record) VALUES "
            f"(:client_id, 'm' || :n, now(), decode(repeat('ab', {RECORD_BYTES}), 'hex'));\n"
        )
        script.chmod(0o644)
        run = tool("pgbench", *place, "-n", "-M", "prepared", "-c", str(clients), "-j", "1")
        run += ["-T", str(seconds), "-f", str(script), "-l", "--log-prefix", str(folder / "times"), "postgres"]
        output = subprocess.run(run, check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **owner).stdout
        rate = float(re.search(r"tps = ([0-9.]+)", output).group(1))
        times = sorted(
            int(line.split()[2]) / 1_000 for path in glob.glob(f"{folder}/times*") for line in open(path)
        )
        return [rate, times[len(times) // 2], times[len(times) * 99 // 100]]


def redis(program, folder, load, clients, seconds):
    port = free_port()
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", ""]
    command += ["--appendonly", "yes", "--appendfsync", "always"]
    with running(command, lambda: answers(port), stdout=subprocess.DEVNULL):
        return generated(load, "redis", port, clients, seconds, RECORD_BYTES)


def measured(kind, options, programs, load, clients):
    folder = Path(tempfile.mkdtemp(prefix="durable-", dir=options.folder))
    try:
        if kind == "PostgreSQL":
            # Its user has to reach it.
            folder.chmod(0o755)
            return postgres(programs["postgres"], folder, clients, options.seconds)
        if kind == "Redis":
            return redis(programs["redis"], folder, load, clients, options.seconds)
        return chat(options.binary, kind, folder, load, clients, options.seconds)
    finally:
        shutil.rmtree(folder)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=str(ROOT / ".build/release/claude-chat"), help="the server, a release build")
    parser.add_argument("--clients", default="1,10,100", help="how many send at a time")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5, help="of each run, after a second that isn't counted")
    parser.add_argument("--folder", help="where the data lie, in place of TMPDIR")
    parser.add_argument("--only", help="kinds, as the table names them, with a semicolon between")
    options = parser.parse_args()

    installed = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
    programs = {"postgres": installed[-1] if installed else None, "redis": shutil.which("redis-server")}
    kinds = [kind for kind in KINDS if not options.only or kind in options.only.split(";")]
    if not programs["postgres"]:
        kinds = [kind for kind in kinds if kind != "PostgreSQL"]
    if not programs["redis"]:
        kinds = [kind for kind in kinds if kind != "Redis"]
    with tempfile.TemporaryDirectory() as scratch:
        load = f"{scratch}/durable-load"
        subprocess.run(["cc", "-O2", "-o", load, str(ROOT / "Benchmarks/durable-load.c")], check=True)
        found = {}
        for number in range(options.rounds):
            print(f"round {number + 1}, load {os.getloadavg()[0]:.1f}", file=sys.stderr, flush=True)
            for clients in map(int, options.clients.split(",")):
                for kind in kinds:
                    figures = measured(kind, options, programs, load, clients)
                    found.setdefault((clients, kind), []).append(figures)
                    print(f"{clients} {kind} {figures}", file=sys.stderr, flush=True)
    print(f"load {os.getloadavg()[0]:.1f}\n")
    print("| clients | | acknowledged a second | p50 ms | p99 ms | of the memory's rate |")
    print("| ---: | --- | ---: | ---: | ---: | ---: |")
    for (clients, kind), rounds in found.items():
        rate, middle, last = (statistics.median(column) for column in zip(*rounds))
        memory = found.get((clients, KINDS[2]))
        share = f"{rate / statistics.median([row[0] for row in memory]):.0%}" if memory else ""
        print(f"| {clients} | {kind} | {rate:,.0f} | {middle:.2f} | {last:.2f} | {share} |")


if __name__ == "__main__":
    main()
