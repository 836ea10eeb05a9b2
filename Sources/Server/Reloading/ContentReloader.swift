internal import Diagnostics
internal import FoundationEssentials
internal import Hub
internal import Logging
internal import Messages
internal import NIOPosix
internal import Responders
internal import Synchronization

/// Reads the files of the chains' responders anew, and knows what is live.
///
/// Any thread. Reloads come one after the other.
final class ContentReloader: Sendable {
    /// What one responder answers by.
    struct Report: Sendable {
        /// Its name in the chain, behind the chain's where there are several.
        var responder: String
        var content: ContentState
        /// When what is live was loaded.
        var loadedAt: Timestamp
        /// When newer files were last rejected.
        var rejectedAt: Timestamp?
    }

    private struct Source: Sendable {
        var responder: any ReloadableResponder
        var report: Report
    }

    private let clocks: any Clocks
    private let logger: Logger
    private let observer: @Sendable (_ after: Report, _ before: ContentState) -> Void
    private let state: Mutex<[Source]>
    /// One thread of its own: reading and testing may take a while, and two reloads at once would help nobody.
    private let thread = NIOThreadPool(numberOfThreads: 1)

    /// - Parameters:
    ///   - chains: Whose responders read files.
    ///   - clocks: The time of day.
    ///   - logger: Where it is noted that files are live or were rejected.
    ///   - observer: Learns what a responder answers by after each reading, and what it did before; may write the disk.
    init(
        _ chains: [Chain],
        clocks: any Clocks,
        logger: Logger,
        observer: @escaping @Sendable (_ after: Report, _ before: ContentState) -> Void = { _, _ in }
    ) {
        self.observer = observer
        self.clocks = clocks
        self.logger = logger
        self.state = Mutex(Self.sources(of: chains, after: [], at: clocks.timestamp()))
        self.thread.start()
    }

    /// Takes the responders of other chains in place of those so far.
    ///
    /// - Parameter chains: Those that answer from now on.
    func replace(with chains: [Chain]) {
        let now = self.clocks.timestamp()
        self.state.withLock { $0 = Self.sources(of: chains, after: $0, at: now) }
    }

    private static func sources(of chains: [Chain], after before: [Source], at now: Timestamp) -> [Source] {
        chains.flatMap { chain in
            chain.entries.filter(\.isEnabled).compactMap { entry in
                guard let responder = entry.responder as? any ReloadableResponder else { return nil }
                let name = chains.count == 1 ? entry.name : "\(chain.name)/\(entry.name)"
                // One that was there before has its history.
                let known = before.first { $0.responder.contentID == responder.contentID }?.report
                var report = known ?? Report(responder: name, content: responder.content, loadedAt: now)
                report.responder = name
                return Source(responder: responder, report: report)
            }
        }
    }

    /// Those whose files are read, each with its name.
    var responders: [(name: String, responder: any ReloadableResponder)] {
        self.state.withLock { $0.map { ($0.report.responder, $0.responder) } }
    }

    /// The folders whose changes matter.
    var folders: [String] { self.responders.flatMap(\.responder.contentFolders) }

    /// What is live, with what is out at this moment.
    var reports: [Report] {
        self.state.withLock { $0 }.map { source in
            var report = source.report
            report.content.suspended = source.responder.content.suspended
            return report
        }
    }

    /// Reads everything anew.
    ///
    /// - Returns: What is live afterwards, and what was rejected.
    func reload() async throws -> [Report] {
        try await self.thread.runIfActive {
            for (name, responder) in self.responders { self.reload(responder, name) }
            return self.reports
        }
    }

    /// Ends the thread; no reload may follow, and nothing is logged any more.
    func stop() async throws {
        try await self.thread.shutdownGracefully()
        self.state.withLock { $0 = [] }
    }

    /// A responder that has much to read does so by itself, and the others' files don't wait for it.
    private func reload(_ responder: any ReloadableResponder, _ name: String) {
        let before = responder.content
        responder.reload { [weak self] in self?.note(responder, name, before) }
    }

    private func note(_ responder: any ReloadableResponder, _ name: String, _ before: ContentState) {
        let now = self.clocks.timestamp()
        let content = responder.content
        let report = self.state.withLock { sources -> Report? in
            // Another configuration may have come meanwhile.
            guard let index = sources.firstIndex(where: { $0.report.responder == name }),
                sources[index].responder.contentID == responder.contentID
            else { return nil }
            sources[index].report.content = content
            if content.generation != before.generation { sources[index].report.loadedAt = now }
            sources[index].report.rejectedAt = content.rejected.isEmpty ? nil : now
            return sources[index].report
        }
        guard let report else { return }
        self.log(content, after: before, of: name)
        self.observer(report, before)
    }

    private func log(_ content: ContentState, after before: ContentState, of name: String) {
        var metadata: Logger.Metadata = ["responder": "\(name)", "generation": "\(content.generation)"]
        if let first = content.rejected.first(where: { $0.severity == .error }) {
            metadata["errors"] = "\(content.rejected.count { $0.severity == .error })"
            metadata["first"] = "\(first)"
            self.logger.error("Files were rejected; what was loaded before keeps answering", metadata: metadata)
        } else if content.generation != before.generation {
            metadata["digest"] = "\(content.digest)"
            metadata["content"] = "\(content.summary)"
            self.logger.notice("Files were reloaded", metadata: metadata)
        }
    }
}
