internal import Diagnostics
internal import Responders

extension PluginCheck {
    /// What came of an action.
    struct Performed: Equatable, Sendable {
        var result: ActionResult
        var failure: Failure?

        /// In a word, for the report.
        var word: String { self.failure.map { "failed with \($0.code)" } ?? "done" }
    }

    /// An action of the checker: the same each time it is asked for.
    static func action(_ name: String, _ fields: [String: String]) -> Action {
        Action(key: "t_check/\(name)", operation: name, fields: ["text": "hello"].merging(fields) { $1 })
    }

    /// Has each action done twice, which has to come to the same: its key says that it is one and the same.
    ///
    /// - Parameters:
    ///   - ready: What the plugin says of itself.
    ///   - fields: Further fields of the actions.
    ///   - perform: Asks the plugin.
    /// - Returns: What was seen, in a few words.
    /// - Throws: A ``Fault``, or what asking throws.
    static func tryActions(
        of ready: PluginReady,
        _ fields: [String: String],
        perform: (Action) async throws -> Performed
    ) async throws -> String {
        guard !ready.actions.isEmpty else { return "none declared" }
        var words: [String] = []
        for name in ready.actions {
            let action = Self.action(name, fields)
            let first = try await perform(action)
            guard try await perform(action) == first else {
                let hint = "do it once for each \"key\", and answer a key that you know as the first time"
                throw Fault("not-idempotent", "\(name): another result for the same key", hint: hint)
            }
            words.append("\(name) \(first.word)")
        }
        return words.joined(separator: ", ")
    }

    /// The token of a turn, as the server gives one in `answer` alone.
    static func token(in stage: Stage) -> String? {
        stage == .answer ? String(repeating: "c4a11e49", count: 8) : nil
    }

    /// Looks for promises of one more reply, and for such that nobody could keep.
    ///
    /// - Parameters:
    ///   - ready: What the plugin says of itself.
    ///   - says: What it is asked.
    ///   - ask: Asks the plugin.
    /// - Returns: What was seen, in a few words.
    /// - Throws: A ``Fault``, or what asking throws.
    static func tryPromises(
        of ready: PluginReady,
        _ says: [String],
        ask: (_ text: String, Stage) async throws -> Verdict
    ) async throws -> String {
        var promises: [String] = []
        for stage in Stage.allCases where ready.stages.contains(stage) && stage != .after {
            for text in says {
                guard case .reply(let reply, _, _, _) = try await ask(text, stage), let followUp = reply.followUp else {
                    continue
                }
                guard stage == .answer else {
                    let hint = "promise one more reply only where turn.followUpToken is there"
                    throw Fault("promise-without-token", "a promise in \(stage), where no reply can follow", hint: hint)
                }
                promises.append("one within \(followUp.timeToLive.written)")
            }
        }
        return promises.isEmpty ? "none promised" : promises.joined(separator: ", ")
    }
}
