import Testing

/// A way for a client to talk to the server; whoever has no WebSocket sends by POST.
enum Way: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case webSocket, stream, poll

    var testDescription: String { self.rawValue }

    /// What not every way can do.
    enum Feature: CaseIterable, Sendable {
        /// The pieces of a reply that comes piece by piece.
        case pieces
        /// The end of somebody's typing, and who came or went, at once.
        case news
        /// The frames `resume`, `history`, `refresh` and `pong`.
        case allFrames
        /// A close code.
        case closeCode
    }

    /// What a way can't do, and why: the one list of it, which Documentation/Protocol.md has word by word.
    static let lacks: [(ways: Set<Way>, feature: Feature, reason: String)] = [
        (
            [.poll], .pieces,
            "a poll brings no pieces of a reply: it would end with each of them; it brings the whole message"
        ),
        (
            [.poll], .news,
            "a poll doesn't end for typing and presence: they come along with the next message, as they are then"
        ),
        (
            [.stream, .poll], .allFrames,
            "the frames `resume`, `history`, `refresh` and `pong` are for WebSockets: ask again with the position, "
                + "call `/api/chat/history`, and show the next token with the next request"
        ),
        (
            [.stream, .poll], .closeCode,
            "an answer of HTTP has no close code: a stream says why it ends in its last event, a poll with its status"
        ),
    ]

    func has(_ feature: Feature) -> Bool {
        !Self.lacks.contains { $0.feature == feature && $0.ways.contains(self) }
    }

    /// Those that can do something.
    static func all(with feature: Feature) -> [Way] { Self.allCases.filter { $0.has(feature) } }

    /// Those that can't.
    static func all(without feature: Feature) -> [Way] { Self.allCases.filter { !$0.has(feature) } }
}
