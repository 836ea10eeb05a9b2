import Messages
import Store

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Times long work on a store that ``FilledStore`` made, each once.
enum MaintenanceTimes {
    static func measure(_ path: String) async throws {
        let store = try MessageStore.open(StoreOptions(path: path), as: .server, time: .system)
        async let run: Void = store.run()
        print("| work | s | |")
        print("| --- | --- | --- |")
        try await self.report("statistics") {
            let found = try await store.statistics()
            return "\(found.messages) messages, \(found.rooms) conversations, \(found.bytes >> 20) MiB"
        }
        let backup = path + ".backup"
        try await self.report("backup") {
            try await store.backup(to: backup)
            return ""
        }
        for suffix in ["", "-wal", "-shm"] { unlink(backup + suffix) }
        try await self.report("retention that removes nothing") {
            "\(try await store.retain(RetentionPolicy(days: 36_500)).messages) messages"
        }
        try await self.report("check") {
            let report = try await store.verify()
            return report.isSound ? "sound" : "damaged"
        }
        try await self.report("erasure of a visitor") {
            "\(try await store.erase(visitor: "user-50", of: .default).messages) messages"
        }
        store.finish()
        await run
        store.close()
    }

    private static func report(_ name: String, _ work: () async throws -> String) async throws {
        let start = StoreTime.system.nanoseconds()
        let found = try await work()
        print("| \(name) | \(FilledStore.seconds(since: start)) | \(found) |")
    }
}
