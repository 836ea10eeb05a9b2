internal import Access
internal import Foundation
internal import Hub
internal import Logging
internal import Messages
internal import Responders
internal import ServiceLifecycle
internal import Synchronization

/// Joins the hub and the chains: makes a turn of each message of a visitor, and posts what the chain replies.
///
/// A chain that needn't wait is done on the thread that brought the message. Everything else is a task of this service,
/// so each has an owner that waits for it.
final class TurnRunner: InboundSubscriber, Service {
    /// A turn in front of a responder that may wait.
    private struct Pending: Sendable {
        let generation: Generation
        let chain: Chain
        let run: ChainRun
        let began: Duration
        let message: InboundMessage
        let room: Room
    }

    private enum Job: Sendable {
        case turn(Pending)
        /// Those who are asked beside look at a turn that has ended.
        case shadows(ShadowJob, Generation)
        /// A reply that a responder has promised for later.
        case followUp(FollowUps.Promise, TurnClock)
    }

    private let generations: Generations
    private let logger: Logger
    /// Keeps the record of each turn.
    private let traces: TurnTraces
    /// Learns what agents do; nothing where nothing is kept.
    let agentAudit: AgentAudit?
    private let followUps: FollowUps
    /// Knows the visitors for whom sites vouch.
    private let sessions: SessionDesk?
    /// Whether a visitor who sends more than anybody types gets no answer for a while.
    private let stopsFloods: Bool
    /// How often each responder failed since that was logged, and when.
    private let failureCounts = Mutex<[String: (count: Int, loggedAt: Duration?)]>([:])
    private let jobs: AsyncStream<Job>
    private let jobInput: AsyncStream<Job>.Continuation

    /// - Parameters:
    ///   - generations: Who answers the visitors of each site, now; each turn ends by the one that it began with.
    ///   - traces: Keeps the record of each turn.
    ///   - agentAudit: Learns what agents do.
    ///   - followUps: Keeps the promises of responders.
    ///   - sessions: Knows the visitors for whom sites vouch.
    ///   - stopsFloods: Whether a visitor who sends more than anybody types gets no answer for a while.
    ///   - logger: Where a turn that failed is noted, without a word of what was said.
    init(
        _ generations: Generations,
        traces: TurnTraces = TurnTraces(),
        agentAudit: AgentAudit? = nil,
        followUps: FollowUps = FollowUps(),
        sessions: SessionDesk? = nil,
        stopsFloods: Bool = true,
        logger: Logger
    ) {
        self.traces = traces
        self.agentAudit = agentAudit
        self.followUps = followUps
        self.sessions = sessions
        self.stopsFloods = stopsFloods
        self.generations = generations
        self.logger = logger
        // Each conversation has one turn at most in here, so the rooms bound it; of shadows each has a gate of its own.
        (self.jobs, self.jobInput) = AsyncStream.makeStream()
    }

    func receive(_ message: InboundMessage, in room: Room) -> InboundProgress {
        let dialogue = self.dialogue(in: room)
        if message.startsAnew { dialogue.startAnew() }
        let generation = self.generations.hold()
        let isTraced = generation.traces(message.turnID)
        let desk = generation.desks[room.key.site]
        let turn = self.turn(of: message, in: room, dialogue, at: desk)
        let chain = desk.chain(on: turn.page.path)
        let began = chain.clock.now
        switch chain.begin(turn, tracing: isTraced, explaining: false) {
        case .finished(let result):
            self.deliver(result, of: chain, in: generation, to: message, room, dialogue, since: began)
            generation.release()
            return .finished
        case .waiting(let run):
            let pending = Pending(
                generation: generation,
                chain: chain,
                run: run,
                began: began,
                message: message,
                room: room
            )
            self.jobInput.yield(.turn(pending))
            return .later
        }
    }

    func overflow(_ message: InboundMessage, in room: Room) {
        self.tell(message, in: room) { chain, turn, isTraced in
            let sentence = ServerTexts.of(turn.message.lang).oneMoment
            return chain.refused(turn, because: .queueFull, saying: sentence, tracing: isTraced)
        }
    }

    /// Tells the visitor of a message that nobody will answer any more.
    func abandon(_ message: InboundMessage, in room: Room) {
        self.tell(message, in: room) { chain, turn, isTraced in chain.abandoned(turn, tracing: isTraced) }
    }

    /// Ends a turn about which nobody is asked.
    private func tell(
        _ message: InboundMessage,
        in room: Room,
        _ end: (_ chain: Chain, _ turn: Turn, _ isTraced: Bool) -> ChainResult
    ) {
        let dialogue = self.dialogue(in: room)
        let generation = self.generations.hold()
        defer { generation.release() }
        let desk = generation.desks[room.key.site]
        let turn = self.turn(of: message, in: room, dialogue, at: desk)
        let chain = desk.chain(on: turn.page.path)
        let result = end(chain, turn, generation.traces(message.turnID))
        for (index, reply) in result.replies.enumerated() {
            room.reply(Room.Answer(reply), to: message, number: index + 1)
        }
        // Nobody is asked beside about it either: there is too much to do as it is.
        self.traces.keep(result, after: .zero, keepsContent: generation.tracing.keepsContent)
        generation.metrics[chain.name]?.count(result, after: .zero)
    }

    func stop(_ replyID: String, in room: Room) {
        self.dialogue(in: room).sink?.stop(replyID)
    }

    /// Finishes the turns that wait, until a graceful shutdown; those that have begun are waited for.
    func run() async throws {
        await withGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                for await job in self.jobs {
                    group.addTask {
                        switch job {
                        case .turn(let pending): await self.finish(pending)
                        case .shadows(let job, let generation):
                            await self.traces.keep(job, keepsContent: generation.tracing.keepsContent)
                            generation.release()
                        case .followUp(let promise, let clock): await self.wait(for: promise, by: clock)
                        }
                    }
                }
            }
        } onGracefulShutdown: {
            self.jobInput.finish()
        }
    }

    /// Sees to it that the visitor is told where a promised reply doesn't come in time.
    ///
    /// - Parameters:
    ///   - promise: One whose replies are shown, or of an earlier run of the server.
    ///   - clock: Tells when its time is over.
    func lookAfter(_ promise: FollowUps.Promise, by clock: TurnClock) {
        if case .terminated = self.jobInput.yield(.followUp(promise, clock)) { self.followUps.suspend(promise) }
    }

    /// Waits for a promised reply, until its time is over or the server stops.
    private func wait(for promise: FollowUps.Promise, by clock: TurnClock) async {
        let isDue = await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Bool.self) { group in
                group.addTask {
                    await promise.untilEnded()
                    return false
                }
                group.addTask { (try? await clock.sleep(for: promise.timeToLive)) != nil }
                let isDue = await group.next() ?? false
                group.cancelAll()
                return isDue
            }
        }
        if isDue { await self.followUps.expire(promise) } else { self.followUps.suspend(promise) }
    }

    private func finish(_ pending: Pending) async {
        let dialogue = self.dialogue(in: pending.room)
        let chain = pending.chain
        let sink = RoomSink(pending.room, pending.message)
        dialogue.sink = sink
        let interruption = Interruption()
        dialogue.interruption = interruption
        pending.generation.note(interruption)
        let ended = await withTaskGroup(of: ChainResult?.self) { group in
            group.addTask {
                await Self.showTyping(in: pending.room, by: chain.clock)
                return nil
            }
            group.addTask {
                await interruption.wait()
                return nil
            }
            group.addTask {
                await CancelCause.$current.withValue(interruption.cause) {
                    await chain.conclude(pending.run, showing: sink)
                }
            }
            var result: ChainResult?
            for await ended in group {
                result = ended ?? result
                group.cancelAll()
            }
            return result
        }
        dialogue.sink = nil
        dialogue.interruption = nil
        pending.generation.forget(interruption)
        if let ended {
            let result = interruption.wasTakenOver ? ended.interrupted(byClosing: interruption.wasClosed) : ended
            self.deliver(
                result,
                of: chain,
                in: pending.generation,
                to: pending.message,
                pending.room,
                dialogue,
                since: pending.began
            )
        }
        pending.generation.release()
        pending.room.typing(false, by: .responder)
        pending.room.finishedInbound()
    }

    /// Shows that an answer is being written, for as long as nobody cancels.
    private static func showTyping(in room: Room, by clock: TurnClock) async {
        // Most answers are there before anybody could read that they are being written.
        var pause = Duration.milliseconds(300)
        while (try? await clock.sleep(for: pause)) != nil, !Task.isCancelled {
            room.typing(true, by: .responder)
            // Clients take it for over after 6 seconds.
            pause = .seconds(4)
        }
    }

    /// The chain of the page from which the visitor wrote last.
    func chain(in room: Room) -> Chain {
        let desk = self.generations.current.desks[room.key.site]
        return self.dialogue(in: room).page.map(desk.chain(on:)) ?? desk.chain
    }

    func conversationChanged(in room: Room) {
        let dialogue = self.dialogue(in: room)
        let state = room.standing.state
        guard state != .bot else { return }
        dialogue.sink?.stop()
        dialogue.interruption?.takeOver(state == .closed ? .stop : .takeover)
    }

    private func dialogue(in room: Room) -> Dialogue {
        room.companion {
            Dialogue(
                session: room.session,
                site: self.generations.current.desks[room.key.site].site.name,
                EchoWatch(watchesFloods: self.stopsFloods)
            )
        }
    }

    private func deliver(
        _ result: ChainResult,
        of chain: Chain,
        in generation: Generation,
        to message: InboundMessage,
        _ room: Room,
        _ dialogue: Dialogue,
        since began: Duration
    ) {
        let promise = self.followUps.promise(of: result, to: message, in: room)
        for (index, reply) in result.replies.enumerated().dropFirst(result.shownCount) {
            room.reply(Room.Answer(reply), to: message, number: index + 1)
        }
        if let promise, self.followUps.open(promise) { self.lookAfter(promise, by: chain.clock) }
        // The visitor has waited for the messages before, too.
        let elapsed = chain.clock.now - began + message.waited
        self.keep(result, of: chain, in: generation, message, room.key.site, after: elapsed)
        if result.outcome == .handedOver, let handoff = result.effects.handoff {
            let reference = TurnID(message.turnID).reference
            room.handOver(to: handoff.queue, note: handoff.note, reference: reference)
        }
        dialogue.remember(result)
        let metrics = generation.metrics[chain.name]
        chain.delivered(result) { failure in
            metrics?.count(failure)
            self.log(failure, of: message, in: chain)
        }
        metrics?.count(result, after: elapsed)
        for failure in result.failures { self.log(failure, of: message, in: chain) }
    }

    /// Keeps the record of a turn, at once or when those who are asked beside have looked at it.
    private func keep(
        _ result: ChainResult,
        of chain: Chain,
        in generation: Generation,
        _ message: InboundMessage,
        _ site: SiteID,
        after elapsed: Duration
    ) {
        let job = ShadowJob(
            result: result,
            chain: chain,
            beside: generation.desks[site].shadow,
            elapsed: elapsed,
            waited: message.waited
        )
        if job.isNeeded {
            generation.hold()
            if case .enqueued = self.jobInput.yield(.shadows(job, generation)) { return }
            generation.release()
        }
        let keepsContent = generation.tracing.keepsContent
        self.traces.keep(result, after: elapsed, waiting: message.waited, keepsContent: keepsContent)
    }

    /// Notes that a responder failed: the first time, and then once a minute for each responder and reason.
    private func log(_ failure: ResponderFailure, of message: InboundMessage, in chain: Chain) {
        let key = "\(chain.name)/\(failure.responder): \(failure.failure.code)"
        let now = chain.clock.now
        let count = self.failureCounts.withLock { counts -> Int? in
            var entry = counts[key] ?? (count: 0, loggedAt: nil)
            entry.count += 1
            defer { counts[key] = entry }
            if let last = entry.loggedAt, now - last < .seconds(60) { return nil }
            defer { entry = (0, now) }
            return entry.count
        }
        guard let count else { return }
        self.logger.error(
            "Responder failed",
            metadata: [
                "chain.name": "\(chain.name)", "responder.name": "\(failure.responder)",
                "failure.code": "\(failure.failure.code)", "failure.count": "\(count)",
                "turn.id": "\(message.turnID)", "request.id": "\(message.origin?.request ?? "")",
                "trace.id": "\(message.origin?.trace?.traceID ?? "")",
                // What an error says that a plugin threw may quote the visitor.
                "failure.problem": "\(failure.failure.code == .error ? "" : failure.failure.problem ?? "")",
            ]
        )
    }

    /// Who wrote a message, by the word of the site.
    ///
    /// Of a turn that is run again nobody is there who could show a token; but a session of a visitor for whom the site vouches
    /// was never anybody else's.
    private func visitor(of inbound: InboundMessage, in room: Room) -> Visitor {
        let shown = inbound.origin?.visitor
        guard shown != nil || inbound.attempt > 1 else { return Visitor() }
        let known = self.sessions?.visitor(of: room.session, at: room.key.site)
        guard let id = shown ?? known?.id else { return Visitor() }
        let profile = known?.id == id ? known?.profile : nil
        return Visitor(id: id, name: profile?.name, attributes: profile?.attributes ?? [:], isVerified: true)
    }

    private func turn(of inbound: InboundMessage, in room: Room, _ dialogue: Dialogue, at desk: SiteDesk) -> Turn {
        let message = inbound.message
        let milliseconds = message.timestamp.milliseconds
        let (page, lang, sent) = message.context.read { context in
            (
                Page(of: context, writtenOn: inbound.page), context.text("locale"),
                context.text("clientTimestamp").flatMap { Timestamp($0) }
            )
        }
        dialogue.speak(ServerTexts.of(lang), in: room)
        dialogue.page = page.path
        return Turn(
            id: TurnID(inbound.turnID),
            message: Incoming(
                id: message.id,
                seq: inbound.seq,
                text: normalized(message.text),
                lang: lang,
                serverTime: milliseconds,
                clientTime: sent?.milliseconds
            ),
            conversation: dialogue.conversation(in: room),
            visitor: self.visitor(of: inbound, in: room),
            page: page,
            history: History(lazily: { history(of: room, before: inbound.seq, atMost: $0) }),
            localTime: desk.site.localTime(atMilliseconds: milliseconds),
            isOpen: desk.site.isOpen(atMilliseconds: milliseconds),
            isStaffed: room.isStaffed,
            attempt: inbound.attempt,
            trace: inbound.origin?.trace,
            texts: desk.site.texts
        )
    }
}
