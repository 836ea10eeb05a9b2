internal import FoundationEssentials
internal import Synchronization

/// The files that something was made from, and what stood in them.
///
/// Any thread.
public final class FileRecord: Sendable {
    /// What stood in a file.
    private enum Content: Hashable {
        case missing
        /// In one run of the server the same for the same bytes.
        case bytes(count: Int, hash: Int)
        /// A file that is too long to be read for this.
        case long(bytes: Int, changedAt: Double)
    }

    private let files = Mutex<[String: Content]>([:])
    /// Has everything that this one has.
    private let whole: FileRecord?

    /// - Parameter whole: A record that gets all entries of this one, too.
    public init(partOf whole: FileRecord? = nil) { self.whole = whole }

    /// The paths, in no order.
    public var paths: [String] { self.files.withLock { Array($0.keys) } }

    /// Whether all files still are what they were.
    ///
    /// Reads them, so it is called on no event loop.
    public var isCurrent: Bool { self.files.withLock { $0 }.allSatisfy { Self.content(of: $0.key) == $0.value } }

    /// Notes a file that somebody else reads, as it is now; one that isn't there counts, too.
    ///
    /// - Parameter path: From the current folder.
    public func note(_ path: String) { self.note(path, Self.content(of: path)) }

    /// Notes what was read of a file.
    func note(_ path: String, _ data: Data?) { self.note(path, data.map(Self.content) ?? .missing) }

    /// Has another record have all of these, as they were when they were read.
    func noteAll(in other: FileRecord) {
        for (path, content) in self.files.withLock({ $0 }) { other.note(path, content) }
    }

    private func note(_ path: String, _ content: Content) {
        // What was read first is what counts: a file that changes in between is found out.
        self.files.withLock { files in if files[path] == nil { files[path] = content } }
        self.whole?.note(path, content)
    }

    private static func content(_ data: Data) -> Content { .bytes(count: data.count, hash: data.hashOfAllBytes) }

    private static func content(of path: String) -> Content {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        guard let attributes, attributes[.type] as? FileAttributeType != .typeDirectory else { return .missing }
        let size = (attributes[.size] as? UInt64).map(Int.init) ?? 0
        guard size > PluginServices.maximumFileBytes else {
            return FileManager.default.contents(atPath: path).map(Self.content) ?? .missing
        }
        let changedAt = (attributes[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0
        return .long(bytes: size, changedAt: changedAt)
    }
}

extension Data {
    /// A hash of all bytes: `Data`'s own looks at the first 80 only.
    fileprivate var hashOfAllBytes: Int {
        var hasher = Hasher()
        self.withUnsafeBytes { hasher.combine(bytes: $0) }
        return hasher.finalize()
    }
}
