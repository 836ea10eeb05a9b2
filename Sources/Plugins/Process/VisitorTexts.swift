internal import Responders

/// What visitors wrote lately, to keep it out of a log that a plugin writes to.
///
/// A plugin may print whatever it was sent, a traceback with the message in it among them.
struct VisitorTexts: Sendable {
    /// How much is remembered, in bytes.
    static let maximumBytes = 65_536
    /// Whatever has this many bytes in common with a text of a visitor is taken out.
    private static let window = 8

    /// The newest last, in lower case.
    private var texts: [[UInt8]] = []
    private var bytes = 0

    /// Remembers what is personal in a turn.
    mutating func note(_ turn: Turn) {
        for text in [turn.message.text, turn.visitor.name ?? "", turn.visitor.id ?? ""] { self.note(text) }
    }

    mutating func note(_ text: String) {
        let text = Array(text.utf8.prefix(16_384).map(lowercased))
        guard text.count > 2 else { return }
        self.texts.append(text)
        self.bytes += text.count
        while self.bytes > Self.maximumBytes, let oldest = self.texts.first {
            self.bytes -= oldest.count
            self.texts.removeFirst()
        }
    }

    /// The line with `[…]` in place of whatever a visitor wrote.
    func removed(from line: String) -> String {
        let original = Array(line.utf8)
        let folded = original.map(lowercased)
        var isPersonal = [Bool](repeating: false, count: folded.count)
        let windows = self.windows
        for start in folded.indices.dropLast(Self.window - 1) {
            guard windows.contains(packed(folded[start..<start + Self.window])) else { continue }
            for index in start..<start + Self.window { isPersonal[index] = true }
        }
        // A text that is shorter than a window is looked for as a whole.
        for text in Set(self.texts.filter { $0.count < Self.window }) where text.count <= folded.count {
            for start in 0...folded.count - text.count where folded[start..<start + text.count].elementsEqual(text) {
                guard isWord(start..<start + text.count, of: folded) else { continue }
                for index in start..<start + text.count { isPersonal[index] = true }
            }
        }
        return Self.text(original, without: isPersonal)
    }

    private var windows: Set<UInt64> {
        var windows: Set<UInt64> = []
        for text in self.texts where text.count >= Self.window {
            for start in 0...text.count - Self.window { windows.insert(packed(text[start..<start + Self.window])) }
        }
        return windows
    }

    private static func text(_ bytes: [UInt8], without isPersonal: [Bool]) -> String {
        var kept: [UInt8] = []
        for (index, byte) in bytes.enumerated() {
            guard isPersonal[index] else {
                kept.append(byte)
                continue
            }
            if index == 0 || !isPersonal[index - 1] { kept.append(contentsOf: "[…]".utf8) }
        }
        return String(decoding: kept, as: UTF8.self)
    }
}

private func lowercased(_ byte: UInt8) -> UInt8 { 0x41...0x5A ~= byte ? byte | 0x20 : byte }

private func packed(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }

/// Whether no letter or digit stands right before or behind the range.
private func isWord(_ range: Range<Int>, of bytes: [UInt8]) -> Bool {
    func isLetter(_ index: Int) -> Bool {
        guard bytes.indices.contains(index) else { return false }
        let byte = bytes[index]
        return byte >= 0x80 || 0x30...0x39 ~= byte || 0x61...0x7A ~= byte
    }
    return !isLetter(range.lowerBound - 1) && !isLetter(range.upperBound)
}

/// A plugin's text as part of a log: bounded, on one line, without characters that move a cursor.
func logged(_ text: String) -> String {
    var shown = String.UnicodeScalarView()
    for scalar in text.unicodeScalars.prefix(PluginFrame.maximumLogBytes) {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: shown.append(" ")
        default: shown.append(scalar)
        }
    }
    return String(shown)
}
