/// Finds what a file defines by the looks of its lines, where no parser says it.
///
/// A guess: a definition that begins on a line of its own with a keyword of its language is found, and a comment that looks
/// like one, too.
enum SymbolPatterns {
    /// The words that define something, by the end of a file's name.
    private static func keywords(_ path: String) -> [String: String]? {
        switch path.split(separator: ".").last?.lowercased() {
        case "swift":
            [
                "func": "function", "class": "class", "struct": "struct", "enum": "enum", "protocol": "protocol",
                "actor": "actor", "typealias": "type", "extension": "extension", "macro": "macro",
            ]
        case "py", "pyx": ["def": "function", "class": "class"]
        case "js", "mjs", "cjs", "jsx", "ts", "mts", "cts", "tsx", "vue", "svelte":
            [
                "function": "function", "class": "class", "interface": "interface", "enum": "enum", "type": "type",
                "const": "constant",
            ]
        case "java", "kt", "kts", "cs", "scala", "groovy", "dart":
            [
                "class": "class", "interface": "interface", "enum": "enum", "record": "class", "struct": "struct",
                "object": "class", "trait": "interface", "fun": "function", "def": "function",
            ]
        case "go": ["func": "function", "type": "type"]
        case "rs":
            [
                "fn": "function", "struct": "struct", "enum": "enum", "trait": "interface", "mod": "module",
                "type": "type",
            ]
        case "rb": ["def": "function", "class": "class", "module": "module"]
        case "php": ["function": "function", "class": "class", "interface": "interface", "trait": "trait"]
        case "c", "h", "cc", "cpp", "cxx", "hpp", "hh", "m", "mm":
            ["struct": "struct", "class": "class", "enum": "enum", "#define": "macro", "namespace": "namespace"]
        case "ex", "exs": ["def": "function", "defp": "function", "defmodule": "module"]
        case "lua", "sh", "bash", "zsh": ["function": "function"]
        case "sql": ["table": "table", "function": "function", "view": "view", "procedure": "function"]
        default: nil
        }
    }

    /// Languages whose methods have no keyword: a name before a parenthesis, behind words such as `public` and a type.
    private static let namedByParenthesis: Set<String> = [
        "java", "cs", "c", "h", "cc", "cpp", "cxx", "hpp", "hh", "dart",
    ]
    /// What stands before a parenthesis and names nothing.
    private static let statements: Set<String> = [
        "if", "for", "while", "switch", "catch", "return", "else", "new", "throw", "sizeof", "do", "case", "using",
        "lock", "synchronized", "await", "assert",
    ]
    /// So many words may stand before the keyword.
    private static let maximumModifiers = 6

    static func symbols(in text: SourceText, path: String) -> [Symbol] {
        guard let keywords = self.keywords(path) else { return [] }
        let ending = path.split(separator: ".").last?.lowercased() ?? ""
        let hasMacros = keywords["#define"] != nil
        let hasBareMethods = self.namedByParenthesis.contains(ending)
        var symbols: [Symbol] = []
        var number = 0
        for line in text.bytes.split(separator: 0x0A, omittingEmptySubsequences: false) {
            number += 1
            let code = line.drop(while: \.isSpace).prefix(SourceText.maximumLineBytes)
            guard let first = code.first, first.isWordPart || first == 0x40 || first == 0x23 && hasMacros else {
                continue
            }
            guard let (name, kind) = self.definition(code, keywords) ?? (hasBareMethods ? self.method(code) : nil)
            else { continue }
            symbols.append(Symbol(name: name, line: number, kind: kind))
            if symbols.count == CodeWriter.maximumSymbols { break }
        }
        return symbols
    }

    private static func definition(_ code: ArraySlice<UInt8>, _ keywords: [String: String]) -> (String, String)? {
        var rest = code
        for _ in 0...self.maximumModifiers {
            rest = rest.drop(while: \.isSpace)
            let word = rest.prefix { $0.isWordPart || $0 == 0x40 || $0 == 0x23 }
            guard !word.isEmpty else { return nil }
            rest = rest[word.endIndex...]
            guard let kind = keywords[String(decoding: word, as: UTF8.self).lowercased()] else {
                // `private(set)`, `pub(crate)`, `@objc(name)`
                if rest.first == 0x28 { rest = rest.drop { $0 != 0x29 }.dropFirst() }
                continue
            }
            rest = rest.drop { $0.isSpace || $0 == 0x2A || $0 == 0x26 }
            // The receiver of a method in Go.
            if rest.first == 0x28 { rest = rest.drop { $0 != 0x29 }.dropFirst().drop(while: \.isSpace) }
            let name = rest.prefix { $0.isWordPart || $0 == 0x2E || $0 == 0x3F || $0 == 0x21 }
            let last = String(decoding: name, as: UTF8.self).split(separator: ".").last.map(String.init) ?? ""
            guard last.first.map({ $0.isLetter || $0 == "_" }) == true else { return nil }
            // `const` defines a function alone where one follows.
            guard kind != "constant" || rest.contains(0x28) && rest.contains(0x3D) else { return nil }
            return (last, kind == "constant" ? "function" : kind)
        }
        return nil
    }

    private static func method(_ code: ArraySlice<UInt8>) -> (String, String)? {
        guard let parenthesis = code.firstIndex(of: 0x28), code.last(where: { !$0.isSpace }) != 0x3B else { return nil }
        let head = code[..<parenthesis]
        let name = Array(head.reversed().drop(while: \.isSpace).prefix(while: \.isWordPart).reversed())
        let before = head.dropLast(name.count)
        guard let first = name.first, !first.isDigit, before.contains(where: \.isSpace),
            before.allSatisfy({ $0.isWordPart || $0.isSpace || "*&<>[],.:?@".utf8.contains($0) })
        else { return nil }
        let words = before.split(whereSeparator: { !$0.isWordPart }).map { String(decoding: $0, as: UTF8.self) }
        let text = String(decoding: name, as: UTF8.self)
        guard !words.isEmpty, !self.statements.contains(text), self.statements.isDisjoint(with: words) else {
            return nil
        }
        return (text, "function")
    }
}
