#!/usr/bin/env python3
"""Answers "return A-17": until when an order can be sent back. Everything else is for the next responder. Rules may have it
book a return, by the action "book".

    claude-chat plugins check -- python3 Examples/python-plugin/returns.py

Reads one JSON object a line from its input and writes one a line to its output; print() for yourself goes to stderr.
"""

import json
import re
import sys

ORDER = re.compile(r"\breturn\b.*\b([A-Z]-\d+)\b", re.IGNORECASE)


def write(**frame):
    print(json.dumps(frame), flush=True)


def answer(turn):
    """The verdict on one message, without its type and id."""
    order = ORDER.search(turn["message"]["text"])
    if not order:
        return {"verdict": "pass", "reason": "not-mine"}
    return {
        "verdict": "reply",
        "text": f"{order[1].upper()} can go back until Friday.",
        "choices": [{"label": "How?", "send": "how do I send it back?"}],
        "tags": ["returns"],
    }


def perform(frame):
    """What comes of an action, without its type and id.

    A key that comes again is the same action, and must not be done twice: here the number is made of the order alone.
    """
    order = frame["fields"].get("order", "").upper()
    if frame["action"] != "book" or not order:
        return {"code": "no-order"}
    return {"values": {"number": f"R-{order}", "until": "Friday"}}


def main():
    for line in sys.stdin:
        try:
            frame = json.loads(line)
        except ValueError:
            print("that was no JSON", file=sys.stderr)
            continue
        kind = frame.get("type")
        if kind == "hello":
            write(type="ready", protocol=1, name="returns", version="1.1", stages=["answer"], actions=["book"])
        elif kind == "turn":
            write(type="verdict", id=frame["id"], **answer(frame["turn"]))
        elif kind == "action":
            write(type="result", id=frame["id"], **perform(frame))
        elif kind == "ping":
            write(type="pong", n=frame["n"])
        # Anything else is for plugins that stream, take several turns at a time, or are newer than this one.


if __name__ == "__main__":
    main()
