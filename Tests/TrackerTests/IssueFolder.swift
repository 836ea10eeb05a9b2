import Foundation
import GRDB
import Messages
import Synchronization

@testable import Store
@testable import Tracker

/// A folder of its own for one test, removed when the test is over.
final class IssueFolder: Sendable {
    let url: URL
    private let time = Mutex<Int64>(1_800_000_000_000)

    init() throws {
        self.url = FileManager.default.temporaryDirectory.appendingPathComponent("issues-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: self.url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: self.url) }

    var path: String { self.url.appendingPathComponent("issues.sqlite").path }

    func advance(seconds: Int64) { self.advance(by: .seconds(seconds)) }

    func advance(by duration: Duration) { self.time.withLock { $0 += Int64(duration / .milliseconds(1)) } }

    var now: Int64 { self.time.withLock { $0 } }

    func open(as role: StoreRole = .server, busyMilliseconds: Int = 5_000) throws -> EmbeddedTracker {
        EmbeddedTracker(
            try self.file(as: role, busyMilliseconds: busyMilliseconds),
            link: "https://tracker.example/{number}"
        )
    }

    func file(as role: StoreRole = .server, busyMilliseconds: Int = 5_000) throws -> IssueFile {
        try IssueFile.open(self.path, as: role, busyMilliseconds: busyMilliseconds) {
            Timestamp(milliseconds: self.time.withLock { $0 })
        }
    }

    /// Changes the file past the tracker.
    func change(_ sql: String) throws {
        let queue = try DatabaseQueue(path: self.path)
        try queue.write { try $0.execute(sql: sql) }
        try queue.close()
    }
}

/// The error that something throws.
func trackerError(_ body: () async throws -> Void) async -> TrackerError? {
    do {
        try await body()
        return nil
    } catch {
        return error as? TrackerError
    }
}

extension SiteID {
    static let shop = SiteID("shop") ?? .default
}
