internal import GRDB

/// How messages are written for others.
public enum ExportFormat: String, Sendable, CaseIterable {
    /// One JSON object a line, with frames and traces; what ``MessageStore/importLines(_:progress:)`` reads.
    case jsonLines
    /// For spreadsheets, without traces; texts that would be taken for formulas begin with an apostrophe.
    case csv
}

/// What has become of the lines of an export.
public struct ImportResult: Hashable, Sendable {
    /// Messages that are new.
    public var imported = 0
    /// Messages that were there already.
    public var present = 0
    /// Lines that weren't taken: no lines of an export, or for a number that is another message's.
    public var refused = 0
    /// The numbers of the first 100 of those, from 1.
    public var refusedLines: [Int] = []

    fileprivate mutating func refuse(_ line: Int) {
        self.refused += 1
        if self.refusedLines.count < 100 { self.refusedLines.append(line) }
    }
}

extension MessageStore {
    /// Writes messages for others, the oldest first.
    ///
    /// Damaged ones are left out and counted in ``StoreHealth/damagedRecords``.
    ///
    /// - Parameters:
    ///   - filter: Which messages.
    ///   - format: How they are written.
    ///   - progress: Learns how far it has come.
    ///   - write: Takes the next bytes, whole lines.
    /// - Returns: How many messages were written.
    /// - Throws: A ``StoreError``, `cancelled` among them, or what `write` throws.
    @discardableResult
    public func export(
        _ filter: StoreFilter = StoreFilter(),
        as format: ExportFormat = .jsonLines,
        progress: StoreProgress.Report = { _ in },
        to write: @Sendable ([UInt8]) async throws -> Void
    ) async throws -> Int {
        let whole = MessageScan(rows: self.rows, filter: filter, direction: .oldestFirst)
        let scan = try await self.read { db in try whole.narrowed(db) }
        let total = try await self.messageCount()
        if format == .csv { try await write(Array(ExportLine.csvHeader.utf8)) }
        var (scanned, written) = (0, 0)
        var last: Int64?
        while true {
            try self.checkCancellation()
            let start = last
            let step = try await self.read { db in try scan.step(db, from: start) }
            guard let end = step.last else { return written }
            last = end
            let bytes = step.items.flatMap { item in
                format == .csv ? Array(ExportLine.csv(item).utf8) : ExportLine.encode(item)
            }
            scanned += step.rows
            written += step.items.count
            // Before they are handed out, so that nobody has read more than was reported.
            progress(StoreProgress(done: scanned, total: max(total, scanned), records: written))
            if !bytes.isEmpty { try await write(bytes) }
        }
    }

    /// Walks over messages, the oldest first.
    ///
    /// Damaged ones are left out and counted in ``StoreHealth/damagedRecords``.
    ///
    /// - Parameters:
    ///   - filter: Which messages.
    ///   - progress: Learns how far it has come.
    ///   - body: Takes the next messages, some hundred at a time.
    /// - Throws: A ``StoreError``, `cancelled` among them, or what `body` throws.
    public func forEach(
        _ filter: StoreFilter,
        progress: StoreProgress.Report = { _ in },
        _ body: ([FoundMessage]) throws -> Void
    ) async throws {
        let whole = MessageScan(rows: self.rows, filter: filter, direction: .oldestFirst)
        let scan = try await self.read { db in try whole.narrowed(db) }
        let total = try await self.messageCount()
        var scanned = 0
        var last: Int64?
        while true {
            try self.checkCancellation()
            let start = last
            let step = try await self.read { db in try scan.step(db, from: start) }
            guard let end = step.last else { return }
            last = end
            try body(step.items.map(FoundMessage.init))
            scanned += step.rows
            progress(StoreProgress(done: scanned, total: max(total, scanned)))
        }
    }

    /// Takes messages that ``export(_:as:progress:to:)`` wrote as JSON lines.
    ///
    /// Lines that are none of those are left out. What is there already stays as it is, so an import that was ended may
    /// be begun again.
    ///
    /// - Parameters:
    ///   - lines: Without their line breaks.
    ///   - progress: Learns how many lines were read.
    /// - Returns: What has become of the lines.
    /// - Throws: A ``StoreError``, `cancelled` among them, or what `lines` throws.
    public func importLines<Lines: AsyncSequence & Sendable>(
        _ lines: Lines,
        progress: StoreProgress.Report = { _ in }
    ) async throws -> ImportResult where Lines.Element == [UInt8] {
        var result = ImportResult()
        var batch: [(line: Int, content: ExportLine.Content)] = []
        var number = 0
        for try await line in lines {
            number += 1
            if line.isEmpty { continue }
            if let content = try? ExportLine.decode(line) {
                batch.append((number, content))
            } else {
                result.refuse(number)
            }
            guard batch.count == 500 else { continue }
            try self.checkCancellation()
            try await self.add(batch, to: &result)
            batch = []
            progress(StoreProgress(done: number, total: number, records: result.imported))
        }
        try await self.add(batch, to: &result)
        progress(StoreProgress(done: number, total: number, records: result.imported))
        return result
    }

    private func add(_ batch: [(line: Int, content: ExportLine.Content)], to result: inout ImportResult) async throws {
        let contents = batch.map(\.content)
        let outcomes = try await self.writeEntries { writer in try contents.map { try writer.add($0) } }
        for (line, outcome) in zip(batch.map(\.line), outcomes) {
            switch outcome {
            case .committed: result.imported += 1
            case .duplicate: result.present += 1
            case .memoryOnly, .failed: result.refuse(line)
            }
        }
    }
}

extension EntryWriter {
    /// Adds a message with its time, its turn and what was thought of it.
    fileprivate mutating func add(_ content: ExportLine.Content) throws -> AppendOutcome {
        let message = content.message
        if try self.hasMessage(message) { return .duplicate(seq: message.seq) }
        let outcome = try self.write(.message(message))
        guard outcome == .committed else { return outcome }
        if let ended = content.outcome { _ = try self.write(.turnEnded(ended)) }
        if let feedback = content.feedback { _ = try self.write(.feedback(feedback)) }
        return .committed
    }
}
