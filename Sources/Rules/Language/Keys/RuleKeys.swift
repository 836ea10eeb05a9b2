/// The keys of a rule.
enum RuleKey: String, KeySet {
    case id, about, enabled, priority, flags, when, match, unless, cooldown
    case reply, handoff, silent, pass, `continue`
    case actions, set, tags, severity
    case onLimit = "on_limit"
    case allow, tests
    static let mapping = "a rule"

    /// The keys of which a rule has exactly one.
    static let outcomes: [RuleKey] = [.reply, .handoff, .silent, .pass, .continue]

    var meaning: KeyMeaning {
        switch self {
        case .id: .required("The rule's name, unique over all files: a-z, 0-9 and \"-\".", .name(separators: "-"))
        case .about: KeyMeaning("One sentence for people, shown by explain.", .text)
        case .enabled: KeyMeaning("Whether the rule is used at all.", .flag)
        case .priority: KeyMeaning("Higher is tried first; 100 where nothing is said.", .wholeNumber(-1_000...1_000))
        case .flags:
            KeyMeaning(
                "How patterns are read; [caseless, ucp] where nothing is said.",
                .list(.word(RuleFileReader.flagNames))
            )
        case .when: KeyMeaning("All of these must hold before the pattern is tried.", .mapping(WhenKey.self))
        case .match:
            KeyMeaning(
                "A pattern in PCRE2's syntax, or any: or all: and patterns, or always: true.",
                .either([.text, .mapping(MatchKey.self)])
            )
        case .unless: KeyMeaning("One of these patterns in the message, and the rule stays out.", .oneOrMore(.text))
        case .cooldown: KeyMeaning("How long the rule stays out after it has fired.", .mapping(CooldownKey.self))
        case .reply: KeyMeaning("What the visitor reads.", .either([.text, .mapping(ReplyKey.self)]))
        case .handoff: KeyMeaning("A person goes on.", .mapping(HandoffKey.self))
        case .silent: KeyMeaning("Deliberately no reply; the reason is shown in the trace.", .text)
        case .pass: KeyMeaning("Leave the message to the next responder, with these tags.", .isTrue)
        case .continue:
            KeyMeaning("Keep tags, set, severity and actions, and try the rules after this one.", .isTrue)
        case .actions:
            KeyMeaning("What other responders of the chain are asked to do.", .list(.mapping(ActionKey.self)))
        case .set: KeyMeaning("What the conversation is about from now on.", .mapping(SetKey.self))
        case .tags: KeyMeaning("Words for the record.", .oneOrMore(.plain))
        case .severity: KeyMeaning("How much such a message weighs.", .word(of: RuleSeverity.self))
        case .onLimit:
            KeyMeaning("After a limit: skip tries the next rule, fail ends the evaluation.", .word(of: OnLimit.self))
        case .allow:
            KeyMeaning("What patterns may do that is refused otherwise.", .list(.word(of: WrittenRule.Allowance.self)))
        case .tests:
            KeyMeaning(
                "Messages that the rule wins (say), doesn't match (not) or loses (lose). They run before each load.",
                .list(.either([.mapping(SayKey.self), .mapping(NotKey.self), .mapping(LoseKey.self)]))
            )
        }
    }
}

/// The keys of `match`, of which one is written.
enum MatchKey: String, KeySet {
    case any, all, always
    static let mapping = "\"match\""

    var meaning: KeyMeaning {
        switch self {
        case .any: KeyMeaning("The first of these patterns that matches gives the captures.", .oneOrMore(.text))
        case .all: KeyMeaning("All of these patterns must match, in any order.", .oneOrMore(.text))
        case .always: KeyMeaning("Every message.", .isTrue)
        }
    }
}

/// The keys of `cooldown`.
enum CooldownKey: String, KeySet {
    case per
    case duration = "for"
    static let mapping = "\"cooldown\""

    var meaning: KeyMeaning {
        switch self {
        case .per:
            KeyMeaning(
                "For whom the rule stays out: the conversation, all of a visitor's, or all of the site's.",
                .word(of: RuleCooldown.Scope.self)
            )
        case .duration: .required("How long, with its unit.", .duration)
        }
    }
}

/// The keys of `set`.
enum SetKey: String, KeySet {
    case topic, expires
    static let mapping = "\"set\""

    var meaning: KeyMeaning {
        switch self {
        case .topic: .required("The topic's name, or none to close it.", .name(separators: "-"))
        case .expires: KeyMeaning("When the topic ends by itself, with its unit.", .duration)
        }
    }
}

/// The keys of one entry of `actions`.
enum ActionKey: String, KeySet {
    case responder
    case operation = "op"
    case name = "as"
    case fields
    static let mapping = "an action"

    var meaning: KeyMeaning {
        switch self {
        case .responder: .required("The responder's name in the chain.", .text)
        case .operation: .required("What it is asked to do.", .name(separators: "-"))
        case .name: KeyMeaning("The name under which the reply uses the answer: {{ticket.id}}.", .name(separators: "_"))
        case .fields: KeyMeaning("What it is told; the texts may hold {{captures}}.", .entries(.plain))
        }
    }
}
