#!/usr/bin/env python3
"""Times RiveScript on the trigger words of a rule table, for comparison with RuleTimes.

    python3 -m venv .venv && .venv/bin/pip install rivescript==1.15.0
    .venv/bin/python rivescript-times.py MESSAGES.txt RULES.tsv...

RiveScript has neither captures by pattern nor lookarounds, so each rule becomes a trigger with the words of its groups:
`[*] (login|checkout) [*]`. It does less than the rule and so is flattered. Of each message the fastest of three runs counts.
"""
import re
import sys
import time

from rivescript import RiveScript

MESSAGE_COUNT = 60
ENDINGS = re.compile(r"s\?|\(\?:s\|ed\|ing\)\?")


def trigger(pattern):
    """A RiveScript trigger with the words of the pattern's groups; None where it has none."""
    groups = re.findall(r"\(\?:([^()]+)\)", ENDINGS.sub("", pattern))
    parts = []
    for group in groups[:2]:
        words = [re.sub(r"[^\w ]", "", word.replace(r"\s+", " ")).strip().lower() for word in group.split("|")]
        words = [word for word in words if word]
        if words:
            parts.append(f"({'|'.join(words)})")
    return f"[*] {' * '.join(parts)} [*]" if parts else None


def main():
    messages = open(sys.argv[1], encoding="utf-8").read().splitlines()[:MESSAGE_COUNT]
    for path in sys.argv[2:]:
        bot = RiveScript(utf8=True)
        lines, seen = ["! version = 2.0"], set()
        for line in open(path, encoding="utf-8"):
            name, pattern = line.rstrip("\n").split("\t", 1)
            words = trigger(pattern)
            if words and words not in seen:
                seen.add(words)
                lines += [f"+ {words}", f"- {name}", ""]
        start = time.perf_counter()
        bot.stream(lines)
        bot.sort_replies()
        load = time.perf_counter() - start
        fastest = [float("inf")] * len(messages)
        for _ in range(3):
            for index, message in enumerate(messages):
                start = time.perf_counter()
                bot.reply("visitor", message)
                fastest[index] = min(fastest[index], time.perf_counter() - start)
        fastest.sort()
        mean, median, p99 = (1e6 * value for value in (
            sum(fastest) / len(fastest), fastest[len(fastest) // 2], fastest[len(fastest) * 99 // 100]))
        print(f"RiveScript, {len(seen)} triggers: mean {mean:.0f}, p50 {median:.0f}, p99 {p99:.0f} us, load {1000 * load:.0f} ms")


main()
