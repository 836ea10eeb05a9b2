public import Diagnostics

/// A responder whose content stands in files that can be read anew while it answers.
public protocol ReloadableResponder: Responder {
    /// The folders that it reads, as paths from the current folder.
    ///
    /// One that doesn't exist may come later.
    var contentFolders: [String] { get }

    /// Names its content: the same for all copies of the responder.
    var contentID: ObjectIdentifier { get }

    /// What it answers by. Any thread; doesn't wait.
    var content: ContentState { get }

    /// Reads everything anew, checks and tests it, and only then answers by it.
    ///
    /// With a mistake nothing changes but ``ContentState/rejected``. A message that is being answered keeps what it
    /// started with. Blocks the calling thread while it reads, so it is never called on an event loop; not called
    /// twice at a time.
    func reload()

    /// The same for those who don't wait where it may take long.
    ///
    /// - Parameter whenDone: Called once the files are read, on any thread; not where the responder stops before, or is asked
    ///   again.
    func reload(whenDone: @escaping @Sendable () -> Void)
}

extension ReloadableResponder {
    /// Reads everything on the calling thread: that of a responder whose files are few.
    public func reload(whenDone: @escaping @Sendable () -> Void) {
        self.reload()
        whenDone()
    }
}

/// What a responder answers by.
public struct ContentState: Sendable, Hashable {
    /// Counts what went live since the server started, from 1.
    public var generation: Int
    /// The same for the same files, byte by byte.
    public var digest: String
    /// What there is: `6 files, 40 rules, 130 tests`.
    public var summary: String
    /// How long it took to read, check and test it.
    public var loadTime: Duration
    /// What doesn't answer for now since it was slow again and again: names of rules, nothing of a visitor's.
    public var suspended: [String]
    /// What is wrong with newer files; empty where the files are those that it answers by.
    public var rejected: [Diagnostic]

    public init(
        generation: Int,
        digest: String,
        summary: String,
        loadTime: Duration,
        suspended: [String] = [],
        rejected: [Diagnostic] = []
    ) {
        self.generation = generation
        self.digest = digest
        self.summary = summary
        self.loadTime = loadTime
        self.suspended = suspended
        self.rejected = rejected
    }
}
