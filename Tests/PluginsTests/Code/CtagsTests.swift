import Foundation
import Responders
import RespondersTesting
import SourceCode
import Testing

@testable import Plugins

/// With the real program, where it is installed; CI installs it.
@Suite("ctags", .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/ctags")))
struct CtagsTests {
    private static func index(_ files: [String: String], in folder: ScratchFolder) throws -> CodeIndex {
        for (name, text) in files { try folder.write(text, to: "src/\(name)") }
        let index = try CodeIndex.open("\(folder.path)/code.sqlite", roots: [CodeRoot(path: "\(folder.path)/src")]) {
            0
        }
        _ = try index.update()
        return index
    }

    private static func tagger(_ path: String? = nil) -> CtagsTagger? {
        let environment = ["PATH": path ?? "/usr/bin"]
        return CtagsTagger(PluginServices(clock: TurnClock(ManualClock()), environment: environment))
    }

    @Test("what files define is said by the parser: scopes, and nothing of comments and texts")
    func tags() async throws {
        let folder = try ScratchFolder()
        let index = try Self.index(
            [
                "a.py": "'''\ndef not_this(): pass\n'''\nclass Basket:\n    def total(self):\n        pass\n",
                "odd \"name\".js": "class Cart { sum() { return 1 } }\n", "empty.py": "",
                "x.swift": "func guessed() {}\n",
            ],
            in: folder
        )
        #expect(try index.untagged(after: 0, atMost: 10).count == 4)
        try await #require(Self.tagger()).tag(index)
        #expect(try index.untagged(after: 0, atMost: 10).isEmpty)
        func symbol(_ name: String) throws -> String? {
            try index.searchNow(CodeQuery(name, isLiteral: true)).places.first { $0.reason == .definition }?.symbol?
                .shown
        }
        #expect(try symbol("total") == "member Basket.total")
        #expect(try symbol("sum") == "method Cart.sum")
        #expect(try symbol("not_this") == nil)
        // A language that it doesn't know keeps the guess.
        #expect(try symbol("guessed") == "function guessed")
    }

    @Test("a file that changes is tagged anew")
    func changed() async throws {
        let folder = try ScratchFolder()
        let index = try Self.index(["a.py": "def first(): pass\n"], in: folder)
        try await #require(Self.tagger()).tag(index)
        try folder.write("def second(): pass\n", to: "src/a.py")
        _ = try index.update()
        #expect(try index.untagged(after: 0, atMost: 10).count == 1)
        try await #require(Self.tagger()).tag(index)
        #expect(try index.untagged(after: 0, atMost: 10).isEmpty)
        #expect(try index.searchNow(CodeQuery("second", isLiteral: true)).places.first?.symbol?.kind == "function")
    }

    @Test(
        "another program of that name, one that says nothing sensible and one that ends amidst it change nothing",
        arguments: [
            "echo Exuberant Ctags 5.8", "exit 1", "head -c 100000 /dev/zero",
            #"echo '{"_type":"program","name":"Universal Ctags"}'; read line; exit 1"#,
            #"echo '{"_type":"program","name":"Universal Ctags"}'; while read line; do echo garbage; echo '{"_type":"tag","line":-1}'; echo '{"_type":"completed"}'; done"#,
        ]
    )
    func others(script: String) async throws {
        let folder = try ScratchFolder(["bin/ctags": "#!/bin/sh\n\(script)\n"])
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: "\(folder.path)/bin/ctags")
        let index = try Self.index(["a.py": "def first(): pass\n", "b.py": "def other(): pass\n"], in: folder)
        try await #require(Self.tagger("\(folder.path)/bin")).tag(index)
        #expect(try index.searchNow(CodeQuery("first", isLiteral: true)).places.first?.symbol?.name == "first")
        #expect(try index.size().symbols == 2)
    }

    @Test("without the program nobody is asked")
    func none() { #expect(Self.tagger("/nonexistent") == nil) }
}
