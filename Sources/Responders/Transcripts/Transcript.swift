public import Diagnostics

/// A conversation as anybody can write it, and what must come of it: a `.chat` file.
///
/// ```
/// page: /shop/cart
///
/// > hello
/// < /^(Hi|Hello)/
/// = from: rules greetings/greeting
/// ```
public struct Transcript: Sendable, Hashable {
    /// What stands before the first line of the conversation.
    public struct Setting: Sendable, Hashable {
        public var key: Key
        public var value: String
        /// Where the value stands.
        public var place: Place

        public enum Key: String, Sendable, CaseIterable {
            case chain, site, page, lang, time, visitor, state, session, vars, staffed
        }
    }

    /// One line of the conversation, with the lines that continue it.
    public struct Step: Sendable, Hashable {
        /// Where its mark stands.
        public var place: Place
        public var action: Action
    }

    /// What a line is.
    public enum Action: Sendable, Hashable {
        /// `>`: the visitor says.
        case says(String)
        /// `agent>`: a person says.
        case agentSays(String)
        /// `<`: the next reply.
        case expects(Expectation)
        /// `<-`: no further reply.
        case expectsNoReply
        /// `=`: something about the last turn.
        case checks(Check, String)
        /// `+`: the clock moves.
        case passes(Duration)
        /// `!`: something goes wrong.
        case disturbs(Disturbance)
    }

    /// What a reply must be.
    public enum Expectation: Sendable, Hashable {
        case exactly(String)
        /// A PCRE2 pattern.
        case matches(String)
        case contains(String)
        case anything
    }

    /// What can be said about a turn.
    public enum Check: Sendable, Hashable {
        case from, outcome, state, topic, tags, within, choices
        /// The note of the responder of this name.
        case note(String)

        static let words = ["from", "outcome", "state", "topic", "tags", "note", "within", "choices"]
    }

    /// What goes wrong with the next message, or before it.
    public enum Disturbance: Sendable, Hashable {
        /// The responder fails with a code.
        case fail(String, code: String)
        /// It takes so much longer.
        case delay(String, Duration)
        /// It never answers.
        case drop(String)
        /// It answers with a text.
        case say(String, text: String)
        /// It does what it is asked to, with these values as the result.
        case perform(String, values: [String: String])
        /// All files are read anew.
        case reload
        /// The server stops and starts.
        case restart

        /// Whose responder it is about.
        public var responder: String? {
            switch self {
            case .fail(let name, _), .delay(let name, _), .drop(let name), .say(let name, _), .perform(let name, _):
                name
            case .reload, .restart: nil
            }
        }
    }

    /// The file, as it was named.
    public var file: String
    /// In the order of the file, each key once.
    public var settings: [Setting]
    /// In the order of the file.
    public var steps: [Step]

    /// Values by name, as `vars:` and `! do` have them: `plan=pro, name=Ada Lovelace`.
    ///
    /// - Returns: Nothing where a part is none.
    public static func pairs(_ text: String) -> [String: String]? {
        var pairs: [String: String] = [:]
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let name = part.prefix { $0 != "=" }
            guard name.count < part.count, !name.trimmed.isEmpty,
                pairs.updateValue(part.dropFirst(name.count + 1).trimmed, forKey: name.trimmed) == nil
            else { return nil }
        }
        return pairs
    }

    /// What a key says.
    public func setting(_ key: Setting.Key) -> Setting? { self.settings.first { $0.key == key } }

    /// The longest file that is read, in bytes.
    public static let maximumBytes = 1_048_576
    /// The most lines of a conversation.
    public static let maximumSteps = 10_000
}
