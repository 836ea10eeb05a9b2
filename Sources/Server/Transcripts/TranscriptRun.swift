internal import Diagnostics
internal import Foundation
internal import Responders

/// Runs a conversation against the chain of a configuration: without a server, without anybody outside, by a clock that
/// goes on by itself.
struct TranscriptRun {
    /// What came of one message.
    struct Exchange: Sendable {
        var text: String
        var place: Place
        var problems: [Diagnostic] = []
        /// On the conversation's clock.
        var took = Duration.zero
    }

    private let transcript: Transcript
    private let stage: TranscriptStage
    private let clock: VirtualClock
    private let page: Page
    private let visitor: Visitor
    private let lang: String?
    private let isStaffed: Bool
    /// The moment at which the conversation begins, in milliseconds since 1970.
    private let start: Int64
    private var conversation: Conversation
    private var history: [HistoryItem] = []
    private var exchanges: [Exchange] = []
    private var last: ChainResult?
    private var unread: [Reply] = []
    private var chain: Chain

    /// - Parameters:
    ///   - transcript: The conversation.
    ///   - stage: What it is run on.
    /// - Throws: What of the conversation can't be run at all.
    init(_ transcript: Transcript, on stage: TranscriptStage) throws(Rejection) {
        self.transcript = transcript
        self.stage = stage
        self.clock = stage.clock
        let opening = try TranscriptOpening(transcript, stage)
        self.chain = opening.chain
        self.page = opening.page
        self.visitor = opening.visitor
        self.lang = opening.lang
        self.start = opening.start
        self.isStaffed = opening.isStaffed
        let (site, state) = (opening.site.name, opening.state)
        self.conversation = Conversation(sessionID: opening.session, site: site, state: state, said: [:])
    }

    /// Runs all of it.
    ///
    /// - Returns: What came of each message, those that went as they should among them.
    mutating func run() async -> [Exchange] {
        for step in self.transcript.steps { await self.take(step) }
        self.refuseUnread()
        return self.exchanges
    }

    private mutating func take(_ step: Transcript.Step) async {
        switch step.action {
        case .says(let text):
            self.refuseUnread()
            await self.say(text, at: step.place)
        case .agentSays(let text): self.history.append(HistoryItem(.agent, text))
        case .expects(let expectation): self.expect(expectation, at: step.place)
        case .expectsNoReply:
            if let reply = self.unread.first { self.refuse(step.place, "expected no reply, got \(self.shown(reply))") }
            self.unread = []
        case .checks(let check, let value):
            guard let last, let exchange = self.exchanges.last else { return }
            let state = TranscriptCheck(result: last, took: exchange.took, conversation: self.conversation)
            if let problem = state.problem(of: check, value) { self.refuse(step.place, problem) }
        case .passes(let duration): self.clock.pass(duration)
        case .disturbs(let disturbance): self.disturb(disturbance, at: step.place)
        }
    }

    private mutating func say(_ text: String, at place: Place) async {
        let now = self.start + self.clock.now.offset.milliseconds
        let number = self.exchanges.count + 1
        let site = self.stage.site(named: self.conversation.site)
        let turn = Turn(
            id: TurnID("t_transcript\(number)"),
            message: Incoming(id: "m\(number)", seq: number, text: normalized(text), lang: self.lang, serverTime: now),
            conversation: self.conversation,
            visitor: self.visitor,
            page: self.page,
            history: History(Array(self.history.suffix(20))),
            localTime: site.localTime(atMilliseconds: now),
            isOpen: site.isOpen(atMilliseconds: now),
            isStaffed: self.isStaffed,
            texts: site.texts
        )
        let began = self.clock.now
        let result: ChainResult
        switch self.chain.begin(turn, tracing: true) {
        case .finished(let finished): result = finished
        case .waiting(let run):
            let chain = self.chain
            result = await self.clock.running { await chain.finish(run) }
        }
        self.stage.standIns.endDisturbances()
        self.exchanges.append(Exchange(text: text, place: place, took: began.duration(to: self.clock.now)))
        self.history.append(HistoryItem(.visitor, text))
        self.history += result.replies.map { HistoryItem(.claude, $0.text) }
        self.conversation.remember(result)
        self.chain.delivered(result)
        self.last = result
        self.unread = result.replies
    }

    private mutating func disturb(_ disturbance: Transcript.Disturbance, at place: Place) {
        switch disturbance {
        case .fail(let name, _), .delay(let name, _), .drop(let name), .say(let name, _), .perform(let name, _):
            self.stage.standIns.disturb(name, disturbance)
        case .reload:
            for mistake in self.stage.standIns.reload() { self.add(mistake) }
        case .restart:
            // What is known of a conversation beside its messages is in memory alone.
            let (session, site) = (self.conversation.sessionID, self.conversation.site)
            let state = self.conversation.state
            self.conversation = Conversation(sessionID: session, site: site, state: state, said: [:])
        }
    }
}

// MARK: Replies

extension TranscriptRun {
    private mutating func expect(_ expectation: Transcript.Expectation, at place: Place) {
        guard let last else { return self.refuse(place, "nobody has said anything yet") }
        guard !self.unread.isEmpty else {
            let isFirst = last.replies.isEmpty
            let failures = last.failures.map { "; \($0.responder): \($0.failure.code)" }.joined()
            let problem = "no \(isFirst ? "" : "further ")reply: the turn ended as \(last.outcome.rawValue)\(failures)"
            return self.refuse(place, problem, code: "no-reply")
        }
        let reply = self.unread.removeFirst()
        if let wanted = expectation.mismatch(with: reply.text) {
            let place = place
            self.refuse(place, "expected \(wanted), got \(self.shown(reply))")
        }
    }

    /// What nobody listed is a mistake as well: of the message that it answers.
    private mutating func refuseUnread() {
        guard let place = self.exchanges.last?.place else { return }
        for reply in self.unread {
            self.refuse(place, "a reply that is not listed: \(self.shown(reply))", code: "unlisted-reply")
        }
        self.unread = []
    }

    /// A reply of the last turn, and who gave it: `"Hi!" from rules greetings/greeting`.
    private func shown(_ reply: Reply) -> String {
        let text = "\"\(printable(reply.text, limit: 200))\""
        guard let last, let index = last.replies.lastIndex(where: { $0 == reply }) else { return text }
        let steps = last.steps.filter { ["reply", "stream", "handoff"].contains($0.verdict) }
        guard steps.indices.contains(index) else { return "\(text) from the chain itself" }
        let rule = steps[index].decisiveName.map { " \($0)" } ?? ""
        return "\(text) from \(steps[index].responder)\(rule)"
    }

    private mutating func refuse(_ place: Place, _ problem: String, code: String = "transcript-mismatch") {
        self.add(Diagnostic(code, at: place, problem))
    }

    private mutating func add(_ problem: Diagnostic) {
        guard !self.exchanges.isEmpty else {
            self.exchanges.append(Exchange(text: "", place: problem.place, problems: [problem]))
            return
        }
        self.exchanges[self.exchanges.count - 1].problems.append(problem)
    }
}

extension TraceStep {
    /// The name of what decided.
    var decisiveName: String? { self.rule ?? self.explanation?.decisive?.name }
}
