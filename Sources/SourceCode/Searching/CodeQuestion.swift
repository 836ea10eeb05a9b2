/// What of a message can be looked for in source code.
///
/// Places that a stack trace names, what stands in quotes, words that look like names in code, and the fixed parts of an
/// error text. Mere words are none of it: a message that has nothing else is no question about code.
struct CodeQuestion {
    struct Term: Hashable {
        enum Kind: Hashable {
            /// Said to be looked for as it stands.
            case literal
            /// In quotes or backticks.
            case quoted
            /// `totalPrice`, `max_items`, `Basket.total`, `ERR_EMPTY`.
            case name
            /// A part of an error that has nothing in it that changes.
            case errorText

            /// Why a place was found that has the text.
            var reason: CodePlace.Reason {
                switch self {
                case .literal, .quoted: .match
                case .name: .use
                case .errorText: .errorText
                }
            }
        }

        var text: String
        var kind: Kind
    }

    var frames: [StackFrame]
    /// What to look for, the most telling first.
    var terms: [Term]
    /// Words of the message in lower case, for paths that share them.
    var words: Set<Substring>

    static let maximumTerms = 12
    static let termBytes = 3...200
    /// So much of a message counts, in bytes.
    private static let maximumBytes = 16_384

    /// - Parameters:
    ///   - text: The message.
    ///   - isLiteral: Whether the whole text is looked for first.
    init(_ text: String, isLiteral: Bool) {
        let text = text.utf8.count <= Self.maximumBytes ? text : String(text.unicodeScalars.prefix(Self.maximumBytes))
        self.frames = StackTrace.frames(in: text)
        self.words = Set(text.lowercased().split { !$0.isLetter && !$0.isNumber }.prefix(200).filter { $0.count >= 3 })
        var terms: [Term] = []
        if isLiteral, let whole = Self.trimmed(text) { terms.append(Term(text: whole, kind: .literal)) }
        for line in text.split(whereSeparator: \.isNewline).prefix(100) {
            // A line of a trace says where, and nothing that stands in the code.
            guard StackTrace.frames(in: String(line)).isEmpty || Self.isError(line) else { continue }
            if Self.isError(line) { terms += Self.fixedParts(of: line).map { Term(text: $0, kind: .errorText) } }
            terms += Self.quoted(in: line).map { Term(text: $0, kind: .quoted) }
            terms += Self.names(in: line).map { Term(text: $0, kind: .name) }
        }
        var seen: Set<String> = []
        self.terms = Array(terms.filter { seen.insert($0.text).inserted }.prefix(Self.maximumTerms))
    }

    /// Whether it has more than names.
    var isDefinite: Bool { !self.frames.isEmpty || self.terms.contains { $0.kind != .name } }

    private static func trimmed(_ text: String) -> String? {
        let trimmed = text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed()
        let result = String(trimmed)
        return self.termBytes ~= result.utf8.count && !result.contains(where: \.isNewline) ? result : nil
    }

    // MARK: Quotes

    private static let quotes: [Character: Character] = ["`": "`", "\"": "\"", "“": "”", "„": "“", "«": "»"]

    private static func quoted(in line: Substring) -> [String] {
        var found: [String] = []
        var rest = line
        while let open = rest.firstIndex(where: { self.quotes[$0] != nil }) {
            let inside = rest[rest.index(after: open)...]
            guard let close = inside.firstIndex(of: self.quotes[rest[open]] ?? "`") else { break }
            let text = String(inside[..<close])
            if self.termBytes ~= text.utf8.count { found.append(text) }
            rest = inside[inside.index(after: close)...]
        }
        return found
    }

    // MARK: Names

    private static func names(in line: Substring) -> [String] {
        line.split { !($0.isLetter || $0.isNumber || $0 == "_" || $0 == "." || $0 == ":" || $0 == "(") }
            .flatMap { self.names(ofWord: $0) }
    }

    /// A name, and behind it the last part of one with several: `Basket.total` and `total`.
    private static func names(ofWord word: Substring) -> [String] {
        let isCall = word.hasSuffix("(")
        let word = word.replacing("::", with: ".").prefix { $0 != ":" && $0 != "(" }
        let parts = word.split(separator: ".")
        guard self.termBytes ~= word.utf8.count, let last = parts.last,
            parts.allSatisfy({ $0.first?.isNumber == false })
        else { return [] }
        let isName = parts.contains { self.looksLikeName($0) } || isCall
        guard isName, parts.count > 1 || self.termBytes ~= last.utf8.count else { return [] }
        return parts.count > 1 && last.utf8.count >= 3 ? [word.description, String(last)] : [String(last)]
    }

    /// Whether it has capitals or underscores where a word has none.
    private static func looksLikeName(_ part: Substring) -> Bool {
        let letters = part.drop { $0 == "_" }
        guard let first = letters.first else { return false }
        let hasInnerUnderscore = letters.dropLast().contains("_")
        let changes = zip(letters, letters.dropFirst()).contains { $0.isLowercase && $1.isUppercase }
        let isCode =
            first.isUppercase && letters.allSatisfy { $0.isUppercase || $0.isNumber || $0 == "_" }
            && letters.contains(where: \.isNumber)
        return hasInnerUnderscore || changes || isCode && letters.count >= 4
    }

    // MARK: Errors

    private static let errorWords = [
        "error", "exception", "fatal", "panic", "failed", "failure", "cannot", "can't", "could not", "unable to",
        "invalid",
        "unexpected", "undefined", "not found", "no such", "denied", "warning", "assert",
    ]

    private static func isError(_ line: Substring) -> Bool {
        let line = line.lowercased()
        return self.errorWords.contains { line.contains($0) }
    }

    /// Parts of an error that have no value in them, the longest first: at least two words and twelve bytes each.
    private static func fixedParts(of line: Substring) -> [String] {
        var parts: [String] = []
        // What stands in front of a colon is a time, a level, or the name of a class.
        for sentence in line.split(separator: ":") {
            var part: [Substring] = []
            func end() {
                let text = part.joined(separator: " ")
                if part.count >= 2, 12...self.termBytes.upperBound ~= text.utf8.count { parts.append(text) }
                part = []
            }
            for word in sentence.split(whereSeparator: \.isWhitespace) {
                let core = word.drop { "([\"'`".contains($0) }
                let isFixed =
                    core.count == word.count && word.utf8.allSatisfy { $0.isLetter || "-.,;!'’".utf8.contains($0) }
                // What ends a sentence may be left out in the code.
                let kept = word.last.map { ".,;!".contains($0) } == true ? word.dropLast() : word
                if isFixed { part.append(kept) }
                if !isFixed || kept.count < word.count { end() }
            }
            end()
        }
        return parts.sorted { $0.utf8.count > $1.utf8.count }.prefix(4).map { $0 }
    }
}
