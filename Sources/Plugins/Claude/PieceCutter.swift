/// Holds a text's last character back until it is known to be whole: a base letter and its marks, or the parts of an emoji,
/// may come in several pieces.
struct PieceCutter: Sendable {
    private var held = ""

    /// Takes the next piece.
    ///
    /// - Returns: What can be shown, perhaps nothing.
    mutating func append(_ piece: String) -> String {
        self.held += piece
        guard let last = self.held.indices.last else { return "" }
        let shown = String(self.held[..<last])
        self.held = String(self.held[last...])
        return shown
    }

    /// What was held back.
    mutating func finish() -> String {
        defer { self.held = "" }
        return self.held
    }
}
