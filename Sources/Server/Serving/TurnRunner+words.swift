internal import Foundation
internal import Hub
internal import Messages
internal import Responders

// What a turn sees of a message, of its page and of those before it, and what a room gets of a reply.

extension Page {
    /// The page of a message.
    ///
    /// - Parameters:
    ///   - context: What the message says about it.
    ///   - page: The one that its connection was opened on, where it says nothing.
    init(of context: borrowing MessageContext.Reading, writtenOn page: String) {
        let written = context.text("page") ?? page
        let end = written.utf8.firstIndex { $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") }
        let element = context.texts(of: "selectedElement")
        self.init(
            path: end.map { String(written[..<$0]) } ?? written,
            title: context.text("title") ?? context.text("pageTitle"),
            url: context.text("url"),
            vars: context.texts(of: "vars"),
            selectedElement: PageElement(selector: element["selector"], tag: element["tag"], text: element["text"]),
            errors: context.list(of: "errors")
        )
    }
}

/// The text in Unicode's NFC, so that no responder has to care how a keyboard writes an accent.
func normalized(_ text: String) -> String {
    text.utf8.allSatisfy { $0 < 0x80 } ? text : text.precomposedStringWithCanonicalMapping
}

/// What a responder sees of the messages before one.
func history(of room: Room, before seq: Int, atMost count: Int) -> [HistoryItem] {
    room.messages(before: seq, limit: count).compactMap { frame in
        frame.json.withUnsafeBufferPointer { bytes in
            var scanner = JSONScanner()
            guard (try? scanner.scan(bytes)) != nil, let type = scanner.value(of: "type", in: bytes),
                let text = scanner.value(of: "message", in: bytes)
            else { return nil }
            let author: HistoryItem.Author =
                switch scanner.text(of: type, in: bytes) {
                case "user": .visitor
                case "claude": scanner.value(of: "author", in: bytes).isAgent(in: bytes) ? .agent : .claude
                default: .system
                }
            return HistoryItem(author, scanner.text(of: text, in: bytes))
        }
    }
}

extension JSONScanner.Value? {
    /// Whether the author of a message is an agent; `author` is written by the server alone, its kind first.
    fileprivate func isAgent(in bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let self else { return false }
        return bytes[self.start..<self.end].starts(with: #"{"kind":"agent""#.utf8)
    }
}

extension Room.Answer {
    init(_ reply: Reply) {
        self.init(
            reply.text,
            format: reply.format == .markdown ? .markdown : .plain,
            choices: reply.choices.map { Message.Choice(label: $0.label, send: $0.send ?? $0.label) },
            links: reply.links.map { Message.Link(title: $0.title, url: $0.url) },
            lang: reply.lang
        )
    }
}
