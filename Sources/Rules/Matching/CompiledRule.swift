internal import Diagnostics

/// A rule that is ready to be tried on messages.
struct CompiledRule: Sendable {
    enum Condition: Sendable {
        /// The first that matches gives the captures.
        case any([Pattern])
        /// Every one, anywhere; captures are joined.
        case all([Pattern])
        case always
    }

    enum Outcome: Sendable {
        case reply(Reply)
        case silent(String)
        case pass
    }

    /// `greetings/greeting`.
    var name: String
    var id: String
    var place: Place
    var about: String?
    var isEnabled: Bool
    var priority: Int
    var condition: Condition
    /// Patterns of which one match vetoes the rule.
    var vetoes: [Pattern]
    var outcome: Outcome
    var tags: [String]
    var severity: RuleSeverity?
    var onLimit: OnLimit
    /// What any matching message holds; none where nothing is certain.
    var required: [RequiredLiterals]
}

/// What became of one rule on one message.
enum RuleTrial {
    case unmatched
    case matched(text: String, captures: [Capture])
    case vetoed(by: String)
    case limit(MatchLimit)
}

extension CompiledRule {
    /// Tries the rule on a message.
    ///
    /// - Parameters:
    ///   - bytes: The message in NFC and valid UTF-8, cut to ``RuleSet/textLimit``.
    ///   - scanner: The calling thread's.
    /// - Returns: Whether it matches, or what ended the attempt.
    func trial(on bytes: UnsafeBufferPointer<UInt8>, using scanner: inout Scanner) -> RuleTrial {
        var match = PatternMatch(text: "", captures: [])
        switch self.condition {
        case .always: break
        case .any(let patterns):
            var isMatched = false
            for pattern in patterns where !isMatched {
                switch Self.search(pattern, bytes, &scanner) {
                case .success(let found?): (match, isMatched) = (found, true)
                case .success(nil): continue
                case .failure(let limit): return .limit(limit)
                }
            }
            guard isMatched else { return .unmatched }
        case .all(let patterns):
            for (index, pattern) in patterns.enumerated() {
                switch Self.search(pattern, bytes, &scanner) {
                case .success(let found?):
                    if index == 0 { match.text = found.text }
                    match.captures += found.captures
                case .success(nil): return .unmatched
                case .failure(let limit): return .limit(limit)
                }
            }
        }
        for veto in self.vetoes {
            switch Self.search(veto, bytes, &scanner) {
            case .success(let found?): return .vetoed(by: found.text)
            case .success(nil): continue
            case .failure(let limit): return .limit(limit)
            }
        }
        return .matched(text: match.text, captures: match.captures)
    }

    private static func search(
        _ pattern: Pattern,
        _ bytes: UnsafeBufferPointer<UInt8>,
        _ scanner: inout Scanner
    ) -> Result<PatternMatch?, MatchLimit> {
        let matchData = scanner.captures(atLeast: pattern.pairCount)
        switch pattern.search(bytes, in: matchData, using: scanner) {
        case .matched: return .success(PatternMatch(of: pattern, in: bytes, matchData))
        case .unmatched: return .success(nil)
        case .limit(let limit): return .failure(limit)
        }
    }

    /// What the rule says about a message that it matches.
    func result(captures: [Capture], in context: RuleContext) -> RuleResult {
        let match = RuleMatch(
            rule: self.name,
            place: self.place,
            captures: captures.map {
                Capture(name: $0.name, value: String($0.value.prefix(Template.maximumValueLength)))
            },
            tags: self.tags,
            severity: self.severity
        )
        switch self.outcome {
        case .silent(let reason): return .silent(match, reason: reason)
        case .pass: return .pass(match)
        case .reply(let reply):
            let values = ReplyValues(captures: match.captures, context: context)
            let choice = reply.choose(rule: self.name, seed: self.id, values)
            let variant = reply.variants[choice]
            return .reply(
                RuleReply(match: match, text: variant.template.text(values), choices: variant.choices, variant: choice)
            )
        }
    }
}
