internal import Diagnostics
internal import Responders
internal import Rules

/// One answer of a script.
package struct ScriptedAnswer: Sendable {
    let pattern: Pattern
    package let text: String
    package let delay: Duration
    /// How long each word takes; zero where the text comes at once.
    package let pace: Duration
    /// What is called behind the text, by who has tools.
    package let tool: Tool?
    /// Where its pattern stands.
    let place: Place

    /// A call of a tool.
    package struct Tool: Decodable, Sendable {
        package var name: String
        package var input: JSONValue?
    }

    /// Reads a script.
    ///
    /// - Parameters:
    ///   - text: `answers:` and a list of `match`, `text`, `delay`, `pace` and `tool`.
    ///   - file: The script's name, for diagnostics.
    /// - Returns: The answers in the order of the script.
    /// - Throws: All mistakes.
    static func read(_ text: String, file: String) throws(Rejection) -> [ScriptedAnswer] {
        let root: YAMLNode
        let script: Script
        var mistakes: [Diagnostic] = []
        do throws(Diagnostic) {
            root = try YAMLNode(yaml: text, file: file)
            script = try Script(root, &mistakes)
        } catch {
            throw Rejection([error])
        }
        var answers: [ScriptedAnswer] = []
        for (item, node) in zip(script.answers, root["answers"]?.items ?? []) {
            let match = node["match"] ?? node
            do throws(PatternProblem) {
                let pattern = try Pattern(item.match)
                answers.append(
                    ScriptedAnswer(
                        pattern: pattern,
                        text: item.text,
                        delay: item.delay ?? .zero,
                        pace: item.pace ?? .zero,
                        tool: item.tool,
                        place: match.place
                    )
                )
            } catch {
                let place = match.place(ofScalar: error.offset)
                mistakes.append(Diagnostic("pattern-syntax", at: place, "\(error.message): \(match.written)"))
            }
        }
        guard mistakes.isEmpty else { throw Rejection(mistakes.inFileOrder()) }
        return answers
    }
}

/// A script as it is written.
private struct Script: Decodable {
    var answers: [Item] = []

    struct Item: Decodable {
        var match: String
        var text: String
        var delay: Duration?
        var pace: Duration?
        var tool: ScriptedAnswer.Tool?
    }

    /// Decodes a script; one with mistakes has no answers.
    init(_ root: YAMLNode, _ mistakes: inout [Diagnostic]) throws(Diagnostic) {
        let schema = try SettingsSchema(
            sample: """
                answers: [{match: refund, text: Within 30 days., delay: 400ms, pace: 40ms, tool: {name: t, input: {key: x}}}]
                """,
            name: "script",
            openKeys: ["answers.tool.input"]
        )
        do throws(Rejection) {
            self = try Settings(root).decode(Script.self, like: schema)
        } catch {
            mistakes += error.diagnostics
        }
    }
}

extension ScriptedAnswer {
    /// The text as a reply that comes word by word.
    func streamed(by clock: TurnClock) -> StreamedReply {
        StreamedReply { output in
            for (index, word) in self.words.enumerated() {
                if index > 0 { try await clock.sleep(for: self.pace) }
                try output.write(word)
            }
            return Reply(self.text)
        }
    }

    /// The words of the text, each with the white space behind it.
    package var words: [String] {
        var words: [String] = []
        var isBehindSpace = true
        for character in self.text {
            if isBehindSpace, !character.isWhitespace || words.isEmpty { words.append("") }
            words[words.count - 1].append(character)
            isBehindSpace = character.isWhitespace
        }
        return words
    }
}
