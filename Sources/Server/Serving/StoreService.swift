internal import Foundation
internal import Logging
internal import Messages
internal import Observability
internal import ServiceLifecycle
internal import Store

/// Writes what waits in the store, and closes it when everybody else has stopped.
struct StoreService: Service {
    let store: MessageStore

    func run() async throws {
        await withGracefulShutdownHandler {
            await self.store.run()
        } onGracefulShutdown: {
            self.store.finish()
        }
        self.store.close()
    }
}

extension MessageStore {
    /// Opens the store of a server, in a folder that is made where there is none.
    ///
    /// - Parameters:
    ///   - options: Where it is.
    ///   - metrics: Where it counts.
    ///   - logger: Where it is noted that it fails or is well again.
    /// - Returns: The store.
    /// - Throws: A ``StoreError``.
    static func open(_ options: StoreOptions, metrics: MetricsRegistry, logger: Logger) throws -> MessageStore {
        self.makeFolder(of: options.path)
        let seconds = metrics.histogram(
            "chat_store_commit_seconds",
            help: "From the begin of a transaction to its end."
        )
        let entries = metrics.counter("chat_store_entries_total", help: "Entries that are on the disk.")
        let store = try MessageStore.open(options, as: .server, time: .system) { event in
            switch event {
            case .committed(let count, _, let nanoseconds):
                entries.increment(by: count)
                seconds.observe(.nanoseconds(Int64(clamping: nanoseconds)))
            case .health(let state): logger.log(state)
            case .rejected(let error): logger.error("Entry not stored", metadata: ["store.error": "\(error.code)"])
            case .damaged: logger.error("Record damaged; restore a backup to have it again")
            }
        }
        metrics.collect { samples in
            let health = store.health
            samples.gauge("chat_store_queued_entries", help: "Entries that wait to be written.", health.queuedEntries)
            samples.gauge("chat_store_healthy", help: "1 while everything is written.", health.isDurable ? 1 : 0)
        }
        return store
    }
}

extension MessageStore {
    /// Makes the folder of a store where there is none; whoever may not make it gets the store's own error.
    static func makeFolder(of path: String) {
        let folder = (path as NSString).deletingLastPathComponent
        guard !folder.isEmpty else { return }
        try? FileManager.default.createDirectory(
            atPath: folder,
            withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700]
        )
    }
}

extension Logger {
    fileprivate func log(_ state: StoreHealth.State) {
        switch state {
        case .healthy: self.notice("Store works again")
        case .failing(let error):
            self.error("Store can't be written; messages are refused", metadata: ["store.error": "\(error)"])
        case .memoryOnly(let error):
            self.error("Store can't be written; messages are in memory alone", metadata: ["store.error": "\(error)"])
        case .stopped: break
        }
    }
}

extension StoreTime {
    /// The time of the machine.
    static let system = StoreTime(
        now: { SystemClocks().timestamp() },
        nanoseconds: { SystemClocks().nanoseconds() },
        sleep: { try? await ContinuousClock().sleep(for: $0) }
    )
}
