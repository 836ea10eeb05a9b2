import Documents
import Foundation
import Testing

@Suite("the index keeps up with its documents")
struct IndexTests {
    @Test("what is added, changed, renamed and deleted is found, and is no more")
    func changes() throws {
        let folder = try DocumentFolder()
        try folder.write("# Refunds\n\nMoney comes back in 14 days.", to: "refunds.md")
        try folder.write("# Shipping\n\nParcels go out daily.", to: "guide/shipping.md")
        let index = try folder.indexed()
        #expect(try index.urls("refund money") == ["/docs/refunds.md#refunds"])
        try folder.write("# Refunds\n\nVouchers only.", to: "refunds.md")
        try folder.remove("guide/shipping.md")
        try folder.write("# Opening hours\n\nNever on Sunday.", to: "hours.md")
        var update = try index.update([folder.source])
        #expect(update.changed == 2 && update.removed == 1 && update.files == 2)
        #expect(try index.urls("parcels") == [])
        #expect(try index.urls("money") == [])
        #expect(try index.urls("vouchers") == ["/docs/refunds.md#refunds"])
        #expect(try index.urls("sunday") == ["/docs/hours.md#opening-hours"])
        // As editors save: a new file takes the place of the old one.
        try folder.write("# Opening hours\n\nAlways, also on Monday.", to: ".hours.md.tmp")
        _ = rename("\(folder.documents)/.hours.md.tmp", "\(folder.documents)/hours.md")
        update = try index.update([folder.source])
        #expect(update.changed == 1)
        #expect(try index.urls("monday") == ["/docs/hours.md#opening-hours"])
        #expect(try index.update([folder.source]).changed == 0)
        #expect(try index.update([]).removed == 2)
        #expect(try index.urls("monday") == [])
    }

    @Test("after any changes the index is that of a fresh build")
    func freshBuild() throws {
        let folder = try DocumentFolder()
        let index = try folder.open()
        var random = SystemRandomNumberGenerator()
        let words = ["alpha", "beta", "gamma", "delta", "epsilon", "über", "zeta", "naïve"]
        for _ in 0..<12 {
            for _ in 0..<5 {
                let name = "f\(Int.random(in: 0..<8, using: &random)).md"
                if Bool.random(using: &random) {
                    let text = (0..<9).map { _ in words.randomElement(using: &random) ?? "" }.joined(separator: " ")
                    try folder.write("# \(words.randomElement(using: &random) ?? "")\n\n\(text)", to: name)
                } else {
                    try? folder.remove(name)
                }
            }
            _ = try index.update([folder.source])
            let fresh = try DocumentIndex.open("\(folder.path)/fresh-\(UUID().uuidString).sqlite") { 0 }
            _ = try fresh.update([folder.source])
            #expect(try contents(index) == contents(fresh))
            for word in words + ["gama", "apha"] {
                #expect(try index.urls(word, limit: 9) == fresh.urls(word, limit: 9))
            }
        }
    }

    @Test("names that are no UTF-8 or have a newline, half-written files: what can be read is found, the rest is named")
    func oddFiles() throws {
        let folder = try DocumentFolder()
        try folder.write("# Good\n\nreadable", to: "good.md")
        try folder.write("# Newline\n\nreadable too", to: "a\nb%.md")
        try folder.write(Data([0x23, 0x20, 0xC3]), to: "half.md")
        let index = try folder.open()
        let update = try index.update([folder.source])
        #expect(update.problems == ["\(folder.documents)/half.md: is not UTF-8"])
        #expect(try index.urls("readable").sorted() == ["/docs/a%0Ab%25.md#newline", "/docs/good.md#good"])
        // It is named as long as it is there, and read once it is whole.
        #expect(try index.update([folder.source]).problems.count == 1)
        try folder.write("# \u{C4}pfel", to: "half.md")
        #expect(try index.update([folder.source]).problems == [])
        #expect(try index.urls("apfel") == ["/docs/half.md#äpfel".replacing("ä", with: "%C3%A4")])
    }

    @Test("a file of 1 GB, a pipe and a deep folder cost nothing and are named")
    func hugeFiles() throws {
        let folder = try DocumentFolder()
        try folder.write("# Small\n\nneedle", to: "small.md")
        try folder.write("", to: "huge.md")
        #expect(truncate("\(folder.documents)/huge.md", 1 << 30) == 0)
        #expect(mkfifo("\(folder.documents)/pipe.md", 0o600) == 0)
        try folder.write("deep", to: String(repeating: "d/", count: 40) + "x.md")
        let update = try folder.open().update([folder.source])
        #expect(update.files == 1)
        #expect(update.problems.contains("\(folder.documents)/huge.md: is larger than 2 MiB"))
        #expect(update.problems.contains("\(folder.documents)/pipe.md: is no ordinary file"))
        #expect(update.problems.contains { $0.hasSuffix("lies too deep") })
    }

    @Test("links that leave the source are not followed, those within it are")
    func links() throws {
        let folder = try DocumentFolder()
        try Data("# Secret\n\nhush".utf8).write(to: URL(fileURLWithPath: "\(folder.path)/secret.md"))
        try folder.write("# Inside\n\nvisible", to: "sub/inside.md")
        let links = ["out.md": "../secret.md", "in.md": "sub/inside.md", "loop": ".", "absolute.md": "/etc/passwd"]
        for (name, target) in links {
            try FileManager.default.createSymbolicLink(
                atPath: "\(folder.documents)/\(name)",
                withDestinationPath: target
            )
        }
        let index = try folder.open()
        let update = try index.update([folder.source])
        #expect(try index.urls("hush secret") == [])
        #expect(Set(try index.urls("visible")) == ["/docs/in.md#inside", "/docs/sub/inside.md#inside"])
        #expect(update.problems.count { $0.hasSuffix("is a link that leaves the source") } == 2)
    }

    @Test("an update gives up when it is told to while another one holds the lock, and goes on when that is done")
    func heldLock() throws {
        let folder = try DocumentFolder()
        try folder.write("# A\n\nneedle", to: "a.md")
        let index = try folder.open()
        let descriptor = open(folder.indexPath + ".lock", O_RDWR | O_CREAT, 0o600)
        #expect(flock(descriptor, LOCK_EX) == 0)
        let error = #expect(throws: DocumentError.self) { try index.update([folder.source], waiting: { false }) }
        #expect(error.map { "\($0)".hasSuffix("[busy]") } == true)
        var count = 0
        let update = try index.update(
            [folder.source],
            waiting: {
                count += 1
                if count == 2 { close(descriptor) }
                return true
            }
        )
        #expect(update.changed == 1 && count == 2)
    }

    @Test("the mark that editors put before UTF-8 is no part of a text")
    func byteOrderMark() throws {
        let folder = try DocumentFolder()
        try folder.write("\u{FEFF}# Marked\n\nneedle", to: "a.md")
        try folder.write("\u{FEFF}---\ntitle: Front\nurl: /front\n---\nthread", to: "b.md")
        let index = try folder.indexed()
        #expect(try index.urls("needle") == ["/docs/a.md#marked"])
        #expect(try index.urls("thread") == ["/front"])
    }

    @Test("two names that differ in the form of a letter alone are two files")
    func namesByBytes() throws {
        let folder = try DocumentFolder()
        try folder.write("# A\n\nneedle", to: "caf\u{E9}.md")
        let index = try folder.indexed()
        try folder.remove("caf\u{E9}.md")
        try folder.write("# A\n\nthread", to: "cafe\u{301}.md")
        let update = try index.update([folder.source])
        #expect(update.changed == 1 && update.removed == 1)
        #expect(try index.urls("needle") == [])
        #expect(try index.urls("thread") == ["/docs/cafe%CC%81.md#a"])
    }

    @Test("an index of others that is half written takes nothing away, and a second file that a kill left goes")
    func halfWrittenIndex() throws {
        let folder = try DocumentFolder()
        let whole = #"{"docs":[{"location":"a/","title":"A","text":"needle"}]}"#
        try folder.write(whole, to: "search_index.json")
        let source = DocumentSource(path: "\(folder.documents)/search_index.json", url: "/")
        let index = try folder.indexed(source)
        try folder.write(String(whole.dropLast(9)), to: "search_index.json")
        try Data().write(to: URL(fileURLWithPath: folder.indexPath + ".next"))
        let update = try index.update([source])
        #expect(update.problems == ["\(folder.documents)/search_index.json: is no search_index.json of MkDocs"])
        #expect(try index.urls("needle") == ["/a/"])
        #expect(!FileManager.default.fileExists(atPath: folder.indexPath + ".next"))
        try folder.write(whole, to: "search_index.json")
        #expect(try index.update([source]).problems == [])
        try folder.write(whole.replacing("needle", with: "thread"), to: "search_index.json")
        #expect(try index.update([source]).problems == [])
        #expect(try index.urls("needle") == [])
        #expect(try index.urls("thread") == ["/a/"])
    }

    @Test("a page for which there was no room comes once there is some")
    func fullIndex() throws {
        let folder = try DocumentFolder()
        let many = String(repeating: "# a\n", count: 101_000)
        try folder.write(many, to: "a.md")
        try folder.write(many + "\nneedle", to: "b.md")
        let index = try folder.open()
        #expect(try index.update([folder.source]).problems.count == 1)
        #expect(try index.update([folder.source]).changed == 0)
        try folder.write("# small", to: "a.md")
        #expect(try index.update([folder.source]).problems.count == 0)
        #expect(try index.urls("needle") == ["/docs/b.md#a-100999"])
    }

    @Test("what may not be read any more is found no more, and is named")
    func withdrawnFile() throws {
        let folder = try DocumentFolder()
        try folder.write("# A\n\nneedle", to: "a.md")
        let index = try folder.indexed()
        let file = "\(folder.documents)/a.md"
        #expect(chmod(file, 0) == 0)
        // The index itself stays anybody's.
        for ending in ["", "-wal", "-shm", ".lock"] { #expect(chmod(folder.indexPath + ending, 0o666) == 0) }
        #expect(chmod(folder.path, 0o777) == 0)
        let update = try withoutRights { try index.update([folder.source]) }
        #expect(update.problems == ["\(file): can't be read"])
        #expect(try index.urls("needle") == [])
        #expect(chmod(file, 0o600) == 0)
        #expect(try index.update([folder.source]).problems == [])
        #expect(try index.urls("needle") == ["/docs/a.md#a"])
    }

    #if os(Linux)
        /// Looks at files as nobody does, where the tests run as root (setfsuid(2)).
        private func withoutRights<Result>(_ body: () throws -> Result) throws -> Result {
            guard geteuid() == 0 else { return try body() }
            let change = unsafeBitCast(
                try #require(dlsym(nil, "setfsuid")),
                to: (@convention(c) (UInt32) -> CInt).self
            )
            _ = change(65_534)
            defer { _ = change(0) }
            return try body()
        }
    #else
        private func withoutRights<Result>(_ body: () throws -> Result) throws -> Result { try body() }
    #endif

    @Test("a full build goes into a second file, and searches go on with the old content until it is there")
    func fullBuild() throws {
        let folder = try DocumentFolder()
        for number in 0..<450 { try folder.write("# Page \(number)\n\nneedle", to: "p\(number).md") }
        let index = try folder.indexed()
        let other = try folder.open()
        try folder.write("# Page 0\n\nthread", to: "p0.md")
        _ = try index.update([folder.source], full: true) { done, _ in
            // Its own reader and that of another connection still see the old content.
            #expect((try? other.urls("needle", limit: 9).count) == 9)
            #expect((try? other.urls("thread")) == [])
            return true
        }
        #expect(try other.urls("thread") == ["/docs/p0.md#page-0"])
        #expect(!FileManager.default.fileExists(atPath: folder.indexPath + ".next"))
        // Ended before it is done it changes nothing.
        try folder.write("# Page 0\n\nneedle", to: "p0.md")
        #expect(throws: DocumentError.self) { try index.update([folder.source], full: true) { _, _ in false } }
        #expect(try other.urls("thread") == ["/docs/p0.md#page-0"])
    }

    @Test("a database of another program is left alone, and an index of another version is made anew")
    func otherFiles() throws {
        let folder = try DocumentFolder()
        try folder.write("# A\n\nneedle", to: "a.md")
        try Data("no database, but long enough to be none of ours".utf8).write(
            to: URL(fileURLWithPath: folder.indexPath)
        )
        #expect(throws: DocumentError.self) { try folder.open() }
        try FileManager.default.removeItem(atPath: folder.indexPath)
        let index = try folder.indexed()
        try changeVersion(of: folder.indexPath, to: 0)
        #expect(try index.urls("needle") == [])
        #expect(try index.update([folder.source]).changed == 1)
        #expect(try index.urls("needle") == ["/docs/a.md#a"])
    }

    @Test("what a source is called, and what its pages are, is the configuration's")
    func addresses() throws {
        let folder = try DocumentFolder()
        try folder.write("# Start\n\nneedle", to: "index.md")
        try folder.write("---\nurl: https://example.com/own\n---\n# Own\n\nneedle", to: "own.md")
        try folder.write("---\nurl: javascript:alert(1)\n---\n# Evil\n\nneedle", to: "a b/evil.md")
        var source = DocumentSource(path: folder.documents, url: "https://example.com/docs", links: .folder)
        #expect(
            Set(try folder.indexed(source).urls("needle")) == [
                "https://example.com/docs/#start", "https://example.com/own#own",
                "https://example.com/docs/a%20b/evil/#evil",
            ]
        )
        source.links = .html
        #expect(
            try folder.indexed(source).urls("start") == [
                "https://example.com/docs/.html#start".replacing(".html", with: "")
            ]
        )
        try folder.write(
            #"{"docs":[{"location":"//evil.example/","title":"Needle","text":"needle"}]}"#,
            to: "search_index.json"
        )
        let mkdocs = DocumentSource(path: "\(folder.documents)/search_index.json", url: "/")
        #expect(try folder.indexed(mkdocs).urls("needle") == ["/evil.example/"])
    }

    @Test("Sphinx: pages that are there as HTML are read, and those alone that are pages")
    func sphinx() throws {
        let folder = try DocumentFolder()
        let pages = "docnames:[\"a\",\"b\"],titles:[\"A\",\"Bee\"],terms:{hive:[0,1]}"
        try folder.write("Search.setIndex({\(pages)})", to: "searchindex.js")
        try folder.write("<div role=main><h1 id=x>A</h1><p>A hive of text</p></div>", to: "a.html")
        try folder.write("<h1>hive index</h1>", to: "genindex.html")
        let index = try folder.open()
        let source = DocumentSource(path: "\(folder.documents)/searchindex.js", url: "/docs/")
        _ = try index.update([source])
        #expect(Set(try index.urls("hives")) == ["/docs/a.html#x", "/docs/b.html"])
        let hits = try index.searchNow(DocumentQuery("bee"))
        #expect(hits.map(\.snippet.isEmpty) == [true])
        try folder.write("<h1>Bee</h1><p>buzz</p>", to: "b/index.html")
        _ = try index.update([source])
        #expect(try index.searchNow(DocumentQuery("buzz")).map(\.snippet.plain) == ["buzz"])
        #expect(try index.urls("bee") == ["/docs/b/index.html"])
    }
}
