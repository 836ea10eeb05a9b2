import Foundation
import Testing

@testable import SourceCode

@Suite("search in code")
struct SearchTests {
    private static let files = [
        "shop/basket.py": """
        # The basket of a visitor.
        class Basket:
            def total_price(self):
                if not self.items:
                    raise ValueError("the basket has no items")
                return sum(item.price for item in self.items)
        """,
        "shop/order.py": "from shop.basket import Basket\n\ndef pay(basket):\n    return basket.total_price() * TAX\n",
        "tests/test_basket.py": "def test_total():\n    assert Basket().total_price() == 0\n",
        "notes.md": "total_price is here, too",
    ]

    @Test("an error ends at its line, whatever stands in front of it")
    func error() throws {
        let folder = try CodeFolder(Self.files)
        let index = try folder.indexed()
        for text in [
            "ValueError: the basket has no items", "2026-12-01 10:00:01 ERROR 42 ValueError: the basket has no items!",
            "It says \"the basket has no items\" when I pay",
        ] {
            let answer = try index.searchNow(CodeQuery(text))
            #expect(answer.places.first?.name == "shop/basket.py:5", "\(text)")
            #expect(answer.isQuestion)
        }
    }

    @Test("a definition comes before its uses, and code before tests")
    func order() throws {
        let folder = try CodeFolder(Self.files)
        let index = try folder.indexed()
        let answer = try index.searchNow(CodeQuery("where is total_price?", limit: 5))
        #expect(answer.places.map(\.name) == ["shop/basket.py:3", "shop/order.py:4", "tests/test_basket.py:2"])
        #expect(answer.places.map(\.reason) == [.definition, .use, .use])
        #expect(answer.places.first?.symbol?.kind == "function")
        #expect(
            answer.places.first?.excerpt?.numbered.hasPrefix(
                "  1  # The basket of a visitor.\n  2  class Basket:\n> 3  "
            ) == true
        )
    }

    @Test("whole words come before parts, and the case as written before others")
    func words() throws {
        let folder = try CodeFolder([
            "a.py": "x = retotal\n", "b.py": "x = TOTAL\n", "c.py": "x = total\n",
        ])
        let index = try folder.indexed()
        #expect(try index.places("total") == ["c.py:1", "b.py:1", "a.py:1"])
    }

    @Test("mere words are no question about code", arguments: ["is it raining?", "hello", "my basket is empty", ""])
    func mereWords(text: String) throws {
        let folder = try CodeFolder(Self.files)
        let answer = try folder.indexed().searchNow(CodeQuery(text))
        #expect(answer.places.isEmpty && !answer.isQuestion)
    }

    @Test("a stack trace is resolved to the files with the longest common end")
    func trace() throws {
        let folder = try CodeFolder([
            "shop/basket.py": "a\nb\ndef total():\n    x()\n", "admin/basket.py": "1\n2\n3\n4\n5\n", "util.py": "x\n",
        ])
        let index = try folder.indexed()
        let trace = """
            Traceback (most recent call last):
              File "/srv/www/shop/basket.py", line 4, in total
              File "/usr/lib/python3/dist-packages/util.py", line 1, in x
              File "/other/basket.py", line 5, in y
            """
        let answer = try index.searchNow(CodeQuery(trace, limit: 5))
        #expect(answer.places.map(\.name) == ["shop/basket.py:4", "admin/basket.py:5"])
        #expect(answer.places.first?.symbol?.name == "total")
        guard case .frame(let frame, false)? = answer.places.first?.reason else { Issue.record("no frame"); return }
        #expect(frame.function == "total")
    }

    @Test("two files that are meant alike are both given, and said to be ambiguous")
    func ambiguous() throws {
        let folder = try CodeFolder(["a/x.go": "1\n2\n", "b/x.go": "1\n2\n", "c/x.go": "1\n"])
        let index = try folder.indexed()
        let answer = try index.searchNow(CodeQuery("panic at /go/x.go:2", limit: 5))
        #expect(answer.places.map(\.name) == ["a/x.go:2", "b/x.go:2"])
        guard case .frame(_, true)? = answer.places.first?.reason else { Issue.record("not ambiguous"); return }
    }

    @Test("texts shorter than three bytes find nothing, and are no error", arguments: ["", "a", "ab", "\n\n\n", "ä"])
    func short(text: String) throws {
        let folder = try CodeFolder(Self.files)
        #expect(try folder.indexed().places(text) == [])
    }

    @Test("every three letters of every file find it")
    func everyTrigram() throws {
        let text = "let größe = \"a\tb\" // 日本\nfunc Ä() {}\r\nlast"
        let folder = try CodeFolder(["a.swift": text])
        let index = try folder.indexed()
        let bytes = Array(text.utf8)
        for start in 0...bytes.count - 3 {
            // What is no text by itself, or stands on two lines, nobody can ask for.
            guard let part = String(validating: bytes[start..<start + 3], as: UTF8.self),
                part.allSatisfy({ !$0.isWhitespace })
            else { continue }
            #expect(try index.places(part).count == 1, "\(part)")
        }
    }

    @Test("a search reads 200 files at most, and says that there may be more")
    func partial() throws {
        let folder = try CodeFolder(
            Dictionary(uniqueKeysWithValues: (0..<250).map { ("f\($0).py", "common_word = \($0)\n") })
        )
        let answer = try folder.indexed().searchNow(CodeQuery("common_word", limit: 1_000, isLiteral: true))
        #expect(answer.isPartial && answer.places.count == 200)
    }

    @Test("a search ends after a second and a half by the clock")
    func time() throws {
        let folder = try CodeFolder(Self.files)
        _ = try folder.indexed()
        let time = Clock()
        let index = try folder.open { time.next(by: 1_000) }
        let answer = try index.searchNow(CodeQuery("total_price", limit: 10, isLiteral: true))
        #expect(answer.isPartial && answer.places.count < 3)
    }

    @Test("links name the file and the commit that was searched, loose or packed")
    func links() throws {
        let folder = try CodeFolder(["src/my file.py": "unique_name = 1\n"])
        let commit = String(repeating: "ab", count: 20)
        try folder.write("ref: refs/heads/main\n", to: ".git/HEAD")
        try folder.write("# pack-refs\n\(commit) refs/heads/main\n", to: ".git/packed-refs")
        let index = try folder.indexed(link: "https://git.example/blob/{revision}/{path}#L{line}")
        func url() throws -> String? { try index.searchNow(CodeQuery("unique_name")).places.first?.url }
        #expect(try url() == "https://git.example/blob/\(commit)/src/my%20file.py#L1")
        try folder.write("\(String(commit.reversed()))\n", to: ".git/refs/heads/main")
        #expect(try url() == "https://git.example/blob/\(String(commit.reversed()))/src/my%20file.py#L1")
        try folder.write("ref: ../../../etc/passwd\n", to: ".git/HEAD")
        #expect(try url() == nil)
    }
}

/// A clock that goes on with each look at it.
///
/// Guarded by its lock.
private final class Clock: @unchecked Sendable {
    private let lock = NSLock()
    private var time: Int64 = 1_700_000_000_000

    func next(by step: Int64) -> Int64 {
        self.lock.withLock {
            self.time += step
            return self.time
        }
    }
}
