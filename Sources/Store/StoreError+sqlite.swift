internal import GRDB

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

extension StoreError {
    private static let writeProtection =
        "can't be written; give the server's user the right to write it and its folder"

    /// What an error of SQLite means for the store.
    ///
    /// Only the codes are taken over: the texts of SQLite may quote what was being stored.
    package init(_ error: any Error, at place: String) {
        if let error = error as? StoreError {
            self = error
            return
        }
        guard let error = error as? DatabaseError else {
            self.init(error is CancellationError ? .cancelled : .unexpected, place, "the work was given up")
            return
        }
        let number = error.extendedResultCode.rawValue
        switch error.resultCode {
        case .SQLITE_FULL:
            self.init(.diskFull, place, "no space is left on the disk; free some, nothing has to be restarted")
        case .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_AUTH:
            self.init(.readOnly, place, Self.writeProtection)
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            self.init(.locked, place, "another process has it locked; end that process, or wait for it")
        case .SQLITE_CORRUPT:
            self.init(
                .corrupt,
                place,
                "is damaged (SQLite \(number)); restore a backup; claude-chat store verify says what is whole"
            )
        case .SQLITE_NOTADB:
            self.init(.notAStore, place, "is no database of SQLite; name another file")
        case .SQLITE_CANTOPEN:
            self.init(.cannotOpen, place, "can't be opened; see that its folder exists and may be written")
        case .SQLITE_IOERR where isWriteProtected(place):
            self.init(.readOnly, place, Self.writeProtection)
        case .SQLITE_IOERR:
            self.init(.inputOutput, place, "the disk reported an error (SQLite \(number)); see the log of the system")
        case .SQLITE_CONSTRAINT, .SQLITE_TOOBIG, .SQLITE_MISMATCH, .SQLITE_RANGE:
            self.init(.invalidEntry, place, "an entry can't be stored (SQLite \(number))")
        case .SQLITE_INTERRUPT, .SQLITE_ABORT:
            self.init(.cancelled, place, "the work was given up")
        default:
            self.init(.unexpected, place, "SQLite failed with \(number); report it with this number")
        }
    }
}

/// Whether the file or its log may not be written any more, which SQLite takes for an error of the disk where it has
/// them open.
///
/// Asks without opening: whoever closes a file gives up the locks that SQLite has on it.
private func isWriteProtected(_ path: String) -> Bool {
    ["", "-wal"].contains { suffix in
        access(path + suffix, W_OK) != 0 && [EROFS, EPERM, EACCES].contains(errno)
    }
}
