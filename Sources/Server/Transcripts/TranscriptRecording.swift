internal import ArgumentParser
internal import Diagnostics
internal import Messages
internal import Plugins
internal import Responders
internal import Store

/// Writes a conversation of the store as a transcript: what was said without what must not leave the store, and what came of
/// it.
struct TranscriptRecording {
    private var lines: [String] = []
    private var lastTime: Timestamp?
    private var page: String?
    private let redactor: any TextRedactor

    /// One message with what is known of its turn.
    struct Entry: Sendable {
        var speaker: Message.Speaker
        var text: String
        var time: Timestamp
        var page: String
        /// The language of that page.
        var lang: String?
        /// Of the visitor's messages.
        var outcome: String?
        var responder: String?
        var rule: String?
    }

    /// - Parameters:
    ///   - entries: The messages in their order.
    ///   - session: Its name, by which replies are chosen among several.
    ///   - site: The site that they are of.
    ///   - redactor: Finds what is taken out.
    init(_ entries: [Entry], session: String, site: String, redactor: any TextRedactor) {
        self.redactor = redactor
        let first = entries.first { $0.speaker == .user }
        self.lines.append(
            "# Recorded, with card numbers, addresses and the like taken out. Read it before you keep it."
        )
        if site != "default" { self.lines.append("site: \(site)") }
        self.lines.append("session: \(session)")
        if let lang = first?.lang, !lang.isEmpty { self.lines.append("lang: \(self.line(lang))") }
        if let page = first?.page, !page.isEmpty {
            self.lines.append("page: \(self.line(page))")
            self.page = page
        }
        // The minute is enough, and RFC 3339 has it at the same place.
        if let time = first?.time { self.lines.append("time: \("\(time)".prefix(16).replacing("T", with: " "))") }
        var checks: [String] = []
        for entry in entries {
            if entry.speaker == .user { self.lines += checks }
            self.add(entry)
            if entry.speaker == .user { checks = Self.checks(of: entry) }
        }
        self.lines += checks
    }

    /// The file.
    var text: String { self.lines.joined(separator: "\n") }

    private mutating func add(_ entry: Entry) {
        switch entry.speaker {
        case .user:
            self.lines.append("")
            if let last = self.lastTime { self.addPause(from: last, to: entry.time) }
            self.lastTime = entry.time
            if let page = self.page, page != entry.page { self.lines.append("# On \(self.line(entry.page)).") }
            self.page = entry.page
            self.add(">", ">>", self.redacted(entry.text))
        case .claude:
            let text = self.redacted(entry.text)
            let isPlain = text.first.map { !"/~*\"-".contains($0) && !$0.isWhitespace } ?? false
            if isPlain, !text.contains("\n") || !text.hasSuffix("\n") {
                self.add("<", "<<", text)
            } else {
                self.lines.append("< \"\(Self.quoted(text))\"")
            }
        case .system: break
        }
    }

    private mutating func add(_ mark: String, _ more: String, _ text: String) {
        for (index, part) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            self.lines.append("\(index == 0 ? mark : more) \(part)")
        }
    }

    /// A pause of which somebody may have thought.
    private mutating func addPause(from last: Timestamp, to time: Timestamp) {
        let seconds = (time.milliseconds - last.milliseconds) / 1_000
        guard seconds >= 30 else { return }
        self.lines.append("+ \(Duration.seconds(seconds < 600 ? seconds : seconds / 60 * 60).written)")
    }

    private static func checks(of entry: Entry) -> [String] {
        var lines: [String] = []
        if let responder = entry.responder {
            lines.append("= from: \([responder, entry.rule].compactMap(\.self).joined(separator: " "))")
        }
        if let outcome = entry.outcome, Outcome(rawValue: outcome) != nil { lines.append("= outcome: \(outcome)") }
        return lines
    }

    /// What can't be looked through isn't shown.
    private func redacted(_ text: String) -> String {
        guard let found = try? self.redactor.replacements(in: text) else { return "[not shown]" }
        return text.replacing(found) ?? "[not shown]"
    }

    private func line(_ text: String) -> String {
        String(self.redacted(text).map { $0.isNewline ? " " : $0 })
    }

    private static func quoted(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }
}

extension TranscriptRecording {
    /// Writes a session of a configuration's store to the output.
    ///
    /// - Throws: The exit status, after what is wrong was shown.
    static func write(_ session: String, site: String?, of file: String) async throws {
        guard let id = SessionID(session) else {
            throw ValidationError("\"\(printable(session))\" is no session; they are 1 to 64 of A-Z a-z 0-9 _ -")
        }
        let site = try site.map { try siteID($0) } ?? .default
        let settings: StoreSettings
        do throws(Rejection) { settings = try Configuration.store(file: file) } catch {
            Terminal.current.complain(DiagnosticReport(error.diagnostics).text)
            throw ExitCode(ExitStatus.findings)
        }
        let entries = try await StoreAccess.work(on: settings, "reading") { store, progress in
            try await Self.entries(of: StoreFilter(site: site, session: id), in: store, progress)
        }
        guard entries.contains(where: { $0.speaker == .user }) else {
            Terminal.current.complain(
                "\(settings.options.path): the site \(site.rawValue) has no session \"\(session)\" with a message; "
                    + "name another with --site [no-session]"
            )
            throw ExitCode(ExitStatus.findings)
        }
        try StoreAccess.note("transcript-recorded", [("messages", "\(entries.count)")], on: settings)
        let recording = TranscriptRecording(
            entries,
            session: session,
            site: site.rawValue,
            redactor: try Self.redactor()
        )
        Terminal.current.write(recording.text)
    }

    /// The plugin `redact` with all that it knows by itself.
    private static func redactor() throws -> any TextRedactor {
        let place = Place(file: "redact")
        let settings = Settings(YAMLNode(content: .null, place: place))
        let plugin = try PluginRegistry.builtin().makeResponder(named: "redact", at: place, settings: settings)
        guard let redactor = plugin as? any TextRedactor else { throw Failure(.error, "redact takes nothing out") }
        return redactor
    }

    private static func entries(
        of filter: StoreFilter,
        in store: MessageStore,
        _ progress: ProgressLine
    ) async throws -> [Entry] {
        var found: [FoundMessage] = []
        try await store.forEach(filter, progress: progress.report) { found += $0 }
        var entries: [Entry] = []
        for item in found {
            let message = item.message
            var entry = Entry(speaker: message.speaker, text: message.text, time: message.time, page: message.page)
            entry.lang = MessageContext(ofFrame: message.frame).read { $0.text("locale") }
            entry.outcome = item.outcome
            entry.rule = item.rule
            if let turn = item.turn, let trace = try await store.trace(of: turn)?.outcome?.trace {
                entry.responder = (try? TraceRecord(json: trace))?.responder
            }
            entries.append(entry)
        }
        return entries
    }
}
