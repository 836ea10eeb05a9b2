internal import Messages
package import Responders

/// One object that the server sends to a plugin.
package enum HostFrame: Sendable {
    case hello(config: JSONValue)
    case turn(id: String, Turn, limit: Duration, followUpToken: String? = nil)
    case action(id: String, Action, in: Turn, limit: Duration)
    case cancel(id: String, reason: CancelReason)
    case ping(Int)

    /// Why an answer is no longer wanted.
    package enum CancelReason: String, Sendable, CaseIterable { case deadline, stop, reload, takeover }

    /// The frame as JSON without line breaks, at most ``PluginFrame/maximumBytes``.
    package var bytes: [UInt8] {
        switch self {
        case .hello(let config):
            let hello: JSONValue = [
                "type": "hello", "protocol": JSONValue(PluginFrame.protocolVersion), "host": "claude-chat",
                "config": config,
            ]
            return hello.bytes
        case .turn(let id, let turn, let limit, let token):
            return Self.bytes(of: turn) { history in
                [
                    "type": "turn", "id": .text(id), "deadlineMs": JSONValue(Int(limit / .milliseconds(1))),
                    "attempt": JSONValue(turn.attempt), "stage": .text(turn.place.stage.rawValue),
                    "turn": JSONValue(turn, history, token),
                ]
            }
        case .action(let id, let action, let turn, let limit):
            let fields = action.fields.sorted { $0.key < $1.key }.map { JSONValue.Member($0.key, .text($0.value)) }
            return Self.bytes(of: turn) { history in
                [
                    "type": "action", "id": .text(id), "deadlineMs": JSONValue(Int(limit / .milliseconds(1))),
                    "attempt": JSONValue(turn.attempt), "key": .text(action.key), "action": .text(action.operation),
                    "fields": .object(fields), "turn": JSONValue(turn, history, nil),
                ]
            }
        case .cancel(let id, let reason):
            let cancel: JSONValue = ["type": "cancel", "id": .text(id), "reason": .text(reason.rawValue)]
            return cancel.bytes
        case .ping(let number):
            let ping: JSONValue = ["type": "ping", "n": JSONValue(number)]
            return ping.bytes
        }
    }

    /// The frame with as much of the history as it has room for: the oldest items are left out first.
    private static func bytes(of turn: Turn, _ frame: ([HistoryItem]) -> JSONValue) -> [UInt8] {
        var items = turn.history.items
        while true {
            let bytes = frame(items).bytes
            guard bytes.count > PluginFrame.maximumBytes, !items.isEmpty else { return bytes }
            items.removeFirst((items.count + 1) / 2)
        }
    }
}

extension JSONValue {
    /// What a plugin sees of a turn.
    init(_ turn: Turn, _ history: [HistoryItem], _ followUpToken: String?) {
        let (message, conversation) = (turn.message, turn.conversation)
        self = .present([
            "id": .text(turn.id.rawValue),
            "message": .present([
                "id": .text(message.id), "seq": JSONValue(message.seq), "text": .text(message.text),
                "lang": message.lang.map(JSONValue.text), "serverTime": .number(Double(message.serverTime)),
                "clientTime": message.clientTime.map { .number(Double($0)) },
            ]),
            "conversation": .present([
                "sessionId": .text(conversation.sessionID), "site": .text(conversation.site),
                "state": .text(conversation.state.rawValue),
                "turnCount": JSONValue(conversation.turnCount), "topic": conversation.topic.map(JSONValue.text),
                "tags": .list(conversation.tags.map(JSONValue.text)),
            ]),
            "visitor": .present([
                "id": turn.visitor.id.map(JSONValue.text), "name": turn.visitor.name.map(JSONValue.text),
                "verified": .flag(turn.visitor.isVerified),
                "attributes": turn.visitor.attributes.isEmpty
                    ? nil
                    : .object(
                        turn.visitor.attributes.sorted { $0.key < $1.key }.map { Member($0.key, .text($0.value)) }
                    ),
            ]),
            "page": .present([
                "path": .text(turn.page.path), "title": turn.page.title.map(JSONValue.text),
                "url": turn.page.url.map { .text(String($0.prefix { $0 != "?" && $0 != "#" })) },
                "vars": .object(turn.page.vars.sorted { $0.key < $1.key }.map { Member($0.key, .text($0.value)) }),
                "selectedElement": turn.page.selectedElement.map(JSONValue.init(_:)),
                "errors": turn.page.errors.isEmpty ? nil : .list(turn.page.errors.map(JSONValue.text)),
            ]),
            "history": .list(history.map { ["author": .text($0.author.rawValue), "text": .text($0.text)] }),
            "notes": .object(
                turn.notes.names.compactMap { name in turn.notes[name].map { Member(name, JSONValue($0)) } }
            ),
            "drafts": .list(turn.drafts.map { ["text": .text($0.text)] }),
            "localTime": .text(turn.localTime.description),
            "rehearsal": turn.isRehearsal ? .flag(true) : nil,
            "outcome": turn.outcome.map { .text($0.rawValue) },
            "followUpToken": followUpToken.map(JSONValue.text),
        ])
    }
}

extension JSONValue {
    fileprivate init(_ element: PageElement) {
        self = .present([
            "selector": element.selector.map(JSONValue.text), "tag": element.tag.map(JSONValue.text),
            "text": element.text.map(JSONValue.text),
        ])
    }
}

extension HostFrame.CancelReason {
    /// What a plugin is told of a call that was cancelled.
    init(_ cause: CancelCause?) {
        self =
            switch cause?.reason {
            case .stop: .stop
            case .reload: .reload
            case .takeover: .takeover
            case nil: .deadline
            }
    }
}
