/// Finds the places that an error text names.
///
/// Known are the traces of Swift, Python, JavaScript (Chrome's form and Firefox's), Java and its kin, Go, .NET, PHP and Ruby,
/// and `file:line[:column]` anywhere. A reader of lines, in time proportional to the text.
public enum StackTrace {
    /// So many places of a text count.
    public static let maximumFrames = 64
    /// What is longer is no line of a trace.
    private static let maximumLineBytes = 4_096

    /// The places in a text, in the order in which they stand, each once.
    public static func frames(in text: String) -> [StackFrame] {
        var frames: [StackFrame] = []
        for line in text.split(whereSeparator: \.isNewline) where line.utf8.count <= self.maximumLineBytes {
            for frame in self.frames(ofLine: line) where !frames.contains(frame) {
                frames.append(frame)
                if frames.count == self.maximumFrames { return frames }
            }
        }
        return frames
    }

    private static func frames(ofLine line: Substring) -> [StackFrame] {
        for form in [self.python, self.java, self.dotNet, self.php, self.worded] {
            if let frame = form(line) { return [frame] }
        }
        return self.plain(line)
    }

    /// Python: `File "/app/basket.py", line 12, in total`.
    private static func python(_ line: Substring) -> StackFrame? {
        guard let (_, rest) = line.cut(at: "File \""), let (path, end) = rest.cut(at: "\", line ") else { return nil }
        let number = end.prefix(while: \.isASCIIDigit)
        let function = end.cut(at: ", in ").map { String($0.1) }
        return StackFrame(path, line: number, function: function)
    }

    /// Java: `at com.acme.Basket.total(Basket.java:12)`; the package says in which folder the file is.
    private static func java(_ line: Substring) -> StackFrame? {
        guard let (head, rest) = line.cut(at: "("), let (place, _) = rest.cut(at: ")"),
            let (file, number) = place.cut(at: ":"), number.allSatisfy(\.isASCIIDigit),
            ["java", "kt", "scala", "groovy"].contains(file.split(separator: ".").last), !file.contains("/")
        else { return nil }
        // `java.base/java.util.List.of`: the module in front is no folder.
        let name = head.split(whereSeparator: { $0 == " " || $0 == "\t" || $0 == "/" }).last ?? ""
        let parts = name.split(separator: ".")
        guard parts.count >= 2 else { return nil }
        let path = (parts.dropLast(2) + [file]).joined(separator: "/")
        return StackFrame(path, line: number, function: parts.suffix(2).joined(separator: "."))
    }

    /// .NET: `at Acme.Basket.Total() in C:\src\Basket.cs:line 12`.
    private static func dotNet(_ line: Substring) -> StackFrame? {
        guard let (head, rest) = line.cut(at: ":line "), let (before, path) = head.cut(at: " in ") else { return nil }
        let function = before.cut(at: "at ").map { String($0.1) }
        return StackFrame(path, line: rest.prefix(while: \.isASCIIDigit), function: function)
    }

    /// PHP: `#0 /app/basket.php(12): total()` and `… in /app/basket.php on line 12`.
    private static func php(_ line: Substring) -> StackFrame? {
        if let (head, rest) = line.cut(at: " on line "), let (_, path) = head.cut(at: " in ") {
            return StackFrame(path, line: rest.prefix(while: \.isASCIIDigit))
        }
        guard line.drop(while: \.isWhitespace).first == "#", let (head, rest) = line.cut(at: "("),
            let (number, end) = rest.cut(at: ")"), end.hasPrefix(":"), !number.isEmpty,
            number.allSatisfy(\.isASCIIDigit),
            let (_, path) = head.cut(at: " ")
        else { return nil }
        return StackFrame(path, line: number, function: String(end.dropFirst(2)))
    }

    /// `… file Shop/Basket.swift, line 12`, as Swift says it where a check has failed.
    private static func worded(_ line: Substring) -> StackFrame? {
        guard let (head, rest) = line.cut(at: ", line "), let path = head.split(separator: " ").last, path.contains(".")
        else { return nil }
        return StackFrame(path, line: rest.prefix(while: \.isASCIIDigit))
    }

    /// `path.ending:line[:column]`, wherever it stands: `at total (src/basket.js:12:7)`, `total@https://…/basket.js:12:7`.
    private static func plain(_ line: Substring) -> [StackFrame] {
        line.split { $0.isWhitespace || "()[]{}<>'\"`,;|".contains($0) }.compactMap { self.place($0) }
    }

    private static func place(_ word: Substring) -> StackFrame? {
        // Firefox puts the function in front; other paths have an @ of their own.
        let word = word.cut(at: "@").flatMap { $0.1.contains("://") ? $0.1 : nil } ?? word
        var start = word.startIndex
        while let colon = word[start...].firstIndex(of: ":") {
            start = word.index(after: colon)
            let number = word[start...].prefix(while: \.isASCIIDigit)
            let rest = word[number.endIndex...]
            guard !number.isEmpty, number.count <= 7, rest.isEmpty || ":.!?".contains(rest[rest.startIndex]),
                self.isFile(word[..<colon])
            else { continue }
            let column = rest.first == ":" ? Int(rest.dropFirst().prefix(while: \.isASCIIDigit)) : nil
            return StackFrame(word[..<colon], line: number, column: column)
        }
        return nil
    }

    /// Whether a path ends in a name with an ending.
    private static func isFile(_ path: Substring) -> Bool {
        let path = path.prefix { $0 != "?" && $0 != "#" }
        let name = path.split(whereSeparator: { $0 == "/" || $0 == "\\" }).last ?? ""
        guard let dot = name.lastIndex(of: "."), dot > name.startIndex else { return false }
        let ending = name[name.index(after: dot)...]
        return 1...8 ~= ending.utf8.count && ending.utf8.allSatisfy { $0.isLetter || $0.isDigit }
            && ending.utf8.contains(where: \.isLetter)
    }
}

extension Substring {
    /// What stands before the first place of a text, and what behind it.
    func cut(at text: String) -> (Substring, Substring)? {
        guard let range = self.firstRange(of: text) else { return nil }
        return (self[..<range.lowerBound], self[range.upperBound...])
    }
}

extension Character {
    var isASCIIDigit: Bool { self.asciiValue.map(\.isDigit) ?? false }
}
