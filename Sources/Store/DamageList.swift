internal import Synchronization

/// Where the first damaged records are that a walk finds.
final class DamageList: Sendable {
    private let list = Mutex<[StoredPosition]>([])

    var positions: [StoredPosition] { self.list.withLock { $0 } }

    func append(_ position: StoredPosition) {
        self.list.withLock { list in
            if list.count < 100 { list.append(position) }
        }
    }
}
