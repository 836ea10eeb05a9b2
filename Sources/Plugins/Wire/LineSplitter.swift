/// Cuts a stream of bytes into lines of a bounded length.
///
/// A value of one reader. Keeps at most ``limit`` bytes.
struct LineSplitter {
    /// The longest line, in bytes without its end.
    let limit: Int
    private var rest: [UInt8] = []
    /// Whether the line in ``rest`` was too long: what follows of it is dropped.
    private var isDropping = false

    init(limit: Int) { self.limit = limit }

    /// A line, or the beginning of one that was too long.
    struct Line: Hashable {
        var bytes: [UInt8]
        var isCut: Bool
    }

    /// Takes the next bytes.
    ///
    /// - Returns: The lines that they complete, without `\n` and without a `\r` before it; a line that is too long comes as
    ///   soon as that is known.
    mutating func append(_ bytes: UnsafeRawBufferPointer) -> [Line] {
        var lines: [Line] = []
        var start = 0
        while start < bytes.count {
            let end = bytes[start...].firstIndex(of: 0x0A)
            self.take(UnsafeRawBufferPointer(rebasing: bytes[start..<(end ?? bytes.count)]), &lines)
            guard let end else { break }
            self.endLine(&lines)
            start = end + 1
        }
        return lines
    }

    /// The line that the stream ended in without a line break.
    mutating func finish() -> [Line] {
        var lines: [Line] = []
        if !self.rest.isEmpty { self.endLine(&lines) }
        return lines
    }

    private mutating func take(_ bytes: UnsafeRawBufferPointer, _ lines: inout [Line]) {
        guard !self.isDropping else { return }
        // One more for a carriage return that isn't part of the line.
        let room = self.limit + 1 - self.rest.count
        self.rest.append(contentsOf: bytes.prefix(room))
        guard bytes.count > room || (self.rest.count > self.limit && self.rest.last != 0x0D) else { return }
        lines.append(Line(bytes: Array(self.rest.prefix(self.limit)), isCut: true))
        self.rest.removeAll(keepingCapacity: true)
        self.isDropping = true
    }

    private mutating func endLine(_ lines: inout [Line]) {
        defer {
            self.rest.removeAll(keepingCapacity: true)
            self.isDropping = false
        }
        guard !self.isDropping else { return }
        if self.rest.last == 0x0D { self.rest.removeLast() }
        lines.append(Line(bytes: self.rest, isCut: false))
    }
}
