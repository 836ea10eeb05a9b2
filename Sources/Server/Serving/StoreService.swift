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
    ///   - settings: Where it is, and the key that sessions are named with in logs.
    ///   - metrics: Where it counts.
    ///   - logger: Where it is noted that it fails or is well again.
    /// - Returns: The store.
    /// - Throws: A ``StoreError``.
    static func open(_ settings: StoreSettings, metrics: MetricsRegistry, logger: Logger) throws -> MessageStore {
        let (options, key) = (settings.options, settings.auditKey)
        self.makeFolder(of: options.path)
        let isNew = !FileManager.default.fileExists(atPath: options.path)
        let seconds = metrics.histogram(
            "chat_store_commit_seconds",
            help: "From the begin of a transaction to its end."
        )
        let entries = metrics.counter("chat_store_entries_total", help: "Entries that are on the disk.")
        let damaged = metrics.counter(
            "chat_store_damaged_records_total",
            help: "Times that a record was read that isn't what was written."
        )
        let store = try MessageStore.open(options, as: .server, time: .system) { event in
            switch event {
            case .committed(let count, _, let nanoseconds):
                entries.increment(by: count)
                seconds.observe(.nanoseconds(Int64(clamping: nanoseconds)))
            case .health(let state): logger.log(state)
            case .rejected(let error): logger.error("Entry not stored", metadata: ["store.error": "\(error.code)"])
            case .damaged(let position):
                damaged.increment()
                let session = AuditLog.digest(of: position.session.rawValue, key: key)
                logger.error(
                    "Record damaged; restore a backup to have it again",
                    metadata: ["store.record": "\(position.site)/\(session):\(position.seq)"]
                )
            }
        }
        metrics.collect { samples in
            let health = store.health
            samples.gauge("chat_store_queued_entries", help: "Entries that wait to be written.", health.queuedEntries)
            let isDue = store.keys.isDue(at: SystemClocks().timestamp())
            samples.gauge("chat_store_key_due", help: "1 when the key is to be replaced.", isDue ? 1 : 0)
            samples.gauge("chat_store_healthy", help: "1 while everything is written.", health.isDurable ? 1 : 0)
        }
        logger.log(store, isNew: isNew, hadAudit: FileManager.default.fileExists(atPath: settings.auditPath))
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
    /// Says what an operator should know of a store that was opened.
    fileprivate func log(_ store: MessageStore, isNew: Bool, hadAudit: Bool) {
        if isNew, hadAudit {
            self.warning(
                "Store made where one has been; is its disk mounted?",
                metadata: ["store.path": "\(store.options.path)"]
            )
        } else if isNew {
            self.notice("Store made", metadata: ["store.path": "\(store.options.path)"])
        }
        if store.keys.hasOlderRecords {
            self.warning("Records are plain or of an older key; claude-chat store rekey encrypts them")
        }
        if store.keys.isDue(at: SystemClocks().timestamp()) {
            self.warning("The store's key is to be replaced; claude-chat store stats says since when it is used")
        }
    }

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
