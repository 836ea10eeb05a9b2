public import Diagnostics

/// One immutable set of rules.
///
/// Any number of threads use it at once.
public final class RuleSet: Sendable {
    /// How many characters (Unicode scalars) of a message are looked at.
    public static let textLimit = 4_000
    /// The time for all rules on one message.
    ///
    /// Once it is spent no further rule is tried. 5 ms; ten times that where the code around PCRE2 isn't optimised, which
    /// takes it about ten times as long.
    #if DEBUG
        public static let messageBudget = Duration.milliseconds(50)
    #else
        public static let messageBudget = Duration.milliseconds(5)
    #endif

    /// What somebody should look at, though the rules work; in the order of the files.
    public let warnings: [Diagnostic]
    /// The same for the same bytes in the same files: 16 hexadecimal digits.
    public let digest: String
    /// What rules ask of other responders, in the order of the rules; those that are turned off ask nothing.
    public let requests: [ActionRequest]
    /// The rules that the site's own files change, in the order of the rules.
    public let localChanges: [LocalChange]
    public let testCount: Int
    public let fileCount: Int
    public var ruleCount: Int { self.rules.count }

    /// In the order in which they are tried.
    let rules: [CompiledRule]
    /// Their names and places, for those who remember rules longer than their patterns live.
    let identities: [RuleIdentity]
    let prefilter: Prefilter
    let health: RuleHealth?
    /// For each rule what counts its messages; none where nobody counts.
    let counters: [RuleCounter]

    /// Takes the rules in the order in which they are tried.
    init(
        _ rules: [CompiledRule],
        requests: [ActionRequest] = [],
        localChanges: [LocalChange] = [],
        warnings: [Diagnostic] = [],
        digest: String = "",
        testCount: Int = 0,
        fileCount: Int = 0,
        health: RuleHealth? = nil,
        prefilter: Prefilter? = nil
    ) {
        self.rules = rules
        self.identities = rules.map(\.identity)
        self.requests = requests
        self.localChanges = localChanges
        self.health = health
        self.counters = health?.counters(of: rules.map(\.name)) ?? []
        self.prefilter = prefilter ?? Prefilter(Self.needs(of: rules))
        self.warnings = warnings
        self.digest = digest
        self.testCount = testCount
        self.fileCount = fileCount
    }

    /// What the prefilter looks for, for each rule; nothing for one that is never tried.
    private static func needs(of rules: [CompiledRule]) -> [Prefilter.Needs?] {
        rules.map { $0.isEnabled ? $0.needs : nil }
    }

    /// Reads, checks and compiles a folder of rule files and runs every inline test.
    ///
    /// - Parameters:
    ///   - folder: The path of the folder. Its `*.yaml` are read in byte order of their names, then those in `local/`.
    ///     Diagnostics name the files as `folder/NAME`, with `folder` as given.
    ///   - health: Counts what happens to the rules and takes out those that are slow again and again. Without it no
    ///     rule is ever taken out.
    ///   - previous: What was loaded from the folder before. It is returned as it is where its files have the same bytes.
    ///   - cache: What earlier loads of the folder have left, which spares doing the same again.
    ///   - allowsEmpty: Whether a folder without a rule is none of the mistakes: a folder whose files were moved away
    ///     must not silence a server.
    /// - Returns: The set, ready to answer.
    /// - Throws: All mistakes of all files, in the order of the files, warnings among them.
    public static func load(
        folder: String,
        health: RuleHealth? = nil,
        after previous: RuleSet? = nil,
        cache: RuleCache? = nil,
        allowsEmpty: Bool = false
    ) throws(Rejection) -> RuleSet {
        var findings = Findings()
        let source = RuleFolder(folder, into: &findings)
        if let previous, !findings.hasErrors, source.digest == previous.digest { return previous }
        var loaded = self.compile(
            source,
            findings,
            health: health,
            allowsEmpty: allowsEmpty,
            memory: cache?.take() ?? LoadMemory()
        )
        loaded.runTests()
        loaded.memory.endLoad(isRejected: loaded.findings.hasErrors)
        cache?.keep(loaded.memory)
        guard !loaded.findings.hasErrors else { throw Rejection(loaded.diagnostics) }
        return loaded.set
    }

    /// Says that this set answers from now on, in the place of `old`.
    ///
    /// A rule that was taken out because it was slow stays out, unless its patterns were changed meanwhile.
    public func replace(_ old: RuleSet) {
        let before = Dictionary(old.rules.map { ($0.name, $0) }) { first, _ in first }
        self.health?.keep(self.names)
        self.health?.forget(self.rules.filter { before[$0.name]?.hasSamePatterns(as: $0) == false }.map(\.name))
    }

    /// Reads, checks and compiles a folder of rule files, as far as its mistakes allow; no inline test is run.
    ///
    /// - Parameters:
    ///   - folder: As for ``load(folder:)``.
    ///   - health: Knows the rules that are out.
    ///   - progress: Learns how far it is.
    /// - Returns: What could be read, with all mistakes.
    static func read(
        folder: String,
        health: RuleHealth? = nil,
        progress: LoadProgress.Observer? = nil
    ) -> LoadedFolder {
        var findings = Findings()
        let source = RuleFolder(folder, into: &findings)
        return self.compile(source, findings, health: health, memory: LoadMemory(), progress: progress)
    }

    /// Checks and compiles the files of a folder, with what may be taken over from earlier loads.
    private static func compile(
        _ source: RuleFolder,
        _ findings: Findings,
        health: RuleHealth?,
        allowsEmpty: Bool = false,
        memory: consuming LoadMemory,
        progress: LoadProgress.Observer? = nil
    ) -> LoadedFolder {
        var findings = findings
        var memory = memory
        let files = source.files.enumerated().map { index, entry in
            memory.file(RuleFile(index: index, name: entry.name, path: entry.path), of: entry.text, into: &findings)
        }
        let written = LocalChanges(files, into: &findings).rules
        var compiler = RuleCompiler(files, written, &memory, into: &findings, progress: progress)
        let compiled = written.indices.map { compiler.compile($0, &memory, into: &findings) }
        if !findings.hasErrors {
            compiler.warnOfUnusedWords(into: &findings)
            Self.warnOfTopics(written, into: &findings)
        }
        if written.isEmpty, !allowsEmpty, !findings.hasErrors {
            let problem = files.isEmpty ? "the folder has no rule files" : "no file of the folder has a rule"
            let hint = files.isEmpty ? "add one, NAME.yaml" : "write one under rules:"
            findings.error("no-rules", at: Place(file: source.folder), problem, hint: hint)
        }
        let ranked = Self.inOrder(zip(written, compiled).compactMap { pair in pair.1.map { (pair.0, $0) } })
        let rules = ranked.map(\.rule)
        let set = RuleSet(
            rules,
            requests: ActionRequest.requests(ranked),
            localChanges: LocalChange.changes(ranked),
            warnings: findings.sorted(by: files.map(\.path)),
            digest: source.digest,
            testCount: written.reduce(0) { $0 + ($1.tests?.count ?? 0) },
            fileCount: files.count,
            health: health,
            prefilter: memory.prefilter(for: self.needs(of: rules))
        )
        return LoadedFolder(
            set: set,
            written: written,
            ranked: ranked,
            files: files.map(\.path),
            findings: findings,
            memory: memory
        )
    }

    /// Warns of topics that look like a misspelt one; one that no rule sets may come from another responder.
    private static func warnOfTopics(_ rules: [WrittenRule], into findings: inout Findings) {
        let set = Set(rules.compactMap { rule in if case .open(let topic, _) = rule.topic { topic } else { nil } })
        for topic in rules.flatMap(\.neededTopics) where !set.contains(topic.value) {
            let hint = suggestion(for: topic.value, among: set)
            guard hint.hasPrefix("did you mean") else { continue }
            findings.warn("unknown-topic", at: topic.place, "no rule sets the topic \"\(topic.value)\"", hint: hint)
        }
    }

    /// High priority first, then in the order of the files and of the rules in them.
    private static func inOrder(
        _ rules: [(written: WrittenRule, rule: CompiledRule)]
    ) -> [(written: WrittenRule, rule: CompiledRule)] {
        rules.enumerated().sorted { left, right in
            let (first, second) = (left.element.rule.priority, right.element.rule.priority)
            return first == second ? left.offset < right.offset : first > second
        }
        .map(\.element)
    }

    /// The full names of all rules.
    var names: [String] { self.rules.map(\.name) }

    /// The rule of this full name.
    func rule(named name: String) -> CompiledRule? { self.rules.first { $0.name == name } }

    /// The result for one message.
    ///
    /// Bounded: at most 4,000 characters are looked at, and after 5 ms no further rule is tried.
    ///
    /// - Parameters:
    ///   - text: The message.
    ///   - context: What conditions are about and what reply texts may use.
    ///   - scanner: The calling thread's scanner. ``Scanner/skipped`` tells afterwards which rules hit a limit.
    /// - Returns: What the rules say to it.
    public func answer(to text: String, in context: RuleContext, using scanner: inout Scanner) -> RuleResult {
        let supervision = Supervision(self.health, for: .answering)
        return self.answer(to: text, in: context, within: Self.messageBudget, under: supervision, using: &scanner)
    }

    /// The same with another budget, and with nobody who counts what happens.
    func answer(
        to text: String,
        in context: RuleContext,
        within budget: Duration,
        under supervision: Supervision = .none,
        using scanner: inout Scanner
    ) -> RuleResult {
        var text = Self.readable(text).text
        return text.withUTF8 { bytes in
            scanner.skipped.removeAll(keepingCapacity: true)
            self.prefilter.findCandidates(in: bytes, using: &scanner)
            var effects = RuleEffects()
            var next = scanner.candidate(from: 0)
            if next != nil { scanner.startMessage(within: budget) }
            while let rank = next {
                let rule = self.rules[rank]
                let trial = supervision.trial(of: rule, in: context.session, using: &scanner) { scanner in
                    rule.trial(on: bytes, in: context, at: rank, of: self, using: &scanner)
                }
                if scanner.lost != nil { scanner.note(trial, of: rank, in: self) }
                switch trial {
                case .matched(_, let captures):
                    let match = rule.match(captures)
                    if supervision.isCounting { self.counters[rank].add() }
                    effects.add(match, of: rule, in: context)
                    if let outcome = rule.outcome(of: match, in: context) {
                        scanner.noteOthers(of: self, behind: rank)
                        return RuleResult(outcome, effects: effects)
                    }
                case .quarantined, .refused, .coolingDown, .unmatched, .vetoed: break
                case .limit(let limit):
                    let hit = RuleLimit(rule: rule.name, place: rule.place, limit: limit)
                    if rule.onLimit == .fail || limit == .budget { return RuleResult(.limit(hit)) }
                    scanner.skipped.append(hit)
                }
                next = scanner.candidate(from: rank + 1)
                if let rank = next, !scanner.hasTime {
                    let rule = self.rules[rank]
                    return RuleResult(.limit(RuleLimit(rule: rule.name, place: rule.place, limit: .budget)))
                }
            }
            return RuleResult(.pass(nil), effects: effects)
        }
    }

    /// The same result once responders have done what the rules ask for.
    ///
    /// - Parameters:
    ///   - result: What this set answered.
    ///   - context: What it was asked with.
    ///   - answers: The values of the winning rule's actions, by the action's name; one that has none failed, or nobody
    ///     performed it.
    /// - Returns: The result, its texts made with the values.
    public func result(
        _ result: RuleResult,
        in context: RuleContext,
        answers: [String: [String: String]]
    ) -> RuleResult {
        guard let match = result.match, let rule = self.rule(named: match.rule),
            let outcome = rule.outcome(of: match, in: context, answers: answers)
        else { return result }
        return RuleResult(outcome, effects: result.effects)
    }

    /// Why the result for a message is what it is: by the same code, but for every rule.
    ///
    /// It changes nothing. For people; it takes longer than ``answer(to:in:using:)``.
    public func explain(_ text: String, in context: RuleContext) -> RuleExplanation {
        self.explain(text, in: context, within: Self.messageBudget)
    }

    /// The same with another budget.
    func explain(_ text: String, in context: RuleContext, within budget: Duration) -> RuleExplanation {
        var scanner = Scanner()
        let supervision = Supervision(self.health, for: .explaining)
        let result = self.answer(
            to: text,
            in: context,
            within: budget,
            under: supervision,
            using: &scanner
        )
        let winner = self.rules.first { $0.name == result.rule }
        var readable = Self.readable(text)
        let entries = readable.text.withUTF8 { bytes in
            self.prefilter.findCandidates(in: bytes, using: &scanner)
            // Each rule is looked at, however long the others have taken.
            scanner.startMessage(within: nil)
            return self.rules.indices.map { self.entry(of: $0, result, winner, bytes, context, supervision, &scanner) }
        }
        return RuleExplanation(
            result: result,
            entries: entries,
            variant: winner.flatMap { Self.variant(of: $0, result, context) },
            candidateCount: self.rules.indices.count { scanner.isCandidate($0) },
            characterCount: readable.text.unicodeScalars.count,
            isCut: readable.isCut
        )
    }

    private func entry(
        of rank: Int,
        _ result: RuleResult,
        _ winner: CompiledRule?,
        _ bytes: UnsafeBufferPointer<UInt8>,
        _ context: RuleContext,
        _ supervision: Supervision,
        _ scanner: inout Scanner
    ) -> RuleExplanation.Entry {
        let rule = self.rules[rank]
        var entry = RuleExplanation.Entry(
            rule: rule.name,
            place: rule.place,
            about: rule.about,
            fate: .disabled,
            isCandidate: scanner.isCandidate(rank)
        )
        guard rule.isEnabled else { return entry }
        guard entry.isCandidate || rule.obstacle(in: context) != nil else {
            entry.fate = .literalMissing(self.prefilter.missingTexts(of: rank, in: scanner))
            return entry
        }
        let trial = supervision.trial(of: rule, in: "", using: &scanner) { scanner in
            rule.trial(on: bytes, in: context, at: rank, of: self, using: &scanner)
        }
        switch trial {
        case .refused, .coolingDown:
            let own = rule.trial(on: bytes, at: rank, of: self, using: &scanner)
            if case .matched = own { entry.wouldMatch = true }
        default: break
        }
        switch trial {
        case .quarantined(let left): entry.fate = .quarantine(left: left)
        case .refused(let index): entry.fate = .condition(rule.requirements[index].refusal(in: context))
        case .coolingDown(let left): entry.fate = .coolingDown(left: left)
        case .unmatched: entry.fate = .noMatch
        case .limit(let limit): entry.fate = .limit(limit)
        case .vetoed(let text): entry.fate = .vetoed(by: text)
        case .matched(let text, let captures):
            entry.matched = text
            entry.captures = captures
            entry.fate = Self.fate(of: rule, result, winner)
        }
        return entry
    }

    /// The fate of a rule that matches.
    private static func fate(
        of rule: CompiledRule,
        _ result: RuleResult,
        _ winner: CompiledRule?
    ) -> RuleExplanation.Fate {
        if winner?.name == rule.name { return .wins }
        if result.effects.continued.contains(where: { $0.rule == rule.name }) { return .continues }
        if case .limit(let hit) = result.outcome { return .notReached(after: hit.rule) }
        return .loses(priority: rule.priority, to: winner?.priority ?? rule.priority)
    }

    private static func variant(of rule: CompiledRule, _ result: RuleResult, _ context: RuleContext) -> String? {
        guard case .reply(let said) = result.outcome, case .reply(let reply) = rule.outcome else { return nil }
        return reply.explanation(of: said.variant, ReplyValues(captures: said.match.captures, context: context))
    }

    /// Tries one rule alone.
    func trial(
        of rule: CompiledRule,
        on text: String,
        in context: RuleContext,
        using scanner: inout Scanner
    ) -> RuleTrial {
        var text = Self.readable(text).text
        scanner.startMessage(within: nil)
        return text.withUTF8 { rule.trial(on: $0, in: context, using: &scanner) }
    }

    /// What is looked at of a message: its normal form C, cut to ``textLimit``.
    static func readable(_ text: String) -> (text: String, isCut: Bool) {
        let text = normalized(text)
        // Every scalar has a byte at least, so most messages need not be counted.
        guard text.utf8.count > self.textLimit, text.unicodeScalars.count > self.textLimit else { return (text, false) }
        return (String(String.UnicodeScalarView(text.unicodeScalars.prefix(self.textLimit))), true)
    }
}
