internal import Diagnostics
internal import Foundation
internal import Messages
internal import Responders
internal import Rules

/// What a transcript is run on: the chains of a configuration, made anew for it, with stand-ins in front of everybody.
struct TranscriptStage {
    let configuration: Configuration
    let clock: VirtualClock
    let standIns: StandIns
    /// The chain of transcripts that name none.
    let chainName: String?

    /// - Parameters:
    ///   - file: The configuration.
    ///   - registry: The plugins that it may name.
    ///   - chain: The chain of transcripts that name none; by default that of their site.
    /// - Throws: What is wrong with the configuration.
    init(configuration file: String, registry: PluginRegistry, chain: String? = nil) throws(Rejection) {
        let clock = VirtualClock()
        let standIns = StandIns(clock: clock)
        self.configuration = try Configuration.load(
            file: file,
            registry: registry,
            clock: TurnClock(clock),
            decorating: { standIns.standIn(for: $0, named: $1) }
        )
        self.clock = clock
        self.standIns = standIns
        self.chainName = chain
    }

    /// The site of this name, or one with nothing of its own.
    func site(named name: String) -> Site {
        self.configuration.sites.first { $0.name == name } ?? Site(name: name)
    }
}

/// What a transcript says before its first message, looked up in the configuration.
struct TranscriptOpening {
    let chain: Chain
    let site: Site
    let page: Page
    let visitor: Visitor
    let lang: String?
    let session: String
    /// Whether somebody is there to whom the conversation can be handed over.
    let isStaffed: Bool
    /// Who answers.
    let state: ConversationState
    /// In milliseconds since 1970.
    let start: Int64

    /// - Throws: Every mistake of the transcript that only the configuration shows.
    init(_ transcript: Transcript, _ stage: TranscriptStage) throws(Rejection) {
        var mistakes: [Diagnostic] = []
        let configuration = stage.configuration
        let siteName = transcript.setting(.site)
        if let siteName, !configuration.sites.contains(where: { $0.name == siteName.value }) {
            let hint = suggestion(for: siteName.value, among: configuration.sites.map(\.name))
            mistakes.append(siteName.refused("unknown-site", "unknown site \"\(siteName.value)\"", hint))
        }
        let site = stage.site(named: siteName?.value ?? configuration.sites.first?.name ?? "default")
        let chainName = transcript.setting(.chain)
        let page = transcript.setting(.page)?.value ?? "/"
        let siteChain = site.chain(on: page)
        let chain = configuration.chain(named: chainName?.value ?? stage.chainName ?? siteChain)
        if chain == nil {
            let name = chainName?.value ?? stage.chainName ?? siteChain ?? ""
            let hint = suggestion(for: name, among: configuration.chainNames)
            let problem = "unknown chain \"\(name)\""
            mistakes.append(
                chainName?.refused("unknown-chain", problem, hint)
                    ?? Diagnostic("unknown-chain", at: Place(file: transcript.file), problem, hint: hint)
            )
        }
        let state = transcript.setting(.state)
        let knownState = ConversationState(rawValue: state?.value ?? "bot")
        if let state, knownState == nil {
            let hint = suggestion(for: state.value, among: ConversationState.allCases.map(\.rawValue))
            mistakes.append(
                state.refused("wrong-value", "a conversation can't begin as \"\(state.value)\"", hint)
            )
        }
        // The first message of a conversation that is closed begins it anew.
        self.state = knownState == .closed ? .bot : knownState ?? .bot
        let time = transcript.setting(.time)
        let start = Self.milliseconds(time?.value ?? "2026-01-01 12:00", at: site)
        if let time, start == nil {
            let hint = "write 2026-03-02 10:00, or 10:00"
            mistakes.append(time.refused("wrong-value", "\"\(time.value)\" is no time", hint))
        }
        let session = transcript.setting(.session)
        if let session, SessionID(session.value) == nil {
            let problem = "\"\(printable(session.value))\" can't name a session"
            mistakes.append(session.refused("wrong-value", problem, "use 1 to 64 of A-Z a-z 0-9 _ -"))
        }
        let vars = transcript.setting(.vars)
        let values = Transcript.pairs(vars?.value ?? "")
        if let vars, values == nil {
            mistakes.append(vars.refused("wrong-value", "no values by name", "write vars: plan=pro, cart=3"))
        }
        let staffed = transcript.setting(.staffed)
        if let staffed, !["yes", "no"].contains(staffed.value) {
            mistakes.append(staffed.refused("wrong-value", "\"\(staffed.value)\" is neither", "write yes or no"))
        }
        if let chain { mistakes += Self.mistakes(in: transcript, of: chain, stage.standIns) }
        guard mistakes.isEmpty, let chain, let start else { throw Rejection(mistakes.inFileOrder()) }
        self.chain = chain
        self.site = site
        self.start = start
        self.session = session?.value ?? "transcript"
        self.isStaffed = staffed?.value == "yes"
        self.page = Page(path: page, vars: values ?? [:])
        let name = transcript.setting(.visitor)?.value
        self.visitor = Visitor(id: name, name: name, isVerified: name != nil)
        self.lang = transcript.setting(.lang)?.value
    }

    /// Lines that name somebody who isn't in the chain, or patterns that are none.
    private static func mistakes(in transcript: Transcript, of chain: Chain, _ standIns: StandIns) -> [Diagnostic] {
        let names = chain.entries.map(\.name)
        return transcript.steps.compactMap { step in
            switch step.action {
            case .disturbs(let disturbance):
                guard let name = disturbance.responder else { return nil }
                guard names.contains(name) else {
                    let problem = "the chain \"\(chain.name)\" has no \"\(name)\""
                    let hint = suggestion(for: name, among: names)
                    return Diagnostic("unknown-responder", at: step.place, problem, hint: hint)
                }
                if case .fail = disturbance { return nil }
                if case .perform = disturbance {
                    guard !standIns.performs(name) else { return nil }
                    let problem = "\"\(name)\" can't be asked to do anything"
                    return Diagnostic("wrong-value", at: step.place, problem, hint: "leave the line out")
                }
                guard standIns.isImmediate(name) else { return nil }
                if case .say = disturbance {
                    let problem = "what \"\(name)\" says comes from its own files"
                    return Diagnostic("wrong-value", at: step.place, problem, hint: "leave the line out")
                }
                let problem = "\"\(name)\" answers at once and can't be late"
                return Diagnostic("wrong-value", at: step.place, problem, hint: "write ! fail \(name) CODE")
            case .checks(.from, let value):
                let name = String(value.prefix { !$0.isWhitespace })
                guard !names.contains(name), value != TranscriptCheck.chainItself else { return nil }
                let problem = "the chain \"\(chain.name)\" has no \"\(name)\""
                return Diagnostic(
                    "unknown-responder",
                    at: step.place,
                    problem,
                    hint: suggestion(for: name, among: names)
                )
            case .checks(.outcome, let value) where Outcome(rawValue: value) == nil:
                let hint = suggestion(for: value, among: Outcome.allCases.map(\.rawValue))
                return Diagnostic("wrong-value", at: step.place, "unknown outcome \"\(value)\"", hint: hint)
            case .expects(.matches(let pattern)):
                do throws(PatternProblem) {
                    _ = try Pattern(pattern, options: [.ucp])
                    return nil
                } catch {
                    return Diagnostic("pattern-syntax", at: step.place, "\(error.message): \"\(pattern)\"")
                }
            default: return nil
            }
        }
    }

    /// A moment on the site's clock: `2026-03-02 10:00`, or a time of 2026-01-01.
    private static func milliseconds(_ written: String, at site: Site) -> Int64? {
        let words = written.split(separator: " ").map(String.init)
        guard 1...2 ~= words.count, let time = TimeOfDay(words[words.count - 1]) else { return nil }
        let day = words.count == 2 ? words[0] : "2026-01-01"
        guard let utc = Duration(rfc3339: "\(day)T\(time):00Z")?.milliseconds else { return nil }
        let offset = site.timeZone?.secondsFromGMT(for: Date(timeIntervalSince1970: Double(utc / 1_000))) ?? 0
        return utc - Int64(offset) * 1_000
    }
}

extension Transcript.Setting {
    fileprivate func refused(_ code: String, _ problem: String, _ hint: String) -> Diagnostic {
        var place = self.place
        place.keyPath = self.key.rawValue
        return Diagnostic(code, at: place, problem, hint: hint)
    }
}
