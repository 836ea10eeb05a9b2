public import Responders
internal import Rules

/// Takes out of messages what no responder and no outside service is to see.
///
/// Put it first in `guard`. What it finds is replaced by a word in brackets, in the message, in the page's title, address
/// and values, and in the messages before it. `store: {redact: true}` has the same done before a message is stored.
public struct Redact: ResponderPlugin, ImmediateResponder, TextRedactor {
    public static let manifest = PluginManifest(
        name: "redact",
        summary: "Hides card numbers, IBANs, passwords, mail addresses and tokens from all who come after",
        stages: [.guard],
        sample: #"""
            # What is hidden; all of these where it is left out. "card" and "iban" are found by their check digits,
            # "password" and "token" behind words that name them and by forms that only they have.
            patterns: [card, iban, password, email, token]
            # Regular expressions of your own (PCRE2, upper and lower case alike), at most 32. Each has a name, which is
            # what stands in the brackets.
            own:
              customer-number: '\bKD-\d{6}\b'
            """#,
        openKeys: ["own"],
        examples: [
            .init("hello", gives: .pass(reason: "nothing-to-redact")),
            .init(
                "my card is 4111 1111 1111 1111, thanks",
                gives: .augment(Augmentation(replacements: [Replacement(11..<30, by: "[card number]", kind: "card")]))
            ),
            .init("my card is 4111 1111 1111 1112, thanks", gives: .pass(reason: "nothing-to-redact")),
            .init(
                "kd-123456 here",
                gives: .augment(
                    Augmentation(replacements: [Replacement(0..<9, by: "[customer-number]", kind: "customer-number")])
                )
            ),
        ]
    )

    public struct Configuration: Decodable, Sendable {
        /// Nothing means all of them.
        public var patterns: [SecretKind]?
        /// PCRE2 patterns by their names.
        public var own: [String: String]?
    }

    /// How many patterns of its own a site may have.
    static let maximumPatterns = 32
    /// How long those patterns may take for one text, all together.
    static let budget = Duration.milliseconds(20)

    private let kinds: [SecretKind]
    private let finders: [(name: String, finder: PatternFinder)]
    private let scanners = ScannerPool()

    public init(configuration: Configuration, services: PluginServices) throws(ConfigurationProblem) {
        self.kinds = configuration.patterns ?? SecretKind.allCases
        let own = configuration.own ?? [:]
        guard !self.kinds.isEmpty || !own.isEmpty else {
            throw ConfigurationProblem(
                "nothing-to-redact",
                key: "patterns",
                "nothing would be hidden",
                hint: "leave it out, and everything known is"
            )
        }
        guard own.count <= Self.maximumPatterns else {
            throw ConfigurationProblem("too-many-patterns", key: "own", "\(own.count) patterns; 32 is the most")
        }
        var finders: [(String, PatternFinder)] = []
        for (name, pattern) in own.sorted(by: { $0.key < $1.key }) {
            finders.append((name, try Self.finder(of: pattern, named: name)))
        }
        self.finders = finders
    }

    private static func finder(of pattern: String, named name: String) throws(ConfigurationProblem) -> PatternFinder {
        let isName = 1...32 ~= name.utf8.count && name.allSatisfy { "a"..."z" ~= $0 || "0"..."9" ~= $0 || $0 == "-" }
        guard isName else {
            let problem = "\"\(name)\" can't name a pattern"
            throw ConfigurationProblem("bad-name", key: "own.\(name)", problem, hint: "use 1 to 32 of a-z 0-9 -")
        }
        do throws(PatternProblem) { return try PatternFinder(pattern) } catch {
            let problem = "\(error.message) at character \(error.offset + 1)"
            throw ConfigurationProblem("bad-pattern", key: "own.\(name)", problem)
        }
    }

    public func respond(to turn: Turn) throws -> Verdict {
        let found = try self.replacements(in: turn.message.text)
        return found.isEmpty ? .pass(reason: "nothing-to-redact") : .augment(Augmentation(replacements: found))
    }

    public func replacements(in text: String) throws(Failure) -> [Replacement] {
        let bytes = Array(text.utf8)
        var found: [Replacement] = []
        for kind in self.kinds {
            found += kind.ranges(in: bytes).map { Replacement($0, by: "[\(kind.words)]", kind: kind.rawValue) }
        }
        if !self.finders.isEmpty { found += try self.ownReplacements(in: text) }
        return found.count < 2 ? found : found.merged()
    }

    private func ownReplacements(in text: String) throws(Failure) -> [Replacement] {
        let result = self.scanners.withScanner { scanner -> Result<[Replacement], Failure> in
            var found: [Replacement] = []
            for (name, finder) in self.finders {
                do throws(MatchLimit) {
                    let budget = Self.budget / self.finders.count
                    found += try finder.ranges(in: text, using: &scanner, within: budget).map {
                        Replacement($0, by: "[\(name)]", kind: name)
                    }
                } catch {
                    return .failure(Failure(.limit, "pattern \(name): \(error)"))
                }
            }
            return .success(found)
        }
        return try result.get()
    }

    public func explanation(of turn: Turn) -> Explanation? {
        guard let found = try? self.replacements(in: turn.message.text), !found.isEmpty else { return nil }
        let counts = Dictionary(found.map { ($0.kind, 1) }, uniquingKeysWith: +)
        return Explanation(lines: counts.sorted { $0.key < $1.key }.map { "hid \($0.key): \($0.value)" })
    }
}

extension [Replacement] {
    /// The same without overlaps: what begins first covers what it overlaps, too.
    fileprivate func merged() -> [Replacement] {
        var merged: [Replacement] = []
        for next in self.sorted(by: { $0.range.lowerBound < $1.range.lowerBound }) {
            guard let last = merged.last, next.range.lowerBound < last.range.upperBound else {
                merged.append(next)
                continue
            }
            let end = Swift.max(last.range.upperBound, next.range.upperBound)
            merged[merged.count - 1].range = last.range.lowerBound..<end
        }
        return merged
    }
}
