internal import Diagnostics
internal import Responders

/// Tries a plugin in another language against the protocol, case by case.
package enum PluginCheck {
    /// How long a plugin may take.
    package struct Patience: Sendable {
        /// Until it is ready.
        package var start = Duration.seconds(5)
        /// For one answer, which is also the deadline that the plugin is told.
        package var answer = Duration.seconds(2)
        /// How long nothing may come where nothing is due.
        package var quiet = Duration.milliseconds(200)
        /// Until it has ended, once its input is closed.
        package var end = Duration.seconds(2)

        package init() {}
    }

    /// How one case went.
    package struct Outcome: Sendable {
        /// The case: `ping`.
        package var name: String
        /// What was seen, in a few words.
        package var detail: String
        /// Nothing where it is as it must be.
        package var fault: Fault?
    }

    /// What a plugin did wrong.
    package struct Fault: Error, Sendable {
        package var problem: WireProblem
        /// The last lines that were sent and that came back, cut.
        package var sent: String?
        package var received: String?
        /// The last lines of the error output, on one line.
        package var complaint: String?

        init(_ code: String, _ problem: String, hint: String? = nil, sent: [UInt8]? = nil, received: [UInt8]? = nil) {
            self.init(WireProblem(code, problem, hint: hint), sent: sent, received: received)
        }

        init(_ problem: WireProblem, sent: [UInt8]? = nil, received: [UInt8]? = nil) {
            self.problem = problem
            self.sent = sent.map(excerpt)
            self.received = received.map(excerpt)
        }
    }

    /// Texts that every plugin must survive.
    static let unicode =
        "Zoë says: “مرحبا” 👩‍👩‍👧 \u{202E}abc\u{202C} \"quoted\" \\ back\u{0}slash\n\t</script> {{x}} %s \u{FEFF}"
    static let long = String(repeating: "0123456789 äöü ", count: 910)

    /// A turn of the checker.
    static func turn(_ text: String, stage: Stage = .answer, id: String = "t_check") -> Turn {
        let turn = Turn(
            id: TurnID(id),
            message: Incoming(id: "m_check", text: text, lang: "en", serverTime: 1_767_225_600_000),
            conversation: Conversation(sessionID: "s_check", turnCount: 1),
            page: Page(path: "/check", title: "Check"),
            history: History([HistoryItem(.visitor, "hello"), HistoryItem(.claude, "Hi!")]),
            localTime: TimeOfDay(minutes: 720)
        )
        return turn.placed(in: stage)
    }

    /// A frame with fields that no plugin knows.
    static func withUnknownFields(_ frame: [UInt8]) -> [UInt8] {
        guard case .object(var members)? = frame.withUnsafeBufferPointer({ try? JSONValue(object: $0) }) else {
            return frame
        }
        let unknown = JSONValue.Member("addedLater", ["list": [1, ["x": true]], "text": "new"])
        // What stands in "config" is the operator's.
        for index in members.indices where members[index].key != "config" {
            if case .object(let inner) = members[index].value { members[index].value = .object([unknown] + inner) }
        }
        return JSONValue.object([unknown] + members + [.init("alsoAddedLater", .null)]).bytes
    }

    /// Refuses a verdict that the stage doesn't allow.
    static func check(_ verdict: Verdict, in stage: Stage) throws(Fault) {
        // What comes after the outcome changes nothing.
        guard stage != .after else { return }
        let isAllowed =
            switch verdict {
            case .pass, .fail: true
            case .augment: stage != .fallback
            case .reply(_, _, let then, _): stage != .enrich && (then == .stop || stage == .answer)
            case .stream: stage == .answer
            case .suppress: stage == .guard || stage == .answer
            case .handoff: stage != .enrich
            }
        guard !isAllowed else { return }
        let hint = "answer with pass, or leave \(stage) out of ready.stages"
        throw Fault("verdict-not-allowed", "\"\(verdict.word)\" is not allowed in \(stage)", hint: hint)
    }

    /// Refuses a stream that doesn't add up.
    static func check(_ deltas: [String], _ verdict: Verdict, of ready: PluginReady) throws(Fault) {
        guard !deltas.isEmpty else { return }
        guard ready.streams else {
            throw Fault(
                "undeclared-stream",
                "deltas came, but \"ready\" says nothing of streams",
                hint: "write \"streams\":true"
            )
        }
        guard case .reply(let reply, _, _, _) = verdict else {
            throw Fault(
                "bad-stream",
                "deltas, and then \"\(verdict.word)\"",
                hint: "end a stream with a reply of the whole text"
            )
        }
        guard reply.text == deltas.joined() else {
            let hint = "end a stream with a reply of the whole text"
            throw Fault("bad-stream", "the deltas together are not the text of the reply", hint: hint)
        }
    }
}

private func excerpt(_ bytes: [UInt8]) -> String {
    let text = logged(String(decoding: bytes.prefix(400), as: UTF8.self))
    return bytes.count > 400 ? text + "… (\(bytes.count) bytes)" : text
}
