/// Why the store can't do something.
public struct StoreError: Error, Hashable, Sendable {
    /// What is wrong, in a word that stays.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        public let rawValue: String

        private init(_ rawValue: String) { self.rawValue = rawValue }

        public var description: String { self.rawValue }

        /// Another server process has the store.
        public static let inUse = Code("store-in-use")
        /// The file was written by a later version of the program.
        public static let newerVersion = Code("newer-store")
        /// The file is no store.
        public static let notAStore = Code("not-a-store")
        /// There is no file, or no right to open it.
        public static let cannotOpen = Code("cannot-open-store")
        /// No space is left for it.
        public static let diskFull = Code("disk-full")
        /// The file, its folder or its file system can't be written.
        public static let readOnly = Code("store-read-only")
        /// Another process has had the file locked for longer than was waited.
        public static let locked = Code("store-locked")
        /// A part of the file isn't what was written.
        public static let corrupt = Code("store-corrupt")
        /// The file was moved or removed, or another is in its place.
        public static let fileRemoved = Code("store-removed")
        /// The disk reported an error.
        public static let inputOutput = Code("input-output")
        /// A key that records were written with isn't given.
        public static let missingKey = Code("missing-key")
        /// A key isn't the one that records were written with.
        public static let wrongKey = Code("wrong-key")
        /// The store isn't running any more.
        public static let stopped = Code("store-stopped")
        /// Something can't be stored: out of its bounds, or for a place that has another.
        public static let invalidEntry = Code("invalid-entry")
        /// The number in the room is another message's.
        public static let positionTaken = Code("position-taken")
        /// No turn of this name was opened.
        public static let unknownTurn = Code("unknown-turn")
        /// A file to write is there already.
        public static let fileExists = Code("file-exists")
        /// Work was ended before it was done.
        public static let cancelled = Code("cancelled")
        /// A mistake of the store itself.
        public static let unexpected = Code("store-error")
    }

    public let code: Code
    /// The path of the file that it is about.
    public let place: String
    /// One sentence without a visitor's text.
    public let explanation: String

    package init(_ code: Code, _ place: String, _ explanation: String) {
        self.code = code
        self.place = place
        self.explanation = explanation
    }
}

extension StoreError: CustomStringConvertible {
    /// `place: problem; what to do [code]`.
    public var description: String { "\(self.place): \(self.explanation) [\(self.code)]" }
}
