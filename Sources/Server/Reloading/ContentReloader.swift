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
        var name: String
        var responder: any ReloadableResponder
    }

    private let sources: [Source]
    private let clocks: any Clocks
    private let logger: Logger
    private let observer: @Sendable (_ after: Report, _ before: ContentState) -> Void
    private let state: Mutex<[Report]>
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
        self.sources = chains.flatMap { chain in
            chain.entries.filter(\.isEnabled).compactMap { entry in
                let name = chains.count == 1 ? entry.name : "\(chain.name)/\(entry.name)"
                return (entry.responder as? any ReloadableResponder).map { Source(name: name, responder: $0) }
            }
        }
        self.clocks = clocks
        self.logger = logger
        let now = clocks.timestamp()
        self.state = Mutex(
            self.sources.map { Report(responder: $0.name, content: $0.responder.content, loadedAt: now) }
        )
        self.thread.start()
    }

    /// Those whose files are read, each with its name.
    var responders: [(name: String, responder: any ReloadableResponder)] {
        self.sources.map { ($0.name, $0.responder) }
    }

    /// The folders whose changes matter.
    var folders: [String] { self.sources.flatMap(\.responder.contentFolders) }

    /// What is live, with what is out at this moment.
    var reports: [Report] {
        var reports = self.state.withLock { $0 }
        for (index, source) in self.sources.enumerated() {
            reports[index].content.suspended = source.responder.content.suspended
        }
        return reports
    }

    /// Reads everything anew.
    ///
    /// - Returns: What is live afterwards, and what was rejected.
    func reload() async throws -> [Report] {
        try await self.thread.runIfActive {
            for index in self.sources.indices { self.reload(at: index) }
            return self.reports
        }
    }

    /// Ends the thread; no reload may follow.
    func stop() async throws { try await self.thread.shutdownGracefully() }

    private func reload(at index: Int) {
        let (name, responder) = (self.sources[index].name, self.sources[index].responder)
        let before = responder.content
        responder.reload()
        let now = self.clocks.timestamp()
        let content = responder.content
        let report = self.state.withLock { reports in
            reports[index].content = content
            if content.generation != before.generation { reports[index].loadedAt = now }
            reports[index].rejectedAt = content.rejected.isEmpty ? nil : now
            return reports[index]
        }
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
