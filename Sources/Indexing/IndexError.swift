internal import GRDB

/// Why an index can't be made, kept up or searched.
public struct IndexError: Error, Sendable, Hashable, CustomStringConvertible {
    /// A stable word in kebab-case.
    public var code: String
    /// The file or folder.
    public var place: String
    /// Lower case, no full stop, and no text of a file or a visitor.
    public var explanation: String

    public init(_ code: String, _ place: String, _ explanation: String) {
        self.code = code
        self.place = place
        self.explanation = explanation
    }

    /// What the disk or SQLite says.
    package init(_ error: any Error, at place: String) {
        switch error {
        case let error as IndexError: self = error
        case is CancellationError: self.init("cancelled", place, "ended before it was done")
        case let error as DatabaseError where error.resultCode == .SQLITE_FULL:
            self.init("disk-full", place, "the disk is full; what was there stays")
        case let error as DatabaseError where error.resultCode == .SQLITE_BUSY:
            self.init("busy", place, "another process is writing; try again")
        case let error as DatabaseError
        where error.resultCode == .SQLITE_NOTADB || error.resultCode == .SQLITE_CORRUPT:
            self.init(
                "broken-index",
                place,
                "is no index of ours any more; remove it, it is made anew from its files, by a running server within 30 seconds"
            )
        case let error as DatabaseError:
            self.init("index-error", place, "SQLite says \(error.resultCode)")
        default: self.init("index-error", place, "\(type(of: error))")
        }
    }

    public var description: String { "\(self.place): \(self.explanation) [\(self.code)]" }
}
