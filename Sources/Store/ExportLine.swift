internal import Messages

/// One message as a line of JSON, with what belongs to it.
enum ExportLine {
    /// A line isn't what ``encode(_:)`` makes.
    struct Invalid: Error {}

    /// What a line holds.
    struct Content: Sendable {
        let message: MessageEntry
        let outcome: TurnOutcome?
        let feedback: Feedback?
    }

    static func encode(_ item: MessageScan.Item) -> [UInt8] {
        let message = item.message
        var writer = JSONWriter(reserving: message.frame.count + 256)
        writer.object { line in
            line.text("site", message.site.rawValue)
            line.text("session", message.session.rawValue)
            line.text("epoch", message.epoch)
            line.integer("seq", message.seq)
            line.text("id", message.id)
            line.text("speaker", message.speaker.rawValue)
            line.integer("time", Int(message.time.milliseconds))
            line.text("page", message.page)
            if let visitor = item.visitor { line.text("visitor", visitor) }
            if let feedback = item.feedback { line.text("feedback", feedback.rawValue) }
            if let comment = item.comment { line.text("comment", comment) }
            if let turn = item.turn {
                line.text("turn", turn.id)
                if let outcome = turn.outcome { line.text("outcome", outcome) }
                if let rule = turn.rule { line.text("rule", rule) }
            }
        }
        // What is JSON already comes last, as it is.
        var bytes = writer.bytes
        bytes.removeLast()
        bytes += #","frame":"#.utf8
        bytes += message.frame
        if let trace = item.turn?.trace {
            bytes += #","trace":"#.utf8
            bytes += trace
        }
        bytes += "}\n".utf8
        return bytes
    }

    static func decode(_ line: [UInt8]) throws -> Content {
        guard line.count <= 2 * StoreOptions.recordBytes, line.withUnsafeBytes(UTF8Validator.isValid) else {
            throw Invalid()
        }
        return try line.withUnsafeBufferPointer { bytes in
            var reader = LineReader(bytes)
            return try reader.content()
        }
    }

    static let csvHeader = "time,site,session,seq,speaker,id,page,text,outcome,rule,feedback,comment\r\n"

    /// One message as a row of CSV (RFC 4180), without its trace.
    static func csv(_ item: MessageScan.Item) -> String {
        let message = item.message
        let cells = [
            message.time.description, message.site.rawValue, message.session.rawValue, String(message.seq),
            message.speaker.rawValue, message.id, message.page, message.text, item.turn?.outcome ?? "",
            item.turn?.rule ?? "", item.feedback?.rawValue ?? "", item.comment ?? "",
        ]
        return cells.map(self.cell).joined(separator: ",") + "\r\n"
    }

    /// A cell that no spreadsheet takes for a formula.
    private static func cell(_ text: String) -> String {
        let isFormula =
            switch text.utf8.first {
            case UInt8(ascii: "="), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "@"), 0x09, 0x0A, 0x0D: true
            default: false
            }
        let safe = isFormula ? "'" + text : text
        let needsQuotes = safe.utf8.contains { byte in
            byte == UInt8(ascii: ",") || byte == UInt8(ascii: "\"") || byte == 0x0A || byte == 0x0D
        }
        return needsQuotes ? "\"" + safe.replacing("\"", with: "\"\"") + "\"" : safe
    }
}

/// Reads one line of an export, of which anybody may have written anything.
private struct LineReader {
    private let bytes: UnsafeBufferPointer<UInt8>
    private var scanner = JSONScanner()

    init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    mutating func content() throws -> ExportLine.Content {
        do {
            try self.scanner.scan(self.bytes)
        } catch {
            throw ExportLine.Invalid()
        }
        let message = try self.message()
        let turn = try self.text("turn")
        var outcome: TurnOutcome?
        if let turn, let name = try self.text("outcome") {
            outcome = TurnOutcome(
                turn: turn,
                outcome: name,
                time: message.time,
                rule: try self.text("rule"),
                trace: try self.object("trace") ?? TurnOutcome.noTrace
            )
        }
        var feedback: Feedback?
        if let written = try self.text("feedback") {
            guard let value = Feedback.Value(rawValue: written) else { throw ExportLine.Invalid() }
            feedback = Feedback(
                site: message.site,
                session: message.session,
                message: message.id,
                value: value,
                comment: try self.text("comment"),
                time: message.time
            )
        }
        var entry = MessageEntry(message, turn: turn.map { TurnOpening(turn: $0) })
        entry.visitor = try self.text("visitor")
        guard StoreEntry.message(entry).isValid, outcome.map({ StoreEntry.turnEnded($0).isValid }) ?? true,
            feedback.map({ StoreEntry.feedback($0).isValid }) ?? true
        else {
            throw ExportLine.Invalid()
        }
        return ExportLine.Content(message: entry, outcome: outcome, feedback: feedback)
    }

    private func message() throws -> StoredMessage {
        guard let site = try self.text("site").flatMap({ SiteID($0) }),
            let session = try self.text("session").flatMap({ SessionID($0) }),
            let epoch = try self.text("epoch"), let seq = self.integer("seq"), let id = try self.text("id"),
            let speaker = try self.text("speaker").flatMap(Message.Speaker.init), let time = self.integer("time"),
            let page = try self.text("page"), let frame = try self.object("frame")
        else { throw ExportLine.Invalid() }
        try self.checkFrame(frame, session, epoch, seq, id, speaker)
        return StoredMessage(
            site: site,
            session: session,
            epoch: epoch,
            seq: seq,
            id: id,
            speaker: speaker,
            time: Timestamp(milliseconds: Int64(time)),
            page: page,
            frame: frame
        )
    }

    /// A frame is shown to clients as it is, so it must not say anything else than its line.
    private func checkFrame(
        _ frame: [UInt8],
        _ session: SessionID,
        _ epoch: String,
        _ seq: Int,
        _ id: String,
        _ speaker: Message.Speaker
    ) throws {
        try frame.withUnsafeBufferPointer { bytes in
            var inner = LineReader(bytes)
            guard (try? inner.scanner.scan(bytes)) != nil else { throw ExportLine.Invalid() }
            let isSame =
                try inner.text("sessionId") == session.rawValue && inner.text("epoch") == epoch
                && inner.integer("seq") == seq && inner.text("id") == id && inner.text("type") == speaker.rawValue
                && inner.text("message").map { $0.utf8.count <= Limits.messageBytes } ?? false
            guard isSame else { throw ExportLine.Invalid() }
        }
    }

    private func text(_ key: StaticString) throws -> String? {
        guard let value = self.scanner.value(of: key, in: self.bytes) else { return nil }
        guard value.kind == .string else { throw ExportLine.Invalid() }
        return self.scanner.text(of: value, in: self.bytes)
    }

    private func integer(_ key: StaticString) -> Int? {
        guard let value = self.scanner.value(of: key, in: self.bytes), value.kind == .number else { return nil }
        return self.scanner.integer(of: value, in: self.bytes)
    }

    private func object(_ key: StaticString) throws -> [UInt8]? {
        guard let value = self.scanner.value(of: key, in: self.bytes) else { return nil }
        guard value.kind == .object else { throw ExportLine.Invalid() }
        return Array(self.bytes[value.start..<value.end])
    }
}
