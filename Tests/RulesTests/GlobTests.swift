import Testing

@testable import Rules

@Suite("globs")
struct GlobTests {
    @Test(
        "of paths: * stays within a segment, ** doesn't, /** also stands for nothing",
        arguments: [
            ("/shop", ["/shop"], ["/shop/", "/shops", "/Shop", ""]),
            ("/shop/*", ["/shop/cart", "/shop/"], ["/shop", "/shop/a/b"]),
            ("/shop/**", ["/shop", "/shop/", "/shop/a", "/shop/a/b"], ["/shops", "/shop-a/b", "/a/shop"]),
            ("/**/edit", ["/edit", "/a/edit", "/a/b/edit"], ["/a/edit/b", "/credit", "/aedit"]),
            ("/a/**/b/*.html", ["/a/b/x.html", "/a/c/d/b/x.html"], ["/a/b/c/x.html", "/ab/x.html"]),
            ("**/orders/*/items", ["/orders/7/items", "/x/y/orders/7/items"], ["/orders/7/8/items"]),
            ("/a**z", ["/az", "/a/b/z"], ["/a/b"]),
            ("/*/x*y*/", ["/a/xy/", "/b/x1y2/"], ["/a/xy", "/a/b/xy/"]),
            ("*", ["abc", ""], ["/"]),
        ]
    )
    func paths(glob: String, matching: [String], others: [String]) throws {
        let compiled = try #require(Glob(glob, .path))
        for text in matching { #expect(compiled.matches(text), "\(glob) should be \(text)") }
        for text in others { #expect(!compiled.matches(text), "\(glob) should not be \(text)") }
    }

    @Test("of words: * is any text and case doesn't matter")
    func words() throws {
        let compiled = try #require(Glob("*bestell*ÄNDERN*", .words))
        #expect(compiled.matches("Meine BESTELLUNG / jetzt ändern!"))
        #expect(compiled.matches("bestellung a\u{308}ndern"))
        #expect(!compiled.matches("Meine Bestellung"))
    }

    @Test("give the same answer as trying every way, on texts of few letters")
    func reference() throws {
        var generator = SeededGenerator("globs")
        func text(_ letters: String, upTo count: Int) -> String {
            let letters = Array(letters)
            return String(
                (0..<Int(generator.next() % UInt64(count))).map { _ in
                    letters[Int(generator.next() % UInt64(letters.count))]
                }
            )
        }
        var matches = 0
        for _ in 0..<20_000 {
            let glob = text("ab/**", upTo: 9)
            let candidate = text("ab/", upTo: 10)
            let expected = Self.isMatch(Array(glob)[...], Array(candidate)[...])
            matches += expected ? 1 : 0
            #expect(try #require(Glob(glob, .path)).matches(candidate) == expected, "\(glob) on \(candidate)")
        }
        #expect(matches > 500)
    }

    /// What the documentation says, word by word and as slow as it likes.
    private static func isMatch(_ glob: ArraySlice<Character>, _ text: ArraySlice<Character>) -> Bool {
        guard let first = glob.first else { return text.isEmpty }
        let stars = glob.prefix { $0 == "*" }.count
        if first == "/" {
            let run = glob.dropFirst().prefix { $0 == "*" }.count
            let behind = glob.dropFirst(1 + run)
            if run >= 2, behind.isEmpty || behind.first == "/", self.isMatch(behind, text) { return true }
        }
        guard stars > 0 else { return text.first == first && self.isMatch(glob.dropFirst(), text.dropFirst()) }
        let rest = glob.dropFirst(stars)
        var taken = text
        while true {
            if self.isMatch(rest, taken) { return true }
            guard let next = taken.first, stars > 1 || next != "/" else { return false }
            taken = taken.dropFirst()
        }
    }

    @Test("end where a state would have no bit left")
    func length() {
        #expect(Glob("/" + String(repeating: "a", count: 500), .path) != nil)
        #expect(Glob("/*" + String(repeating: "a", count: Glob.maximumTail - 1), .path) != nil)
        #expect(Glob("/*" + String(repeating: "a", count: Glob.maximumTail), .path) == nil)
    }
}
