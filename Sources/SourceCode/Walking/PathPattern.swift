/// A pattern for paths, in the language of `.gitignore` (gitignore(5), "PATTERN FORMAT").
///
/// `*`, `?` and `[a-z]` stay within a name, `**` doesn't; a slash in it, but for the last one, ties it to the folder that it
/// is written for; one at the end means folders alone. What it matches is matched with everything in it.
///
/// A comparison takes time in proportion to the length of the pattern times that of the path.
struct PathPattern: Sendable, Hashable {
    private enum Part: Sendable, Hashable {
        /// `**`: any number of names.
        case any
        case name([UInt8])
    }

    private let parts: [Part]
    private let isForFolders: Bool
    private let foldsCase: Bool

    /// - Parameters:
    ///   - text: As written.
    ///   - foldsCase: Whether letters of ASCII match in either case.
    init(_ text: some StringProtocol, foldsCase: Bool = false) {
        var text = text[...]
        self.foldsCase = foldsCase
        self.isForFolders = text.hasSuffix("/")
        if self.isForFolders { text = text.dropLast() }
        let isTied = text.contains("/")
        if text.hasPrefix("/") { text = text.dropFirst() }
        var parts: [Part] = isTied ? [] : [.any]
        for name in text.split(separator: "/") {
            parts.append(name == "**" ? .any : .name(Array(String(name).utf8)))
        }
        // `a/**` is what is in the folder, and not the folder itself.
        if parts.last == .any { parts.append(.name([UInt8(ascii: "*")])) }
        self.parts = parts
    }

    /// Whether it matches a path itself, not merely a folder above it.
    ///
    /// - Parameters:
    ///   - names: The names of the path, from the folder that the pattern is written for.
    ///   - isFolder: What is there.
    /// - Returns: Whether it does.
    func matches(_ names: ArraySlice<Substring>, isFolder: Bool) -> Bool {
        guard isFolder || !self.isForFolders else { return false }
        // Most patterns are one name, for which the last one alone counts.
        if self.parts.count == 2, case .any = self.parts[0], case .name(let pattern) = self.parts[1] {
            return names.last.map { self.matches(pattern, $0) } ?? false
        }
        // For each number of names: whether the parts so far can stand for them.
        var reached = [Bool](repeating: false, count: names.count + 1)
        reached[0] = true
        for part in self.parts {
            switch part {
            case .any: for index in reached.indices.dropFirst() where reached[index - 1] { reached[index] = true }
            case .name(let pattern):
                var next = [Bool](repeating: false, count: reached.count)
                for (index, name) in names.enumerated() where reached[index] {
                    next[index + 1] = self.matches(pattern, name)
                }
                reached = next
            }
        }
        return reached[reached.count - 1]
    }

    /// Whether it matches a file or one of the folders that it is in.
    func includes(_ path: String) -> Bool {
        let names = path.split(separator: "/")
        return names.indices.contains { self.matches(names[...$0], isFolder: $0 < names.count - 1) }
    }

    private func matches(_ pattern: [UInt8], _ name: Substring) -> Bool {
        var name = name
        return name.withUTF8 { name in
            var (p, n, star, mark) = (0, 0, -1, 0)
            while n < name.count {
                if p < pattern.count, pattern[p] == UInt8(ascii: "*") {
                    (star, mark) = (p, n)
                    p += 1
                } else if let next = self.step(pattern, p, name[n]) {
                    (p, n) = (next, n + 1)
                } else if star >= 0 {
                    mark += 1
                    (p, n) = (star + 1, mark)
                } else {
                    return false
                }
            }
            while p < pattern.count, pattern[p] == UInt8(ascii: "*") { p += 1 }
            return p == pattern.count
        }
    }

    /// Where the pattern goes on once it has matched a byte; nothing where it doesn't.
    private func step(_ pattern: [UInt8], _ p: Int, _ byte: UInt8) -> Int? {
        guard p < pattern.count else { return nil }
        switch pattern[p] {
        case UInt8(ascii: "?"): return p + 1
        case UInt8(ascii: "\\") where p + 1 < pattern.count: return self.equal(pattern[p + 1], byte) ? p + 2 : nil
        case UInt8(ascii: "["):
            guard let close = pattern[(p + 1)...].dropFirst().firstIndex(of: UInt8(ascii: "]")) else { fallthrough }
            return Self.contains(pattern[(p + 1)..<close], byte) ? close + 1 : nil
        default: return self.equal(pattern[p], byte) ? p + 1 : nil
        }
    }

    private func equal(_ a: UInt8, _ b: UInt8) -> Bool {
        a == b || self.foldsCase && a.lowercased == b.lowercased
    }

    private static func contains(_ set: ArraySlice<UInt8>, _ byte: UInt8) -> Bool {
        let isNegated = set.first == UInt8(ascii: "!") || set.first == UInt8(ascii: "^")
        let set = Array(isNegated ? set.dropFirst() : set)
        var index = 0
        while index < set.count {
            let isRange = index + 2 < set.count && set[index + 1] == UInt8(ascii: "-")
            let last = isRange ? set[index + 2] : set[index]
            if set[index] <= byte, byte <= last { return !isNegated }
            index += isRange ? 3 : 1
        }
        return isNegated
    }
}

extension UInt8 {
    /// In lower case, where it is a letter of ASCII.
    var lowercased: UInt8 { 0x41...0x5A ~= self ? self | 0x20 : self }
    var isDigit: Bool { 0x30...0x39 ~= self }
    var isLetter: Bool { 0x61...0x7A ~= self | 0x20 }
    /// Of a name in code: a letter, a digit, an underscore, or a part of a character beyond ASCII.
    var isWordPart: Bool { self.isLetter || self.isDigit || self == 0x5F || self >= 0x80 }
    var isSpace: Bool { self == 0x20 || 0x09...0x0D ~= self }
}
