internal import FoundationEssentials
internal import Responders

#if canImport(System)
    internal import System
#else
    internal import SystemPackage
#endif
#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// The file in which a budget survives a restart: one line of JSON for each change.
///
/// A call is written down before it is made, so one that the end of the server cuts off stays counted with all that it could
/// have cost. Not shared: whoever has the budget has it, too.
struct BudgetLedger: Sendable {
    private var file: FileDescriptor
    private let path: String
    /// How long the file is, so that it is written anew before it grows without end.
    private var bytes = 0
    private static let longest = 4_194_304

    /// Opens a file, creating it and its folder where they are missing, and reads what is in it.
    ///
    /// - Parameters:
    ///   - path: Where it is.
    ///   - budget: Takes over what was spent.
    ///   - day: Today: what is long ago is left out.
    /// - Throws: ``BudgetLedger/Problem``.
    init(path: String, into budget: inout Budget, on day: Int) throws {
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        self.path = path
        self.file = try Self.locked(path)
        let lines = FileManager.default.contents(atPath: path) ?? Data()
        for line in lines.split(separator: 0x0A) { Self.read(Array(line), into: &budget) }
        budget.forget(before: day)
        do {
            try self.rewrite(budget)
        } catch {
            self.close()
            throw error
        }
    }

    /// Opens a file that nobody else has open in this way.
    private static func locked(_ path: String) throws -> FileDescriptor {
        let file: FileDescriptor
        do {
            file = try FileDescriptor.open(
                path,
                .readWrite,
                options: [.append, .create, .closeOnExec],
                permissions: [.ownerReadWrite]
            )
        } catch {
            throw Problem(text: "\"\(path)\" can't be opened")
        }
        guard flock(file.rawValue, LOCK_EX | LOCK_NB) == 0 else {
            try? file.close()
            throw Problem(text: "\"\(path)\" is in use by another entry or server")
        }
        return file
    }

    /// Lets others have the file.
    func close() { try? self.file.close() }

    struct Problem: Error { var text: String }

    /// Notes a reservation.
    mutating func reserved(_ reservation: Budget.Reservation, _ budget: Budget) throws {
        try self.append(Self.line(reservation), budget)
    }

    /// Notes what a call did cost.
    mutating func settled(_ id: Int, _ amount: Amount, _ budget: Budget) throws {
        let line: JSONValue = [
            "e": JSONValue(id), "t": JSONValue(amount.tokens), "m": JSONValue(amount.spend),
        ]
        try self.append(line, budget)
    }

    /// Notes that a turn began.
    mutating func began(_ session: String, on day: Int, _ budget: Budget) throws {
        try self.append(["n": .text(session), "d": JSONValue(day)], budget)
    }

    private mutating func append(_ line: JSONValue, _ budget: Budget) throws {
        guard self.bytes < Self.longest else { return try self.rewrite(budget) }
        try self.write(line.bytes + [0x0A])
    }

    /// Writes the whole anew: the file has then a line for each day, conversation and open reservation.
    private mutating func rewrite(_ budget: Budget) throws {
        var text: [UInt8] = []
        for (day, amount) in budget.days.sorted(by: { $0.key < $1.key }) {
            let line: JSONValue = [
                "day": JSONValue(day), "t": JSONValue(amount.tokens), "m": JSONValue(amount.spend),
            ]
            text += line.bytes + [0x0A]
        }
        for (name, session) in budget.sessions.sorted(by: { $0.key < $1.key }) {
            let line: JSONValue = [
                "s": .text(name), "n": JSONValue(session.turns), "t": JSONValue(session.tokens),
                "d": JSONValue(session.day),
            ]
            text += line.bytes + [0x0A]
        }
        // Reservations are in the sums already: what of them comes later is a correction.
        for reservation in budget.open.values.sorted(by: { $0.id < $1.id }) {
            guard case .object(let members) = Self.line(reservation) else { continue }
            text += JSONValue.object(members + [.init("held", true)]).bytes + [0x0A]
        }
        // Beside it and then in its place: a crash leaves the old one or the new one.
        let draft = "\(self.path).new"
        try? FileManager.default.removeItem(atPath: draft)
        let file = try Self.locked(draft)
        let old = self.file
        self.file = file
        self.bytes = 0
        try? old.close()
        try self.write(text)
        guard rename(draft, self.path) == 0 else { throw Problem(text: "the ledger can't be written") }
    }

    private mutating func write(_ bytes: [UInt8]) throws {
        do {
            try self.file.writeAll(bytes)
        } catch {
            throw Problem(text: "the ledger can't be written")
        }
        self.bytes += bytes.count
    }

    private static func line(_ reservation: Budget.Reservation) -> JSONValue {
        [
            "r": JSONValue(reservation.id), "s": .text(reservation.session), "d": JSONValue(reservation.day),
            "t": JSONValue(reservation.amount.tokens), "m": JSONValue(reservation.amount.spend),
        ]
    }

    /// Takes over one line; one that a crash has cut is left out.
    private static func read(_ line: [UInt8], into budget: inout Budget) {
        guard let value = try? JSONValue(bytes: line) else { return }
        func number(_ key: String) -> Int? { (try? value.count(key)) ?? nil }
        func text(_ key: String) -> String? { (try? value.textField(key)) ?? nil }
        let amount = Amount(tokens: number("t") ?? 0, spend: number("m") ?? 0)
        if let id = number("r"), let session = text("s"), let day = number("d") {
            let reservation = Budget.Reservation(id: id, session: session, day: day, amount: amount, maxTokens: 0)
            if value["held"] == true { budget.adopt(reservation) } else { budget.hold(reservation) }
        } else if let id = number("e") {
            budget.settle(id, amount)
        } else if let day = number("day") {
            budget.restore(day: day, amount)
        } else if let session = text("s"), let day = number("d") {
            budget.restore(session: session, .init(turns: number("n") ?? 0, tokens: amount.tokens, day: day))
        } else if let session = text("n"), let day = number("d") {
            try? budget.beginTurn(of: session, on: day)
        }
    }
}
