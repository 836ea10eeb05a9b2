internal import Diagnostics
internal import FoundationEssentials
internal import Messages
internal import Responders
internal import Rules
internal import Store

/// Reads the visitors' messages of a transcript export: JSON lines, in the order in which they were stored.
///
/// A line is a stored frame as in the protocol, `{"type":"user","sessionId":"s1","message":"hello","context":{…}}`; what
/// isn't a visitor's is passed over. For files that are written by hand, `session` may stand for `sessionId`, and
/// `page`, `title`, `url`, `lang`, `site`, `name` and `vars` may stand beside the message instead of in `context`.
struct TranscriptReader {
    private let file: String
    private var scanner = JSONScanner()
    private var inner = JSONScanner()
    private var clock = Duration.zero
    private(set) var messages: [LoggedMessage] = []
    private var mistakes: [Diagnostic] = []

    /// Reads a file.
    ///
    /// - Parameter file: Its path.
    /// - Returns: The visitors' messages.
    /// - Throws: `no-file`, or `log-syntax` for each line that can't be read, up to ``maximumMistakes``.
    static func messages(of file: String) throws(Rejection) -> [LoggedMessage] {
        guard let bytes = inputBytes(of: file) else {
            let problem = "\"\(file)\" can't be read"
            let hint = "name a transcript export with --log, or - for what comes through a pipe"
            throw Rejection([Diagnostic("no-file", at: Place(file: file), problem, hint: hint)])
        }
        var reader = TranscriptReader(file: file == "-" ? "stdin" : file)
        bytes.withUnsafeBufferPointer { reader.read($0) }
        guard reader.mistakes.isEmpty else { throw Rejection(reader.mistakes) }
        return reader.messages
    }

    /// Of a file that is no transcript not every line is named.
    static let maximumMistakes = 50

    /// - Parameter file: What is named where a line can't be read.
    init(file: String) { self.file = file }

    /// Takes a message of a store; nothing comes of one that isn't a visitor's.
    mutating func take(_ found: FoundMessage) {
        guard found.message.speaker == .user else { return }
        let count = self.messages.count
        found.message.frame.withUnsafeBufferPointer { frame in _ = self.read(line: frame) }
        guard self.messages.count > count else { return }
        let site = found.message.site.rawValue
        self.messages[count].site = site
        if self.messages[count].page.path == RuleContext.Page().path {
            self.messages[count].page.path = found.message.page
        }
        self.messages[count].rule = found.rule
        self.messages[count].isAnswered = found.outcome.map { !Self.unanswered.contains($0) }
    }

    /// The outcomes of turns that nobody had an answer to.
    private static let unanswered: Set<String> = [
        Outcome.fellBack.rawValue, Outcome.failedAndTold.rawValue, "abandoned",
    ]

    private mutating func read(_ bytes: UnsafeBufferPointer<UInt8>) {
        // An editor may have put a byte order mark there.
        var start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        var number = 1
        while start < bytes.count, self.mistakes.count < Self.maximumMistakes {
            let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
            let line = UnsafeBufferPointer(rebasing: bytes[start..<end])
            if !line.allSatisfy({ $0 == 0x20 || $0 == 0x0D }) {
                if let problem = self.read(line: line) { self.mistakes.append(self.failure(problem, line: number)) }
            }
            start = end + 1
            number += 1
        }
    }

    private func failure(_ problem: String, line: Int) -> Diagnostic {
        let hint = #"write one message a line: {"session":"s1","message":"hello","page":"/shop"}"#
        return Diagnostic("log-syntax", at: Place(file: self.file, line: line), problem, hint: hint)
    }

    /// - Returns: What is wrong with the line.
    private mutating func read(line: UnsafeBufferPointer<UInt8>) -> String? {
        guard UTF8Validator.isValid(UnsafeRawBufferPointer(line)) else { return "the line is not UTF-8" }
        guard (try? self.scanner.scan(line)) != nil else { return "the line is not one JSON object" }
        guard self.isVisitors(line) else { return nil }
        guard let text = self.text("message", in: line) else { return "the line has no \"message\"" }
        guard let session = self.text("sessionId", in: line) ?? self.text("session", in: line) else {
            return "the line has no \"session\""
        }
        var message = LoggedMessage(session: session, text: text)
        Self.fill(&message, from: line, self.scanner, &self.inner)
        if let context = self.scanner.value(of: "context", in: line), context.kind == .object {
            let object = UnsafeBufferPointer(rebasing: line[context.start..<context.end])
            if object.count > 2, (try? self.inner.scan(object)) != nil {
                var vars = JSONScanner()
                Self.fill(&message, from: object, self.inner, &vars)
            }
        }
        // Without times a log still has an order: each message comes a minute after the one before it.
        self.clock = self.text("timestamp", in: line).flatMap { Duration(rfc3339: $0) } ?? self.clock + .seconds(60)
        message.time = self.clock
        self.messages.append(message)
        return nil
    }

    /// Whether a frame was sent by a visitor; a line without a type was.
    private func isVisitors(_ line: UnsafeBufferPointer<UInt8>) -> Bool {
        self.text("type", in: line).map { $0 == "user" } ?? true
    }

    private func text(_ key: StaticString, in object: UnsafeBufferPointer<UInt8>) -> String? {
        Self.text(key, in: object, self.scanner)
    }

    private static func text(
        _ key: StaticString,
        in object: UnsafeBufferPointer<UInt8>,
        _ scanner: JSONScanner
    ) -> String? {
        guard let value = scanner.value(of: key, in: object), value.kind == .string else { return nil }
        return scanner.text(of: value, in: object)
    }

    /// Takes what is known about the page and the visitor from an object that was scanned.
    private static func fill(
        _ message: inout LoggedMessage,
        from object: UnsafeBufferPointer<UInt8>,
        _ scanner: JSONScanner,
        _ inner: inout JSONScanner
    ) {
        if let path = self.text("page", in: object, scanner), !path.isEmpty { message.page.path = path }
        if let title = self.text("title", in: object, scanner) ?? self.text("pageTitle", in: object, scanner) {
            message.page.title = title
        }
        if let url = self.text("url", in: object, scanner) { message.page.url = url }
        if let lang = self.text("lang", in: object, scanner) ?? self.text("locale", in: object, scanner) {
            message.lang = lang
        }
        if let site = self.text("site", in: object, scanner) { message.site = site }
        if let name = self.text("name", in: object, scanner) { message.visitorName = name }
        if let vars = scanner.value(of: "vars", in: object), vars.kind == .object {
            let members = UnsafeBufferPointer(rebasing: object[vars.start..<vars.end])
            guard (try? inner.scan(members)) != nil else { return }
            for member in inner.members where member.value.kind == .string {
                message.vars[inner.key(of: member, in: members)] = inner.text(of: member.value, in: members)
            }
        }
    }
}
