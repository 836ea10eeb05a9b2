import Diagnostics
import Foundation
import Messages
import Responders
import RespondersTesting
import Testing

@testable import Plugins

@Suite("docs")
struct DocsTests {
    private static let files = [
        "docs/returns.md": "# Returns\n\nGoods can be sent back within 14 days. <img src=x onerror=alert(1)>",
        "docs/hours.md": "# Opening hours\n\nWe are there on weekdays from nine to five.",
    ]
    private static let settings = "index: docs.sqlite\nsources: [{path: docs/, url: /help/}]"

    private static func docs(_ yaml: String = settings, in folder: ScratchFolder) throws -> Docs {
        let responder = try PluginRegistry.builtin().makeResponder(
            named: "docs",
            at: Place(file: "test.yaml"),
            settings: Settings(yaml: yaml, file: "test.yaml", keyPath: "docs"),
            services: PluginServices(baseFolder: folder.path, clock: TurnClock(ManualClock()))
        )
        return try #require(responder as? Docs)
    }

    private static func turn(_ text: String) -> Turn {
        Turn(
            id: TurnID("t1"),
            message: Incoming(id: "m1", text: text),
            conversation: Conversation(sessionID: "s1"),
            page: Page(path: "/"),
            localTime: TimeOfDay(minutes: 720)
        )
    }

    @Test("in enrich it leaves a note with title, address, passage and score")
    func note() async throws {
        let folder = try ScratchFolder(Self.files)
        let docs = try Self.docs(in: folder)
        let turn = Self.turn("when are you open?").placed(in: .enrich)
        let verdict = try await running([docs]) { try await docs.respond(to: turn) }
        guard case .augment(let found) = verdict, case .list(let documents)? = found.note?["documents"] else {
            Issue.record("\(verdict)")
            return
        }
        #expect(documents.first?["title"]?.text == "Opening hours")
        #expect(documents.first?["url"]?.text == "/help/hours.md#opening-hours")
        #expect(documents.first?["text"]?.text?.contains("weekdays") == true)
    }

    @Test("in answer it answers with links; where it doesn't know it passes, or says so")
    func answer() async throws {
        let desk = try Desk(Docs.self, Self.settings, files: Self.files, clock: TurnClock(ManualClock()))
        guard case .reply(let reply, let confidence, .stop, _) = try await desk.hears("opening hours") else {
            Issue.record("no reply")
            return
        }
        #expect(reply.links == [Reply.Link(title: "Opening hours", url: "/help/hours.md#opening-hours")])
        #expect(reply.text.hasPrefix("This is what our documents say:\n\nOpening hours: We are there"))
        #expect(confidence > 0.9)
        try await desk.hears("what is the weather in Paris?").expect(.pass(reason: "no-document"))
        let honest = try Desk(Docs.self, Self.settings + "\nunknown: No idea.", files: Self.files)
        try await honest.hears("what is the weather in Paris?").expect(.reply(Reply("No idea.", format: .plain)))
    }

    @Test("its first line is in the language of the page, or the configuration's")
    func texts() async throws {
        let desk = try Desk(Docs.self, Self.settings, files: Self.files, clock: TurnClock(ManualClock()))
        guard case .reply(let reply, _, _, _) = try await desk.hears("opening hours", lang: "de-AT") else {
            Issue.record("no reply")
            return
        }
        #expect(reply.text.hasPrefix("Das steht dazu in unserer Dokumentation:"))
    }

    @Test("what it noted in enrich it doesn't say again in answer")
    func neverBoth() async throws {
        let stages = """
            enrich: [{docs: {index: a.sqlite, sources: [{path: docs/}]}}]
            answer: [{docs: {index: a.sqlite, sources: [{path: docs/}]}, as: docs-answer}]
            fallback: [fallback: {text: No idea.}]
            """
        let desk = try ChainDesk(stages, plugins: .builtin(), files: Self.files, clock: TurnClock(ManualClock()))
        let steps = try await running(desk.chain.runningResponders) {
            var desk = desk
            return try await desk.say("opening hours").steps.map {
                "\($0.responder) \($0.reason?.rawValue ?? $0.verdict ?? "")"
            }
        }
        #expect(steps.contains("docs augment"), "\(steps)")
        #expect(steps.contains("docs-answer already-noted"), "\(steps)")
    }

    @Test("H2: what looks like markup in a document is plain text in the answer")
    func markup() async throws {
        let desk = try Desk(Docs.self, Self.settings, files: Self.files, clock: TurnClock(ManualClock()))
        guard case .reply(let reply, _, _, _) = try await desk.hears("send goods back") else {
            Issue.record("no reply")
            return
        }
        #expect(reply.format == .plain)
        #expect(!reply.text.contains("<mark>") && !reply.text.contains("\u{E000}"))
    }

    @Test("H11: an address is no source: nothing outside the disk is asked, and check says that it isn't there")
    func address() throws {
        let folder = try ScratchFolder()
        let docs = try Self.docs("sources: [{path: 'http://127.0.0.1:9/docs'}]", in: folder)
        #expect(docs.warnings.map(\.code) == ["no-source"])
    }

    @Test("a rule's search gives the best page, and a count of 0 where there is none")
    func action() async throws {
        let folder = try ScratchFolder(Self.files)
        let docs = try Self.docs(in: folder)
        let turn = Self.turn("hello")
        try await running([docs]) {
            let found = try await docs.perform(
                Action(key: "t/0", operation: "search", fields: ["text": "opening hours"]),
                in: turn
            )
            #expect(found.values["url"] == "/help/hours.md#opening-hours" && found.values["count"] == "1")
            let nothing = try await docs.perform(
                Action(key: "t/1", operation: "search", fields: ["text": "rain in Spain"]),
                in: turn
            )
            #expect(nothing.values == ["count": "0"])
        }
    }

    @Test("a model's search gives passages with their addresses")
    func tool() async throws {
        let folder = try ScratchFolder(Self.files)
        let docs = try Self.docs(in: folder)
        let tool = SearchDocs(docs: docs)
        let turn = Self.turn("hello")
        await #expect(throws: ToolError.self) { try await tool.call(.init(query: "hours"), in: turn) }
        try await running([docs]) {
            let found = try await tool.call(.init(query: "hours"), in: turn)
            #expect(found.hasPrefix("Opening hours\n/help/hours.md#opening-hours\n"))
            let nothing = try await tool.call(.init(query: "rain Spain"), in: turn)
            #expect(nothing == "the documents say nothing about it")
        }
    }

    @Test("a changed document answers after a reload, and counts as new content")
    func reload() async throws {
        let folder = try ScratchFolder(Self.files)
        let docs = try Self.docs(in: folder)
        try await running([docs]) {
            let turn = Self.turn("vouchers")
            let before = try await docs.respond(to: turn)
            #expect(before == .pass(reason: "no-document"))
            let generation = docs.content.generation
            try folder.write("# Vouchers\n\nThey last a year.", to: "docs/new/vouchers.md")
            docs.reload()
            #expect(docs.content.generation == generation + 1)
            #expect(docs.content.summary == "3 documents, 3 sections")
            #expect(docs.contentFolders.contains { $0.hasSuffix("docs/new") })
            guard case .reply = try await docs.respond(to: turn) else {
                Issue.record("no reply")
                return
            }
        }
    }

    @Test(
        "while another process holds the index's lock nobody waits for a reload, and the plugin stops",
        .timeLimit(.minutes(1))
    )
    func heldLock() async throws {
        let folder = try ScratchFolder(Self.files)
        let docs = try Self.docs(in: folder)
        let lock = open("\(folder.path)/docs.sqlite.lock", O_RDWR | O_CREAT, 0o600)
        #expect(flock(lock, LOCK_EX) == 0)
        await running([docs]) {
            for _ in 0..<3 { docs.reload {} }
            #expect(docs.content.generation == 0)
        }
        close(lock)
    }

    @Test("an index that is broken or removed while the server runs is made anew", .timeLimit(.minutes(1)))
    func lostIndex() async throws {
        let folder = try ScratchFolder(Self.files)
        let docs = try Self.docs(in: folder)
        let path = "\(folder.path)/docs.sqlite"
        let turn = Self.turn("opening hours")
        try await running([docs]) {
            func expectReply() async throws {
                guard case .reply = try await docs.respond(to: turn) else {
                    Issue.record("no reply")
                    return
                }
            }
            try await expectReply()
            for ending in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + ending) }
            docs.reload()
            #expect(FileManager.default.fileExists(atPath: path))
            try await expectReply()
            // Over what is there, as a copy that failed leaves it.
            for ending in ["", "-wal"] {
                let handle = try #require(FileHandle(forWritingAtPath: path + ending))
                try handle.write(contentsOf: Data(repeating: 0x2A, count: 1 << 20))
                try handle.close()
            }
            try folder.write("# Prices\n\nNothing is free.", to: "docs/prices.md")
            docs.reload()
            #expect(docs.content.rejected.map(\.code) == ["broken-index"])
            for ending in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + ending) }
            docs.reload()
            #expect(docs.content.rejected == [])
            try await expectReply()
        }
    }

    @Test(
        "mistakes are told with their place",
        arguments: [
            (
                "sources: []",
                "test.yaml:1:1: docs.sources: there is no document; write 1 to 100 sources, or search engines [no-source]"
            ),
            (
                "sources: [{path: a, url: 'javascript:x'}]",
                "test.yaml:1:1: docs.sources: \"javascript:x\" is no address for visitors; write https://HOST/PATH/ or a path that begins with one slash [bad-link]"
            ),
            (
                "sources: [{path: a}]\ntop: 9",
                "test.yaml:2:1: docs.top: 9 is no number of pages; write 1 to 5 [wrong-value]"
            ),
            (
                "sources: [{path: a}]\nsynonyms: words.txt",
                "FOLDER/words.txt:2:1: one phrase alone; write at least two, with a comma between them [bad-synonyms]"
            ),
        ]
    )
    func mistakes(yaml: String, message: String) throws {
        let folder = try ScratchFolder(["words.txt": "a, b\nalone\n"])
        let rejection = #expect(throws: Rejection.self) { try Self.docs(yaml, in: folder) }
        #expect(rejection?.diagnostics.map { "\($0)".replacing(folder.path, with: "FOLDER") } == [message])
    }
}
