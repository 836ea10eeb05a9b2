internal import GRDB
internal import GRDBSQLite

/// A statement that is bound and stepped through SQLite's own interface, for what is done with each message.
///
/// The arguments and rows of GRDB took a quarter of what a message costs in the store (`Benchmarks/instructions --store`); all
/// else goes through them. To be used with the database that GRDB gives, on its thread, within its transaction.
struct DirectStatement {
    /// Keeps what ``pointer`` is.
    private let statement: Statement
    private let pointer: SQLiteStatement
    private var bound: CInt = 0
    private var failure = SQLITE_OK

    init(_ sql: String, _ db: Database) throws {
        self.statement = try db.cachedStatement(sql: sql)
        self.pointer = self.statement.sqliteStatement
    }

    /// SQLite takes a copy of what is bound.
    private static let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

    private mutating func note(_ code: CInt) {
        if code != SQLITE_OK { self.failure = code }
    }

    private mutating func next() -> CInt {
        self.bound += 1
        return self.bound
    }

    /// Binds the next parameter, as do its likes.
    mutating func bind(_ number: Int64) { self.note(sqlite3_bind_int64(self.pointer, self.next(), number)) }

    mutating func bind(_ number: Int) { self.bind(Int64(number)) }

    mutating func bind(_ number: Int64?) {
        if let number { self.bind(number) } else { self.note(sqlite3_bind_null(self.pointer, self.next())) }
    }

    mutating func bind(_ text: String) {
        var text = text
        let index = self.next()
        let code = text.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) { characters in
                // An empty text has no address, which would make it NULL.
                characters.baseAddress.map {
                    sqlite3_bind_text(self.pointer, index, $0, CInt(characters.count), Self.transient)
                } ?? sqlite3_bind_text(self.pointer, index, "", 0, Self.transient)
            }
        }
        self.note(code)
    }

    mutating func bind(_ text: String?) {
        if let text { self.bind(text) } else { self.note(sqlite3_bind_null(self.pointer, self.next())) }
    }

    mutating func bind(_ bytes: [UInt8]) {
        let index = self.next()
        let code = bytes.withUnsafeBytes { bytes in
            bytes.isEmpty
                ? sqlite3_bind_zeroblob(self.pointer, index, 0)
                : sqlite3_bind_blob(self.pointer, index, bytes.baseAddress, CInt(bytes.count), Self.transient)
        }
        self.note(code)
    }

    /// Executes a statement that gives no rows.
    mutating func execute() throws { _ = try self.first { _ in } }

    /// Executes the statement, and reads its first row.
    ///
    /// - Parameter read: Takes the columns out of the row, which is gone afterwards.
    /// - Returns: What was read; nothing where there is no row.
    /// - Throws: A `DatabaseError` with a code of SQLite.
    mutating func first<Value>(_ read: (DirectRow) throws -> Value) throws -> Value? {
        var value: Value?
        try self.each { row in
            value = try read(row)
            return false
        }
        return value
    }

    /// Executes the statement, and reads its rows.
    ///
    /// - Parameter body: Takes the columns out of a row, which is gone afterwards; says whether it wants the next one.
    /// - Throws: A `DatabaseError` with a code of SQLite, or what `body` throws.
    mutating func each(_ body: (DirectRow) throws -> Bool) throws {
        defer {
            sqlite3_reset(self.pointer)
            self.bound = 0
            self.failure = SQLITE_OK
        }
        guard self.failure == SQLITE_OK else { throw DatabaseError(resultCode: ResultCode(rawValue: self.failure)) }
        while true {
            switch sqlite3_step(self.pointer) {
            case SQLITE_ROW: guard try body(DirectRow(pointer: self.pointer)) else { return }
            case SQLITE_DONE: return
            case let code: throw DatabaseError(resultCode: ResultCode(rawValue: code))
            }
        }
    }
}

/// The row that a ``DirectStatement`` stands at; columns count from 0.
struct DirectRow {
    fileprivate let pointer: SQLiteStatement

    func number(_ column: CInt) -> Int64 { sqlite3_column_int64(self.pointer, column) }

    func isNull(_ column: CInt) -> Bool { sqlite3_column_type(self.pointer, column) == SQLITE_NULL }

    /// The bytes of a column; none for NULL.
    func bytes(_ column: CInt) -> [UInt8] {
        guard let start = sqlite3_column_blob(self.pointer, column) else { return [] }
        return Array(UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(self.pointer, column))))
    }

    /// The text of a column; an empty one for NULL.
    func text(_ column: CInt) -> String {
        guard let start = sqlite3_column_text(self.pointer, column) else { return "" }
        let bytes = UnsafeBufferPointer(start: start, count: Int(sqlite3_column_bytes(self.pointer, column)))
        return String(decoding: bytes, as: UTF8.self)
    }
}
