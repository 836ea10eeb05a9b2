internal import Diagnostics
internal import Hub
internal import Logging
internal import Messages
internal import NIOPosix
internal import Responders
internal import Synchronization

/// Has another configuration take the place of the one that counts, whole or not at all.
///
/// Any thread. Reloads come one after the other.
final class ConfigurationReloader: Sendable {
    /// What counts, and what was refused.
    struct Report: Sendable {
        /// Counts the configurations that the server has worked by, from 1.
        var generation = 1
        var digest: String
        /// When what counts was loaded.
        var loadedAt: Timestamp
        /// What is wrong with a newer one; nothing where the newest counts.
        var rejection: Rejection?
        /// When that was found.
        var rejectedAt: Timestamp?
        /// What somebody should look at, though it counts: what needs a restart among it.
        var warnings: [Diagnostic] = []
    }

    /// What a reload reads with.
    struct Source: Sendable {
        var file: String
        /// The chain that is run beside those that answer.
        var beside: String?
        var registry: PluginRegistry
        var clock: TurnClock
        var report: @Sendable (Incident) -> Void
        var metrics: PluginMetrics

        /// Reads the configuration and creates what it names.
        ///
        /// - Throws: Every mistake.
        func load(
            _ files: FileRecord,
            after before: ChainInstances = ChainInstances(),
            generation: Int = 1
        ) throws(Rejection) -> Configuration {
            try Configuration.load(
                file: self.file,
                registry: self.registry,
                clock: self.clock,
                report: self.report,
                metrics: self.metrics,
                files: files,
                after: before,
                generation: generation,
                beside: self.beside
            )
        }
    }

    /// How long everything that is new may take to start.
    static let startTime = Duration.seconds(10)
    /// How long the turns of a configuration that doesn't count any more may go on.
    static let endTime = Duration.seconds(60)

    private struct State {
        var live: Configuration
        /// The files of the last try, whatever came of it.
        var files: FileRecord
        var report: Report
    }

    private let source: Source
    private let serving: any ConfigurationServing
    private let contents: ContentReloader
    private let clocks: any Clocks
    private let logger: Logger
    private let observer: @Sendable (_ after: Report, _ before: Report) -> Void
    private let started: FixedSettings
    private let state: Mutex<State>
    private let whole = SharedRun()
    /// Reading and creating may take a while and must not hold up others.
    private let thread = NIOThreadPool(numberOfThreads: 1)

    /// - Parameters:
    ///   - first: The configuration that the server starts with.
    ///   - files: What was read for it.
    ///   - source: What a reload reads with.
    ///   - serving: Takes each new one.
    ///   - contents: Reads the files of responders that do so by themselves.
    ///   - clocks: The time of day.
    ///   - logger: Where it is noted that a configuration counts or was refused.
    ///   - observer: Learns what came of each try; may write the disk.
    init(
        _ first: Configuration,
        files: FileRecord,
        source: Source,
        serving: any ConfigurationServing,
        contents: ContentReloader,
        clocks: any Clocks,
        logger: Logger,
        observer: @escaping @Sendable (_ after: Report, _ before: Report) -> Void = { _, _ in }
    ) {
        self.source = source
        self.serving = serving
        self.contents = contents
        self.clocks = clocks
        self.logger = logger
        self.observer = observer
        self.started = first.fixed
        let report = Report(digest: first.digest, loadedAt: clocks.timestamp(), warnings: first.warnings)
        self.state = Mutex(State(live: first, files: files, report: report))
        self.thread.start()
    }

    var report: Report { self.state.withLock { $0.report } }

    /// The folders whose changes matter: of the configuration, of the files that it names, and of the responders.
    var folders: [String] {
        let files = self.state.withLock { $0.files.paths }
        let parents = files.map { path -> String in
            guard let slash = path.lastIndex(of: "/") else { return "." }
            return slash == path.startIndex ? "/" : String(path[..<slash])
        }
        return Set(parents + self.contents.folders).sorted()
    }

    /// Reads everything anew.
    ///
    /// - Parameter isAsked: Whether somebody wants it; a configuration that was refused is tried again then.
    func reload(isAsked: Bool = true) async {
        await self.whole {
            await self.reloadConfiguration(isAsked: isAsked)
            _ = try? await self.contents.reload()
        }
    }

    /// Ends the threads; no reload may follow.
    func stop() async throws {
        try await self.contents.stop()
        try await self.thread.shutdownGracefully()
    }
}

// MARK: One try

extension ConfigurationReloader {
    private func reloadConfiguration(isAsked: Bool) async {
        let (files, before) = self.state.withLock { ($0.files, $0.report) }
        let isCurrent = (try? await self.thread.runIfActive { files.isCurrent }) ?? true
        guard !isCurrent || isAsked && before.rejection != nil else { return }
        let read = FileRecord()
        var rejection: Rejection?
        do throws(Rejection) {
            let next = try await self.prepared(read, generation: before.generation + 1)
            try await self.serving.take(next.configuration, next.desks, as: before.generation + 1)
            self.take(next.configuration, as: before.generation + 1)
        } catch {
            rejection = error
        }
        let now = self.clocks.timestamp()
        let after = self.state.withLock { state in
            state.files = read
            state.report.rejection = rejection
            state.report.rejectedAt = rejection == nil ? nil : now
            return state.report
        }
        self.log(after)
        _ = try? await self.thread.runIfActive { self.observer(after, before) }
    }

    /// Reads a configuration, creates what is new in it, and runs its tests.
    ///
    /// Nothing of it counts yet.
    private func prepared(
        _ files: FileRecord,
        generation: Int
    ) async throws(Rejection) -> (configuration: Configuration, desks: Desks) {
        let (source, before) = (self.source, self.state.withLock { $0.live.instances })
        let loaded = try? await self.thread.runIfActive { () -> Result<Configuration, Rejection> in
            Result { () throws(Rejection) in
                try source.load(files, after: before, generation: generation)
            }
        }
        guard let configuration = try loaded?.get() else { throw Rejection([]) }
        let desks = try self.serving.desks(of: configuration)
        _ = try await configuration.runTranscripts(with: source.registry, files)
        // Whoever is still writing tells that by the next change.
        guard (try? await self.thread.runIfActive { files.isCurrent }) == true else {
            let place = Place(file: source.file)
            let hint = "it is read again when all is written"
            throw Rejection([
                Diagnostic("changed-meanwhile", at: place, "files changed while they were read", hint: hint)
            ])
        }
        return (configuration, desks)
    }

    private func take(_ configuration: Configuration, as generation: Int) {
        let now = self.clocks.timestamp()
        let changes = configuration.fixed.changes(since: self.started, of: configuration.file)
        self.state.withLock { state in
            state.live = configuration
            state.report = Report(
                generation: generation,
                digest: configuration.digest,
                loadedAt: now,
                warnings: changes + configuration.warnings
            )
        }
        self.contents.replace(with: self.serving.chains)
    }

    private func log(_ report: Report) {
        var metadata: Logger.Metadata = ["generation": "\(report.generation)"]
        if let rejection = report.rejection {
            let errors = rejection.diagnostics.filter { $0.severity == .error }
            metadata["errors"] = "\(errors.count)"
            metadata["first"] = errors.first.map { "\($0)" }
            self.logger.error("The configuration was rejected; the one before keeps answering", metadata: metadata)
            return
        }
        metadata["digest"] = "\(report.digest)"
        self.logger.notice("The configuration was reloaded", metadata: metadata)
        for warning in report.warnings where warning.code == "needs-restart" {
            self.logger.warning("The configuration needs a restart", metadata: ["first": "\(warning)"])
        }
    }
}

/// Works by a configuration.
protocol ConfigurationServing: Sendable {
    /// Who would answer by it.
    ///
    /// - Throws: Why the running server can't work by it.
    func desks(of configuration: Configuration) throws(Rejection) -> Desks

    /// Starts what is new, and has the configuration count from the next message on.
    ///
    /// - Throws: What could not be started; then nothing has changed.
    func take(_ configuration: Configuration, _ desks: Desks, as generation: Int) async throws(Rejection)

    /// The chains that count.
    var chains: [Chain] { get }
}
