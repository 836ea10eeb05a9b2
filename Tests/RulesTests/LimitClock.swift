import Foundation
import Synchronization

@testable import Rules

/// A clock that goes on by the same step each time it is read, or stands still.
final class SteppingClock: Sendable {
    private let time = Atomic<UInt64>(1_000_000_000)
    private let step: UInt64

    init(step: Duration = .zero) { self.step = step.nanoseconds }

    var nanoseconds: NanosecondClock {
        NanosecondClock { self.time.wrappingAdd(self.step, ordering: .relaxed).newValue }
    }
}

/// A clock that goes on when a test says so.
final class HandClock: Sendable {
    private let time = Mutex(Duration.zero)

    var now: Duration { self.time.withLock { $0 } }

    func advance(by duration: Duration) { self.time.withLock { $0 += duration } }
}

extension Rules.Scanner {
    /// A scanner that measures by a clock of a test.
    static func stepping(by step: Duration) -> Rules.Scanner {
        let clock = SteppingClock(step: step).nanoseconds
        return Rules.Scanner(clock: clock, processor: clock)
    }
}

/// A folder with one file of rules, `a.yaml`, which is removed at the end of `body`.
func withRules<R>(_ rules: String, _ body: (String) throws -> R) throws -> R {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("limits-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try Data("version: 1\nrules:\n\(rules)".utf8).write(to: folder.appendingPathComponent("a.yaml"))
    return try body(folder.path)
}
