internal import Diagnostics
public import Responders
internal import Rules

/// Claude's place in a chain, offline: canned answers from a script.
///
/// The first answer whose pattern occurs anywhere in the message is given, after its delay. Where none fits, the next
/// responder is asked.
public struct ClaudeStub: ResponderPlugin {
    public static let manifest = PluginManifest(
        name: "claude-stub",
        summary: "Answers as Claude would, offline: from a script of canned answers",
        stages: [.answer],
        sample: """
            # The script, from this file's folder: a list "answers" of {match, text, delay, pace, tool}.
            # match is a PCRE2 pattern, found anywhere in the message, upper and lower case alike; the first that fits answers.
            # delay, such as 400ms, is how long the answer takes to begin; without it none. With a pace, such as 40ms, it comes
            # word by word, and each takes that long. A tool is called by "claude-chat stub" alone, which reads the same script.
            script: stub/answers.yaml
            """,
        sampleFiles: [
            "stub/answers.yaml": """
            answers:
              - match: '\\brefunds?\\b'
                text: You can send it back within 30 days.
              - match: 'who are you'
                text: I am Claude's understudy.
            """
        ],
        examples: [
            .init("How do I get a REFUND?", gives: .reply("You can send it back within 30 days.")),
            .init("who are you?", gives: .reply("I am Claude's understudy.")),
            .init("Why is the sky blue?", gives: .pass(reason: .noAnswer)),
        ],
        timeout: .seconds(30)
    )

    public struct Configuration: Decodable, Sendable {
        /// The script's file, from the configuration file's folder.
        public var script: String
    }

    private let script: AnswerScript
    private let clock: TurnClock

    public init(configuration: Configuration, services: PluginServices) throws(ConfigurationProblem) {
        let text = try services.text(ofFile: configuration.script, key: "script")
        do throws(Rejection) {
            self.script = try AnswerScript(text, file: services.path(of: configuration.script))
        } catch {
            throw ConfigurationProblem(key: "script", in: error)
        }
        self.clock = services.clock
    }

    public var contents: String? { counted(self.script.count, "answer") }

    public func respond(to turn: Turn) async throws -> Verdict {
        guard let answer = try self.script.answer(to: turn.message.text) else { return .pass(reason: .noAnswer) }
        if answer.delay > .zero { try await self.clock.sleep(for: answer.delay) }
        return answer.pace > .zero ? .stream(answer.streamed(by: self.clock)) : .reply(Reply(answer.text))
    }

    public func explanation(of turn: Turn) -> Explanation? {
        guard let answer = try? self.script.answer(to: turn.message.text) else { return nil }
        let place = "\(answer.place.file):\(answer.place.line)"
        return Explanation(decisive: .init(name: answer.pattern.source, place: place))
    }
}

extension TraceReason {
    /// No answer of the script fits.
    static let noAnswer: TraceReason = "no-answer"
}
