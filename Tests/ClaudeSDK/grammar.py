"""The order of events in a stream of the Messages API, checked on the raw bytes.

The SDK takes many broken streams without a word, so this is not left to it.
"""

import json


def events(body):
    """(name, data) of each event; the name is that of its line, or of its data."""
    found = []
    text = body.decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")
    for part in text.split("\n\n"):
        name, data = None, []
        for line in part.split("\n"):
            if line.startswith("event: "):
                name = line[7:]
            elif line.startswith("data: "):
                data.append(line[6:])
        if data:
            value = json.loads("\n".join(data))
            found.append((name or value["type"], value))
    return found


def problem(found):
    """What is wrong with the order of the events; nothing where it is as the API has it."""
    state, index = "before", 0
    for name, data in found:
        if data["type"] != name:
            return f"{name} has data of type {data['type']}"
        if name == "ping":
            continue
        if name == "message_start" and state == "before":
            if data["message"]["content"] or data["message"]["stop_reason"] is not None:
                return "message_start is not empty"
            state = "between"
        elif name == "content_block_start" and state == "between" and data["index"] == index:
            state = "block"
        elif name == "content_block_delta" and state == "block" and data["index"] == index:
            pass
        elif name == "content_block_stop" and state == "block" and data["index"] == index:
            state, index = "between", index + 1
        elif name == "message_delta" and state in ("between", "delta"):
            if not data["delta"]["stop_reason"] or "output_tokens" not in data["usage"]:
                return "message_delta says too little"
            state = "delta"
        elif name == "message_stop" and state == "delta":
            state = "after"
        else:
            return f"{name} in state {state}"
    return None if state == "after" else f"ends in state {state}"
