internal import Diagnostics
internal import Rules

/// What became of each rule for one message, for a terminal or for a program.
struct RuleExplanationReport {
    private let explanation: RuleExplanation
    private let time: Duration
    private let showsAll: Bool

    /// - Parameters:
    ///   - explanation: Of one message.
    ///   - time: What one answer to it costs.
    ///   - showsAll: Whether rules that were ruled out at the first look are listed, too.
    init(_ explanation: RuleExplanation, time: Duration, showsAll: Bool = false) {
        self.explanation = explanation
        self.time = time
        self.showsAll = showsAll
    }

    /// A line for each rule, the winner first; then what is said, and the counts.
    ///
    /// No line break at the end.
    var text: String {
        var table = TextTable()
        for entry in self.entries {
            let place = "\(entry.place.file):\(entry.place.line)"
            let cost = entry.fate == .wins ? [Self.microseconds(self.time)] : []
            table.append([entry.rule, entry.fate.word, place, printable(entry.reason, limit: 400)] + cost)
        }
        return (table.lines + self.outcome + self.effects + [self.summary]).joined(separator: "\n")
    }

    /// An object for each rule, then one with the result.
    var json: [JSONValue] {
        let rows = self.entries.map { entry -> JSONValue in
            .compact([
                ("rule", .text(entry.rule)), ("fate", .text(entry.fate.word)), ("file", .text(entry.place.file)),
                ("line", .integer(entry.place.line)),
                ("reason", entry.fate.word == entry.fate.description ? .null : .text(entry.fate.description)),
                ("matched", .text(entry.matched)),
                ("captures", entry.matched == nil ? .null : .object(entry.captures.map { ($0.name, .text($0.value)) })),
            ])
        }
        let result: JSONValue = .compact(
            [
                ("result", .text(self.result.kind)), ("text", .text(self.result.text)),
            ] + self.effectMembers + [
                ("variant", .text(self.explanation.variant)), ("rules", .integer(self.explanation.entries.count)),
                ("candidates", .integer(self.explanation.candidateCount)), ("confirmed", .integer(self.confirmedCount)),
                ("characters", .integer(self.explanation.characterCount)), ("cut", .bool(self.explanation.isCut)),
            ]
        )
        return rows + [result]
    }

    /// How many characters of a reply are shown.
    private static let maximumShown = 4_000

    private var entries: [RuleExplanation.Entry] {
        let entries = self.explanation.entries
        let shown = self.showsAll ? entries : entries.filter(\.isNotable)
        return shown.filter { $0.fate == .wins } + shown.filter { $0.fate != .wins }
    }

    private var outcome: [String] {
        let variant = self.explanation.variant.map { "     \($0)" } ?? ""
        guard let text = self.result.text else { return ["\(self.result.kind)\(variant)"] }
        // Parts of the message may stand in it.
        let shown = printable(text, limit: Self.maximumShown)
        return ["\(self.result.kind)  \(shown)\(variant)"]
    }

    private var result: (kind: String, text: String?) {
        switch self.explanation.result.outcome {
        case .reply(let reply):
            let choices = reply.choices.map { " [\($0.label)]" }.joined()
            return ("reply", reply.text + choices)
        case .handoff(let handoff):
            return ("handoff", [handoff.queue, handoff.text].compactMap(\.self).joined(separator: ": "))
        case .silent(_, let reason): return ("silent", reason)
        case .pass(let match): return (match == nil ? "no rule" : "pass", nil)
        case .limit(let hit): return ("limit", "\(hit.rule): \(hit.limit)")
        }
    }

    /// What the rules ask to remember and to do: `tags  angry, billing`.
    private var effects: [String] {
        let effects = self.explanation.result.effects
        var rows: [(String, String)] = []
        if case .handoff(let handoff) = self.explanation.result.outcome, let note = handoff.note {
            rows.append(("note", note))
        }
        if !effects.tags.isEmpty { rows.append(("tags", effects.tags.joined(separator: ", "))) }
        if let topic = effects.topic { rows.append(("topic", topic.words)) }
        if let severity = effects.severity { rows.append(("severity", severity.rawValue)) }
        rows += effects.cooldowns.map { ("cooldown", "\($0.id): \($0.duration.written) per \($0.scope.rawValue)") }
        rows += effects.actions.map { ("action", $0.words) }
        return rows.map { "\($0)  \(printable($1, limit: 400))" }
    }

    /// The same for a program; only what is there.
    private var effectMembers: [(String, JSONValue)] {
        let effects = self.explanation.result.effects
        var members: [(String, JSONValue)] = []
        if case .handoff(let handoff) = self.explanation.result.outcome {
            members += [("queue", .text(handoff.queue)), ("note", .text(handoff.note))]
        }
        let tags = effects.tags.map { JSONValue.text($0) }
        let actions = effects.actions.map { JSONValue.text($0.words) }
        return members + [
            ("tags", tags.isEmpty ? .null : .array(tags)), ("topic", .text(effects.topic?.words)),
            ("severity", .text(effects.severity?.rawValue)), ("actions", actions.isEmpty ? .null : .array(actions)),
        ]
    }

    private var summary: String {
        let counts = [
            counted(self.explanation.entries.count, "rule"),
            "\(counted(self.explanation.candidateCount, "candidate")) after the prefilter",
            "\(self.confirmedCount) confirmed",
        ]
        let rest = self.explanation.isCut ? ", the rest was not looked at" : ""
        return "\(counts.joined(separator: ", ")); \(counted(self.explanation.characterCount, "character"))\(rest)"
    }

    /// How many patterns were tried for the answer: those of the candidates down to the winner.
    private var confirmedCount: Int {
        var count = 0
        for entry in self.explanation.entries where entry.isConfirmed {
            count += 1
            if entry.fate == .wins { break }
        }
        return count
    }

    /// `0.9 µs`.
    private static func microseconds(_ duration: Duration) -> String {
        let tenths = Int((duration / .nanoseconds(100)).rounded())
        return "\(tenths / 10).\(tenths % 10) µs"
    }
}

extension RuleExplanation.Entry {
    /// Whether the rule is worth a line when nobody asked for all: it matches, or something but its pattern kept it
    /// from that.
    fileprivate var isNotable: Bool {
        switch self.fate {
        case .literalMissing, .disabled, .noMatch: false
        case .condition, .coolingDown: self.wouldMatch
        default: true
        }
    }

    /// Whether the rule's patterns were looked at: nothing had ruled it out before.
    fileprivate var isConfirmed: Bool {
        switch self.fate {
        case .literalMissing, .disabled, .condition, .coolingDown, .quarantine: false
        default: true
        }
    }

    fileprivate var reason: String {
        guard self.fate == .wins || self.fate == .continues else { return self.fate.description }
        let captures = self.captures.map { "\($0.name) \"\($0.value)\"" }
        return (["\"\(self.matched ?? "")\""] + captures).joined(separator: ", ")
    }
}

extension RuleExplanation.Fate {
    fileprivate var word: String {
        switch self {
        case .wins: "wins"
        case .continues: "continues"
        case .loses: "would match"
        default: "no"
        }
    }
}

extension RuleEffects.TopicChange {
    /// `bug, for 10m`, or `none`.
    fileprivate var words: String {
        switch self {
        case .open(let topic, let duration?): "\(topic), for \(duration.written)"
        case .open(let topic, nil): topic
        case .close: "none"
        }
    }
}

extension RuleAction {
    /// `issue-tracker create kind=bug`.
    fileprivate var words: String {
        ([self.responder, self.operation] + self.fields.map { "\($0.name)=\($0.value)" }).joined(separator: " ")
    }
}
