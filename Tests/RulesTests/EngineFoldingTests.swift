import Testing

@testable import Rules

@Suite("folding")
struct EngineFoldingTests {
    /// Every character that has another case, in Swift's Unicode or in the table.
    private static let cased: [Unicode.Scalar] = {
        let inTable = Folding.runs.flatMap { run in
            stride(from: run.first, through: run.last, by: run.step).flatMap { [$0, $0 + run.offset] }
        }
        // Beyond these two planes no script has capitals.
        let inUnicode = (0..<0x2_0000).filter { value in
            guard let properties = Unicode.Scalar(UInt32(value))?.properties else { return false }
            return properties.isCased || properties.changesWhenCaseMapped
        }
        return Set(inTable + inUnicode).sorted().compactMap { Unicode.Scalar(UInt32($0)) }
    }()

    @Test(
        "gives one letter for all that caseless matching holds equal to it",
        arguments: [
            ("K\u{212A}k", "kkk"), ("S\u{17F}s", "sss"), ("ςσΣ", "σσσ"), ("ẞß", "ßß"), ("Größe", "größe"),
            ("ЖжÉé", "жжéé"), ("1_漢👋\u{301}", "1_漢👋\u{301}"), ("", ""),
        ]
    )
    func letters(text: String, folded: String) {
        #expect(String(decoding: Folding.table.fold(text), as: UTF8.self) == folded)
    }

    @Test("never makes a text longer, and folded text stays as it is")
    func length() {
        for scalar in Self.cased {
            let folded = Folding.table.fold(String(scalar))
            #expect(folded.count <= String(scalar).utf8.count)
            #expect(Folding.table.fold(String(decoding: folded, as: UTF8.self)) == folded)
        }
    }

    @Test("equates every two characters that PCRE2 equates")
    func everyPair() throws {
        let pattern = try Pattern(#"\A(.).*?\1"#, options: [.caseless, .dotAll])
        var scanner = Rules.Scanner()
        for piece in Self.pieces {
            let all = Self.text(piece)
            let folds = Set(piece.map(\.representative))
            for scalar in Self.cased {
                let fold = scalar.representative
                // One search asks about a character and all those that fold otherwise.
                let others = folds.contains(fold) ? Self.text(piece.filter { $0.representative != fold }) : all
                let text = String(scalar) + others
                let match = try pattern.firstMatch(in: text, using: &scanner)
                #expect(match == nil, "PCRE2 equates \(scalar) and \(match?.text.unicodeScalars.last ?? " ")")
            }
        }
    }

    @Test("leaves out no character that PCRE2 equates with another")
    func otherCharacters() throws {
        let cased = Set(Self.cased.map(\.value))
        var members = ""
        var first: UInt32?
        for value in UInt32(0)...0x11_0000 {
            let isOther = Unicode.Scalar(value) != nil && !cased.contains(value)
            if isOther, first == nil { first = value }
            if !isOther, let start = first {
                members += "\\x{\(String(start, radix: 16))}-\\x{\(String(value - 1, radix: 16))}"
                first = nil
            }
        }
        let pattern = try Pattern("[\(members)]")
        var scanner = Rules.Scanner()
        for piece in Self.pieces {
            let match = try pattern.firstMatch(in: Self.text(piece), using: &scanner)
            #expect(match == nil, "PCRE2 equates \(match?.text ?? "") with a character that the table doesn't know")
        }
        #expect(try pattern.firstMatch(in: "1", using: &scanner) != nil)
    }

    /// The cased characters in lists that one search can pass through within its limit.
    private static var pieces: [[Unicode.Scalar]] {
        stride(from: 0, to: Self.cased.count, by: 250).map { start in
            Array(Self.cased[start..<min(start + 250, Self.cased.count)])
        }
    }

    private static func text(_ scalars: [Unicode.Scalar]) -> String { String(String.UnicodeScalarView(scalars)) }
}

extension Unicode.Scalar {
    /// The character that stands for this one in folded text.
    fileprivate var representative: UInt32 { Folding.table.representative(of: self.value) }
}
