internal import Access
internal import Diagnostics
internal import Hub
internal import Observability
internal import Responders
internal import ServiceLifecycle
internal import Transport

/// Works by the configurations that a reload brings, and ends each when its last turn has.
final class ConfigurationService: ConfigurationServing, Service {
    private let generations: Generations
    private let parts: PartService
    private let rules: ServingRules
    private let clock: TurnClock
    private let metrics: MetricsRegistry
    /// Gives sessions and tokens of all generations.
    private let desk: SessionDesk
    private let old: AsyncStream<Generation>
    private let oldInput: AsyncStream<Generation>.Continuation

    /// - Parameters:
    ///   - generations: The one that counts.
    ///   - parts: Runs what is beside the turns.
    ///   - rules: What a configuration must be like in this process.
    ///   - desk: Gives sessions and tokens.
    ///   - clock: Says when an old generation has had its time.
    ///   - metrics: Where turns are counted.
    init(
        _ generations: Generations,
        _ parts: PartService,
        _ rules: ServingRules,
        desk: SessionDesk,
        clock: TurnClock,
        metrics: MetricsRegistry
    ) {
        self.generations = generations
        self.parts = parts
        self.rules = rules
        self.desk = desk
        self.clock = clock
        self.metrics = metrics
        // Reloads come one after the other, and each begins to end what was before.
        (self.old, self.oldInput) = AsyncStream.makeStream()
    }

    var chains: [Chain] { self.generations.current.desks.chains }

    func desks(of configuration: Configuration) throws(Rejection) -> Desks {
        try self.rules.desks(of: configuration)
    }

    func take(_ configuration: Configuration, _ desks: Desks, as generation: Int) async throws(Rejection) {
        let admission = Admission(configuration, isDevelopment: self.rules.isDevelopment, desk: self.desk)
        let next = Generation(
            by: configuration,
            desks,
            as: generation,
            admission: admission,
            metrics: self.metrics
        )
        let parts = next.parts
        // What runs already may be ill without anybody having changed it.
        let fresh = self.parts.start(parts)
        let problems = await self.problems(at: fresh, configuration) + configuration.refusedStages
        guard problems.isEmpty else {
            await self.parts.release(parts)
            throw Rejection(problems)
        }
        let old = self.generations.replace(with: next)
        self.desk.take(configuration, isDevelopment: self.rules.isDevelopment)
        self.oldInput.yield(old)
    }

    /// Waits until everything has started that runs from the start, or has had its time.
    ///
    /// What doesn't start has said so in the log, and goes on trying.
    ///
    /// - Parameter configuration: The one that the server starts with.
    /// - Returns: Where programs are asked in a stage that they don't offer.
    func waitUntilStarted(_ configuration: Configuration) async -> [Diagnostic] {
        let parts = self.generations.current.parts
        await Responders.waitUntilStarted(parts, within: ConfigurationReloader.startTime, on: self.clock)
        return configuration.refusedStages
    }

    /// Waits until everything has started.
    ///
    /// - Returns: What has not and will not by itself, each with the place of its entry.
    private func problems(at parts: [any RunningPart], _ configuration: Configuration) async -> [Diagnostic] {
        let limit = ConfigurationReloader.startTime
        return await withTaskGroup(of: Diagnostic?.self) { group in
            for part in parts {
                let place = configuration.instances.place(of: part) ?? Place(file: configuration.file)
                group.addTask {
                    do {
                        try await part.waitUntilStarted()
                        return nil
                    } catch let problem as StartProblem {
                        guard !problem.isPassing else { return nil }
                        return Diagnostic(problem.code, at: place, problem.problem, hint: problem.hint)
                    } catch {
                        let hint = "it has \(limit.written) to start"
                        return Diagnostic("start-timeout", at: place, "it has not started", hint: hint)
                    }
                }
            }
            let clock = self.clock
            group.addTask {
                guard (try? await clock.sleep(for: limit)) != nil else { return nil }
                let place = Place(file: configuration.file)
                return Diagnostic("start-timeout", at: place, "not everything has started within \(limit.written)")
            }
            var (problems, open) = ([Diagnostic](), parts.count)
            while open > 0, let finding = await group.next() {
                if let finding { problems.append(finding) }
                if finding?.code == "start-timeout" { break }
                open -= 1
            }
            group.cancelAll()
            return problems.inFileOrder()
        }
    }

    /// Ends old generations, until a graceful shutdown.
    func run() async {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                for await old in self.old { group.addTask { await self.end(old) } }
                group.cancelAll()
            }
        }
    }

    private func end(_ old: Generation) async {
        await withTaskGroup(of: Void.self) { group in
            let clock = self.clock
            group.addTask {
                guard (try? await clock.sleep(for: ConfigurationReloader.endTime)) != nil else { return }
                old.cancelTurns()
            }
            await old.untilUnused()
            group.cancelAll()
        }
        guard !Task.isCancelled else { return }
        // What looks at turns that have ended asks responders, too.
        let parts = old.parts
        let observers = parts.filter { !($0 is any RunningResponder) }
        await self.endObservers(observers)
        await self.parts.release(parts.filter { $0 is any RunningResponder })
    }

    private func endObservers(_ observers: [any RunningPart]) async {
        guard !observers.isEmpty else { return }
        await withTaskGroup(of: Void.self) { group in
            let (clock, parts) = (self.clock, self.parts)
            group.addTask { await parts.release(observers) }
            group.addTask { try? await clock.sleep(for: ConfigurationReloader.endTime) }
            await group.next()
            group.cancelAll()
        }
    }
}

extension Configuration {
    /// Entries whose programs, by what they say of themselves, can't stand in their stage.
    fileprivate var refusedStages: [Diagnostic] {
        let entries = self.chains.values.flatMap(\.entries).filter(\.isEnabled)
        let refused = entries.compactMap { entry -> Diagnostic? in
            guard let running = entry.responder as? any RunningResponder, !running.offers(entry.stage) else {
                return nil
            }
            let place = self.instances.place(of: running) ?? Place(file: self.file)
            let problem = "\"\(entry.name)\" stands in \(entry.stage), which its program doesn't offer"
            let hint = "move the entry, or add the stage to \"stages\" of its \"ready\""
            return Diagnostic("stage-not-offered", at: place, problem, hint: hint)
        }
        return refused.inFileOrder()
    }
}

extension SessionDesk {
    /// Takes over what a configuration says of sites and keys.
    fileprivate func take(_ configuration: Configuration, isDevelopment: Bool) {
        self.replaceSites(configuration.agreements(isDevelopment: isDevelopment))
        if let keys = configuration.tokenKeys { self.replaceKeys(keys) }
    }
}
