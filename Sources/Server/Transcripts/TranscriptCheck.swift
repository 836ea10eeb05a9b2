internal import Diagnostics
internal import Messages
internal import Responders
internal import Rules

/// What is known of a turn that a transcript asks about.
struct TranscriptCheck {
    let result: ChainResult
    let took: Duration
    let conversation: Conversation

    /// What is wrong with what a line says; nothing where it holds.
    func problem(of check: Transcript.Check, _ value: String) -> String? {
        switch check {
        case .from:
            Self.isMet(value, by: self.origin) ? nil : Self.compare(value, with: self.origin, "an answer from")
        case .outcome: Self.compare(value, with: self.result.outcome.rawValue, "the outcome")
        case .state: Self.compare(value, with: self.state, "the state")
        case .topic: Self.compare(value, with: self.conversation.topic ?? "none", "the topic")
        case .tags: Self.compare(Self.list(value), with: Self.list(self.result.effects.tags), "the tags")
        case .choices:
            Self.compare(
                Self.list(value),
                with: Self.list(self.result.replies.last?.choices.map(\.label) ?? []),
                "choices"
            )
        case .within:
            Duration(written: value).flatMap { limit in
                self.took <= limit ? nil : "took \(self.took.written), which is more than \(value)"
            }
        case .note(let name): self.problem(ofNote: name, value)
        }
    }

    /// Who answers after the turn.
    private var state: String {
        let before = self.result.turn.conversation.state
        guard !before.isAttended else { return before.rawValue }
        return self.result.outcome == .handedOver ? "waiting" : "bot"
    }

    private static func compare(_ wanted: String, with found: String, _ what: String) -> String? {
        wanted == found ? nil : "expected \(what) \"\(printable(wanted))\", got \"\(printable(found, limit: 200))\""
    }

    /// Who gave a reply that no responder gave.
    static let chainItself = "the chain itself"

    /// `rules greetings/greeting`, or the responder alone where a line names no rule.
    private var origin: String {
        let responder = self.result.responder ?? Self.chainItself
        let step = self.result.steps.last { $0.responder == responder && $0.decisiveName != nil }
        return [responder, step?.decisiveName].compactMap(\.self).joined(separator: " ")
    }

    private static func list(_ written: String) -> String {
        self.list(written == "none" ? [] : written.split(separator: ",").map { String($0) })
    }

    /// The items in alphabetical order: a list says which there are.
    private static func list(_ items: [String]) -> String {
        let trimmed = items.map { item in
            String(item.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
        }
        return trimmed.isEmpty ? "none" : trimmed.sorted().joined(separator: ", ")
    }

    private func problem(ofNote name: String, _ value: String) -> String? {
        guard let note = self.result.turn.notes[name] else {
            let names = self.result.turn.notes.names
            return
                "no note of \"\(printable(name))\"; \(names.isEmpty ? "there is none" : "there are: \(names.joined(separator: ", "))")"
        }
        guard !value.isEmpty, !note.texts.contains(where: { $0.contains(value) }) else { return nil }
        let shown = note.texts.map { "\"\(printable($0))\"" }.joined(separator: ", ")
        return "expected a note with \"\(printable(value))\", got \(shown)"
    }
}

extension TranscriptCheck {
    /// A line about who answered may name the responder alone.
    private static func isMet(_ wanted: String, by origin: String) -> Bool {
        wanted == origin || origin.hasPrefix(wanted + " ")
    }
}

extension Note {
    /// All texts in it.
    fileprivate var texts: [String] {
        switch self {
        case .text(let text): [text]
        case .number(let number): ["\(number)"]
        case .flag(let flag): ["\(flag)"]
        case .list(let notes): notes.flatMap(\.texts)
        case .fields(let fields): fields.sorted { $0.key < $1.key }.flatMap(\.value.texts)
        }
    }
}

extension Transcript.Expectation {
    /// What was expected, where a text isn't that.
    func mismatch(with text: String) -> String? {
        switch self {
        case .anything: return nil
        case .exactly(let wanted): return wanted == text ? nil : "\"\(printable(wanted, limit: 200))\""
        case .contains(let part): return text.contains(part) ? nil : "a reply with \"\(printable(part))\""
        case .matches(let pattern):
            var scanner = Scanner()
            guard let compiled = try? Pattern(pattern, options: [.ucp]),
                (try? compiled.firstMatch(in: text, using: &scanner)) == nil
            else { return nil }
            return "a reply that fits /\(printable(pattern))/"
        }
    }
}
