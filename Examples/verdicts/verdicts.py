#!/usr/bin/env python3
"""Each verdict once. Documentation/Plugins.md shows these functions, and the tests talk with them.

    claude-chat plugins check --say "where is my order?" -- python3 Examples/verdicts/verdicts.py orders
"""

import json
import sys


def write(**frame):
    print(json.dumps(frame), flush=True)


def orders(frame):
    """Leaves everything but orders to the next responder."""
    if "order" not in frame["turn"]["message"]["text"]:
        return {"verdict": "pass", "reason": "no-order"}
    return {"verdict": "reply", "text": "Your order is on its way."}


def plans(frame):
    """Finds the visitor's plan out for those who answer."""
    return {"verdict": "augment", "notes": {"plan": "gold"}, "tags": ["customer"]}


def account(frame):
    """Answers, with what `plans` found and a button under the reply."""
    plan = frame["turn"]["notes"].get("plans", {}).get("plan", "free")
    choices = [{"label": "Change it", "send": "change my plan"}]
    return {"verdict": "reply", "text": f"Your plan: {plan}.", "choices": choices}


def notice(frame):
    """Says something first, and has the next responder answer."""
    return {"verdict": "reply", "text": "Deliveries take a day longer this week.", "then": "continue"}


def story(frame):
    """Tells its reply piece by piece; "ready" has to say "streams": true."""
    pieces = ["Once ", "upon ", "a time."]
    for index, piece in enumerate(pieces):
        write(type="delta", id=frame["id"], index=index, text=piece)
    return {"verdict": "reply", "text": "".join(pieces)}


def thanks(frame):
    """Leaves thanks without an answer."""
    if frame["turn"]["message"]["text"] == "thanks":
        return {"verdict": "suppress", "reason": "thanks"}
    return {"verdict": "pass"}


def refunds(frame):
    """Calls a person where money goes back."""
    if "refund" not in frame["turn"]["message"]["text"]:
        return {"verdict": "pass"}
    return {"verdict": "handoff", "queue": "billing", "note": "wants a refund", "text": "I am calling a colleague."}


def stock(frame):
    """Can't tell what is in stock today."""
    return {"verdict": "fail", "code": "stock-down", "reason": "the warehouse answered 503"}


def returns(frame):
    """Books a return where a rule asks for it; "ready" has to say "actions": ["book"]."""
    if frame["type"] == "turn":
        return {"verdict": "pass"}
    if "order" not in frame["fields"]:
        return {"code": "no-order"}
    return {"values": {"number": "R-" + frame["fields"]["order"]}}


def serve(name, answer):
    ready = {"type": "ready", "protocol": 1, "name": name, "stages": ["enrich" if name == "plans" else "answer"]}
    for line in sys.stdin:
        try:
            frame = json.loads(line)
        except ValueError:
            continue
        if frame.get("type") == "hello":
            write(**ready, streams=name == "story", actions=["book"] if name == "returns" else [])
        elif frame.get("type") == "ping":
            write(type="pong", n=frame["n"])
        elif frame.get("type") == "turn":
            write(type="verdict", id=frame["id"], **answer(frame))
        elif frame.get("type") == "action":
            write(type="result", id=frame["id"], **answer(frame))


if __name__ == "__main__":
    serve(sys.argv[1], globals()[sys.argv[1]])
