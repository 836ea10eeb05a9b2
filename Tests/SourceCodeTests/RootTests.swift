import Foundation
import Testing

@testable import SourceCode

/// Nothing outside the roots, and nothing of them that isn't allowed, can be found in any way.
@Suite("roots of code")
struct RootTests {
    private static let outside = "the_outside_secret_word = 1\n"

    @Test("links out of the root, to files and to folders, lead nowhere")
    func links() throws {
        let folder = try CodeFolder(["a.py": "inside = 1\n"])
        try FileManager.default.createDirectory(atPath: "\(folder.path)/other", withIntermediateDirectories: true)
        try Self.outside.write(toFile: "\(folder.path)/other/b.py", atomically: false, encoding: .utf8)
        try folder.link("b.py", to: "../other/b.py")
        try folder.link("deep", to: "../other")
        try folder.link("self", to: ".")
        let index = try folder.indexed()
        #expect(try index.size().files == 1)
        #expect(try index.places("the_outside_secret_word") == [])
        #expect(try index.places("deep/b.py:1") == [])
    }

    @Test("a file or folder that becomes a link after it was indexed is not followed")
    func swapped() throws {
        let folder = try CodeFolder(["a.py": "inside_word = 1\n", "sub/b.py": "inside_word = 2\n"])
        let index = try folder.indexed()
        #expect(try index.places("inside_word").sorted() == ["a.py:1", "sub/b.py:1"])
        try FileManager.default.createDirectory(atPath: "\(folder.path)/other", withIntermediateDirectories: true)
        for name in ["a.py", "b.py"] {
            try "inside_word = 3\n".write(toFile: "\(folder.path)/other/\(name)", atomically: false, encoding: .utf8)
        }
        try folder.remove("a.py")
        try folder.link("a.py", to: "../other/a.py")
        try folder.remove("sub")
        try folder.link("sub", to: "../other")
        // Not updated: the index still names both.
        #expect(try index.places("inside_word") == [])
        #expect(try index.searchNow(CodeQuery("sub/b.py:1")).places.allSatisfy { $0.excerpt == nil })
    }

    @Test("a link that is swapped in while a reader is at it never shows what is outside")
    func race() async throws {
        let folder = try CodeFolder(["sub/a.py": "inside_word\n"])
        try FileManager.default.createDirectory(atPath: "\(folder.path)/other", withIntermediateDirectories: true)
        try "outside_word\n".write(toFile: "\(folder.path)/other/a.py", atomically: false, encoding: .utf8)
        let root = try #require(RootFolder(folder.code))
        let (code, other) = (folder.code, "\(folder.path)/other")
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                let files = FileManager.default
                for _ in 0..<300 {
                    try files.moveItem(atPath: "\(code)/sub", toPath: "\(code)/kept")
                    try files.createSymbolicLink(atPath: "\(code)/sub", withDestinationPath: other)
                    try files.removeItem(atPath: "\(code)/sub")
                    try files.moveItem(atPath: "\(code)/kept", toPath: "\(code)/sub")
                }
            }
            group.addTask {
                for _ in 0..<3_000 {
                    let bytes = root.bytes(of: "sub/a.py", limit: 100)
                    #expect(bytes == nil || bytes == Array("inside_word\n".utf8))
                }
            }
            try await group.waitForAll()
        }
        _ = folder
    }

    @Test(
        "a path that isn't one of names is never opened",
        arguments: ["../a.py", "sub/../../a.py", "", "/etc/passwd", "sub//a.py", "./a.py", "a\0.py", "a\nb.py", "sub"]
    )
    func paths(path: String) throws {
        let folder = try CodeFolder(["sub/a.py": "x", "a.py": "x"])
        try "x".write(toFile: "\(folder.path)/a.py", atomically: false, encoding: .utf8)
        let root = try #require(RootFolder("\(folder.code)/sub"))
        #expect(root.bytes(of: path, limit: 100) == nil)
        #expect(root.bytes(of: "a.py", limit: 100) == [0x78])
    }

    @Test("what is denied by now isn't found, though it was indexed when it was allowed")
    func deniedLater() throws {
        let folder = try CodeFolder(["internal/a.py": "inner_word = 1\n", "b.py": "inner_word = 2\n"])
        #expect(try folder.indexed().places("inner_word").count == 2)
        let index = try folder.open(deny: ["internal/"])
        #expect(try index.places("inner_word") == ["b.py:1"])
        #expect(try index.places("internal/a.py:1") == [])
        _ = try index.update()
        #expect(try index.size().files == 1)
    }

    @Test("an index of other roots gives nothing of them")
    func otherRoots() throws {
        let folder = try CodeFolder(["a.py": "some_word = 1\n"])
        _ = try folder.indexed()
        let index = try CodeIndex.open(folder.indexPath, roots: [CodeRoot(path: "\(folder.path)/none")]) { 0 }
        #expect(try index.places("some_word") == [])
    }

    @Test(".gitignore is honoured, in every folder, with exceptions")
    func gitignore() throws {
        let folder = try CodeFolder([
            ".gitignore": "# made\ngen/\n*.tmp.py\n!keep.tmp.py\n", "gen/a.py": "word_here\n",
            "b.tmp.py": "word_here\n",
            "keep.tmp.py": "word_here\n", "sub/.gitignore": "/local.py\n", "sub/local.py": "word_here\n",
            "sub/deep/local.py": "word_here\n",
        ])
        #expect(try folder.indexed().places("word_here").sorted() == ["keep.tmp.py:1", "sub/deep/local.py:1"])
    }

    @Test("binary files, large files, pipes and odd names are left out; the rest is found")
    func odd() throws {
        let folder = try CodeFolder(["a.py": "word_here\n"])
        try folder.write(Data([0x77, 0x6F, 0x72, 0x64, 0x5F, 0x68, 0x00]), to: "binary.py")
        try folder.write(Data(repeating: 0x61, count: 1_048_577), to: "large.py")
        try folder.write("word_here\n", to: "line\nbreak.py")
        try folder.write("word_here\n", to: "\(String(repeating: "n", count: 240)).py")
        #expect(mkfifo("\(folder.code)/pipe.py", 0o600) == 0)
        let index = try folder.open()
        let update = try index.update()
        #expect(
            update.problems.map { $0.replacing(folder.code, with: "") }.sorted() == [
                "/: has a name that is not UTF-8 or has control characters", "/large.py: is larger than 1 MiB",
            ]
        )
        #expect(try index.places("word_here").count == 2)
        #expect(try index.places("word_h").count == 2)
    }

    @Test("a file of another encoding is found by its letters")
    func latin1() throws {
        let folder = try CodeFolder()
        try folder.write(Data(Array("gr".utf8) + [0xF6, 0xDF, 0x65] + Array(" unique_word\n".utf8)), to: "a.c")
        let place = try #require(try folder.indexed().searchNow(CodeQuery("unique_word", isLiteral: true)).places.first)
        #expect(place.excerpt?.text == "gr\u{FFFD}\u{FFFD}e unique_word")
    }
}
