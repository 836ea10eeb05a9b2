internal import Diagnostics

/// A text of a rule file and where it stands.
struct Written<Value> {
    var value: Value
    var place: Place
}

extension Written: Sendable where Value: Sendable {}

/// One file of rules, as written.
struct RuleFile {
    /// The place of the file in the order of loading.
    let index: Int
    /// The name inside the folder: `bugs.yaml`, `local/shop.yaml`.
    let name: String
    /// The name for people: `rules/bugs.yaml`.
    let path: String
    var includes: [Written<String>] = []
    var defaults = Defaults()
    var words: [WordEntry] = []
    var macros: [MacroEntry] = []
    var rules: [WrittenRule] = []
    /// Whether it could not be read at all; what others expect from it isn't known.
    var isUnreadable = false

    /// Whether it belongs to the site, not to the product.
    var isLocal: Bool { self.name.hasPrefix("local/") }

    /// The first part of the names of its rules, `bugs`.
    var stem: String {
        let name = self.isLocal ? self.name.dropFirst("local/".count) : self.name[...]
        return String(name.hasSuffix(".yaml") ? name.dropLast(".yaml".count) : name)
    }

    /// `defaults:`.
    struct Defaults: Equatable {
        var priority = 100
        var flags: Pattern.Options = [.caseless, .ucp]
        var onLimit = OnLimit.skip
    }

    /// One entry of `words:`.
    struct WordEntry {
        enum Content {
            /// The whole list.
            case list([String], endings: [String])
            /// A change of the shipped list of this name.
            case change(add: [String], remove: [Written<String>])
        }

        var name: Written<String>
        var content: Content
    }

    /// One entry of `macros:`.
    struct MacroEntry {
        var name: Written<String>
        var pattern: WrittenPattern
    }
}

/// What happens after a rule has hit a limit.
enum OnLimit: String, CaseIterable, Sendable {
    /// The next rule is tried.
    case skip
    /// The evaluation ends.
    case fail
}

/// A pattern as written, with what is needed to place its mistakes.
struct WrittenPattern: Sendable {
    let text: String
    let node: YAMLNode
    /// The file whose words and macros it may use.
    let file: Int
    let pieces: [PatternPiece]
    /// Where it holds a control character other than white space, in Unicode scalars from its start.
    let controlCharacter: Int?

    init(text: String, node: YAMLNode, file: Int) {
        self.text = text
        self.node = node
        self.file = file
        self.pieces = PatternPiece.pieces(of: text)
        self.controlCharacter = text.unicodeScalars.enumerated().first { $1.value < 0x20 && !$1.isSpace }?.offset
    }
}

extension Unicode.Scalar {
    /// Whether it is a tab or the end of a line.
    fileprivate var isSpace: Bool { self == "\t" || self == "\n" || self == "\r" }
}

/// A rule as written; a key that isn't written is `nil`.
///
/// After the local changes are applied it is the whole rule, and its parts may come from two files.
struct WrittenRule {
    enum Condition {
        case any([WrittenPattern])
        case all([WrittenPattern])
        case always
    }

    enum Outcome {
        case reply(WrittenReply)
        case handoff(WrittenHandoff)
        case silent(String)
        case pass
        case `continue`
    }

    /// What `allow` names.
    enum Allowance: String, CaseIterable {
        /// Patterns may call their own groups again.
        case recursion
        /// Patterns may take longer than others; they are watched by the clock.
        case slow
    }

    var id: Written<String>
    /// The file where the rule was written first.
    var file: Int
    var place: Place
    /// Whether it was written in `local/`, not only changed there.
    var isLocal = false
    var about: String?
    var enabled: Bool?
    var priority: Int?
    var flags: Pattern.Options?
    var requirements: [Requirement]?
    /// The topics that `when` names.
    var neededTopics: [Written<String>] = []
    var condition: Condition?
    var vetoes: [WrittenPattern]?
    var cooldown: RuleCooldown?
    var outcome: Outcome?
    var actions: [WrittenAction]?
    var topic: RuleEffects.TopicChange?
    var tags: [String]?
    var severity: RuleSeverity?
    var onLimit: OnLimit?
    var allowances: Set<Allowance>?
    var tests: [InlineTest]?
    /// Whether a part of it could not be read, so that what depends on it isn't worth a remark.
    var isBroken = false
    /// The local changes that were applied, in order.
    var changes: [Place] = []
    /// Where it was read, and behind that where its local changes were.
    var sources: [RuleSource] = []
}

/// `reply:`.
struct WrittenReply {
    struct Variant {
        var guardText: Written<String>?
        var text: YAMLNode
        var choices: [RuleChoice] = []
        var weight = 1
    }

    var pick = Reply.Pick.first
    var variants: [Variant] = []
}

/// `handoff:`.
struct WrittenHandoff {
    var queue: String?
    var note: YAMLNode?
    var text: YAMLNode?
}

/// One entry of `actions:`.
struct WrittenAction {
    struct Field {
        var name: String
        var text: YAMLNode
    }

    var responder: Written<String>
    var operation: String
    var name: Written<String>?
    var fields: [Field] = []
}

/// One entry of `tests:`.
struct InlineTest: Sendable {
    /// What comes of a message that the rule wins.
    struct Result: Sendable {
        var captures: [Written<Capture>] = []
        var reply: Written<String>?
        var tags: Written<[String]>?
        /// The topic afterwards, where it is said; nothing in it stands for none.
        var topic: Written<String?>?
        /// Whether the rule doesn't win but takes part by `continue`.
        var isContinued = false
    }

    enum Expectation: Sendable {
        /// The rule wins, and the result is as said.
        case wins(Result)
        /// The rule doesn't match; `winner` wins, where it is said. `nil` in it stands for no rule.
        case doesNotMatch(winner: Written<String?>?)
        /// Another rule wins.
        case loses(to: Written<String>)
    }

    var text: String
    var place: Place
    var expectation: Expectation
    var context: RuleContext
}
