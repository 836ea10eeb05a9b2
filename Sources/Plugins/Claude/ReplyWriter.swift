internal import Responders
internal import Synchronization

/// Takes the text of a reply as it comes, over several calls of the model.
///
/// One turn has one of its own.
final class ReplyWriter: Sendable {
    private struct State {
        var cutter = PieceCutter()
        var text = ""
        /// Whether a part has ended, so that what comes stands in a paragraph of its own.
        var isBetweenParts = false
    }

    private let state = Mutex(State())
    private let show: @Sendable (String) throws -> Void

    /// - Parameter show: Takes pieces that end in whole characters; what it throws means that nobody wants more.
    init(_ show: @escaping @Sendable (String) throws -> Void) { self.show = show }

    /// Whether anything was written that a visitor can read.
    var hasWritten: Bool { self.state.withLock { $0.text.contains { !$0.isWhitespace } } }

    /// Begins the text of a further call.
    func beginPart() {
        self.state.withLock { $0.isBetweenParts = !$0.text.isEmpty }
    }

    /// Takes the next piece.
    func write(_ piece: String) throws {
        let shown = self.state.withLock { state -> String in
            var piece = piece
            if state.isBetweenParts {
                // Behind a call of a tool the text goes on after a blank line.
                piece = String(piece.drop { $0.isWhitespace })
                guard !piece.isEmpty else { return "" }
                state.isBetweenParts = false
                piece = "\n\n" + piece
            }
            state.text += piece
            return state.cutter.append(piece)
        }
        if !shown.isEmpty { try self.show(shown) }
    }

    /// Shows what was held back.
    func finish() throws {
        let shown = self.state.withLock { $0.cutter.finish() }
        if !shown.isEmpty { try self.show(shown) }
    }

    /// The whole reply, perhaps with a paragraph behind it.
    func reply(followedBy note: String = "") -> Reply {
        let text = self.state.withLock { $0.text }
        return Reply(note.isEmpty ? text : "\(text)\n\n\(note)")
    }
}
