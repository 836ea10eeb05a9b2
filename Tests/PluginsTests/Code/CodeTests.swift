import Diagnostics
import Messages
import Responders
import RespondersTesting
import Testing

@testable import Plugins

@Suite("code")
struct CodeTests {
    private static let files = [
        "src/basket.py": "def total(items):\n    if not items:\n        raise ValueError('the basket has no items')\n",
        "src/fence.md": "```\n</code><script>alert('a_marked_word')</script>\n```\n",
    ]
    private static let settings = "index: code.sqlite\naudience: public\nallow: ['*.py', '*.md']\nroots: [{path: src/}]"
    private static let error = "ValueError: the basket has no items"

    private static func code(_ yaml: String = settings, in folder: ScratchFolder) throws -> Code {
        let responder = try PluginRegistry.builtin().makeResponder(
            named: "code",
            at: Place(file: "test.yaml"),
            settings: Settings(yaml: yaml, file: "test.yaml", keyPath: "code"),
            services: PluginServices(baseFolder: folder.path, clock: TurnClock(ManualClock()))
        )
        return try #require(responder as? Code)
    }

    private static func turn(_ text: String, from visitor: Visitor = Visitor()) -> Turn {
        Turn(
            id: TurnID("t1"),
            message: Incoming(id: "m1", text: text),
            conversation: Conversation(sessionID: "s1"),
            visitor: visitor,
            page: Page(path: "/"),
            localTime: TimeOfDay(minutes: 720)
        )
    }

    @Test("in enrich it leaves a note with path, line and lines")
    func note() async throws {
        let folder = try ScratchFolder(Self.files)
        let code = try Self.code(in: folder)
        let verdict = try await running([code]) {
            try await code.respond(to: Self.turn(Self.error).placed(in: .enrich))
        }
        guard case .augment(let found) = verdict, case .list(let places)? = found.note?["code"] else {
            Issue.record("\(verdict)")
            return
        }
        #expect(places.first?["path"]?.text == "basket.py" && places.first?["line"] == .number(3))
        #expect(places.first?["reason"]?.text == "error text" && places.first?["symbol"]?.text == "function total")
        #expect(places.first?["text"]?.text?.contains("> 3          raise ValueError") == true)
    }

    @Test("what it noted in enrich it doesn't say again in answer")
    func neverBoth() async throws {
        let entry = "index: a.sqlite, audience: public, roots: [{path: src/}]"
        let stages = """
            enrich: [{code: {\(entry)}}]
            answer: [{code: {\(entry)}, as: code-answer}]
            fallback: [fallback: {text: No idea.}]
            """
        let desk = try ChainDesk(stages, plugins: .builtin(), files: Self.files, clock: TurnClock(ManualClock()))
        let steps = try await running(desk.chain.runningResponders) {
            var desk = desk
            return try await desk.say(Self.error).steps.map {
                "\($0.responder) \($0.reason?.rawValue ?? $0.verdict ?? "")"
            }
        }
        #expect(steps.contains("code augment") && steps.contains("code-answer already-noted"), "\(steps)")
    }

    @Test("a name that is merely used is no answer, one that is defined is")
    func uses() async throws {
        let desk = try Desk(
            Code.self,
            Self.settings,
            files: ["src/a.py": "on_iPhone = 1\nx = iPhone\n", "src/b.py": "def open_basket(): pass\n"],
            clock: TurnClock(ManualClock())
        )
        try await desk.hears("does it work on my iPhone?").expect(.pass(reason: "no-code"))
        guard case .reply(let reply, _, _, _) = try await desk.hears("what is open_basket?") else {
            Issue.record("no reply")
            return
        }
        #expect(reply.text.contains("b.py:1 (function open_basket)"))
    }

    @Test("its first line is in the language of the page")
    func texts() async throws {
        let desk = try Desk(Code.self, Self.settings, files: Self.files, clock: TurnClock(ManualClock()))
        guard case .reply(let reply, _, _, _) = try await desk.hears(Self.error, lang: "de-AT") else {
            Issue.record("no reply")
            return
        }
        #expect(reply.text.hasPrefix("Das ist die Stelle im Code:"))
    }

    @Test(
        "for staff it answers nobody else, in no stage and by no tool",
        arguments: [
            (Visitor(), false), (Visitor(attributes: ["role": "staff"]), false),
            (Visitor(attributes: ["role": "customer"], isVerified: true), false), (Visitor(isVerified: true), false),
            (Visitor(attributes: ["role": "staff"], isVerified: true), true),
        ]
    )
    func audience(visitor: Visitor, isAnswered: Bool) async throws {
        let folder = try ScratchFolder(Self.files)
        let code = try Self.code(Self.settings.replacing("audience: public", with: "audience: staff"), in: folder)
        try await running([code]) {
            for stage in [Stage.enrich, .answer] {
                let verdict = try await code.respond(to: Self.turn(Self.error, from: visitor).placed(in: stage))
                #expect((verdict != .pass(reason: "not-staff")) == isAnswered)
            }
            let tool = SearchCode(code: code)
            let turn = Self.turn("hello", from: visitor)
            if isAnswered {
                let found = try await tool.call(.init(query: "basket has no"), in: turn)
                #expect(found.hasPrefix("match: basket.py:3"))
            } else {
                await #expect(throws: ToolError("this visitor may not see source code")) {
                    try await tool.call(.init(query: "basket has no"), in: turn)
                }
            }
        }
    }

    @Test("H2: nothing that stands in code ends the block of code that it is shown in")
    func markup() async throws {
        let desk = try Desk(Code.self, Self.settings, files: Self.files, clock: TurnClock(ManualClock()))
        guard case .reply(let reply, _, _, _) = try await desk.hears("where is \"a_marked_word\"?") else {
            Issue.record("no reply")
            return
        }
        let fences = reply.text.split(separator: "\n").filter { $0.drop { $0 == " " }.hasPrefix("```") }
        #expect(fences.count == 2, "\(reply.text)")
        #expect(reply.text.contains("  1  ```\n> 2  </code><script>"))
    }

    @Test("a model's search gives places with their lines, and says what it can't do")
    func tool() async throws {
        let folder = try ScratchFolder(Self.files)
        let code = try Self.code(in: folder)
        let tool = SearchCode(code: code)
        let turn = Self.turn("hello")
        await #expect(throws: ToolError.self) { try await tool.call(.init(query: "total"), in: turn) }
        try await running([code]) {
            let found = try await tool.call(.init(query: "total"), in: turn)
            #expect(found.hasPrefix("definition: basket.py:1 (function total)\n> 1  def"))
            let nothing = try await tool.call(.init(query: "nowhere at all"), in: turn)
            #expect(nothing == "the source code has nothing of it")
            await #expect(throws: ToolError("query: write three letters or more")) {
                try await tool.call(.init(query: "to"), in: turn)
            }
        }
    }

    @Test("changed code answers after a reload, and counts as new content")
    func reload() async throws {
        let folder = try ScratchFolder(Self.files)
        let code = try Self.code(in: folder)
        try await running([code]) {
            let turn = Self.turn("`voucher_value`")
            let before = try await code.respond(to: turn)
            #expect(before == .pass(reason: "no-code"))
            let generation = code.content.generation
            try folder.write("def voucher_value(): pass\n", to: "src/new/voucher.py")
            code.reload()
            #expect(code.content.generation == generation + 1)
            #expect(code.content.summary == "3 files, 2 symbols")
            #expect(code.contentFolders.contains { $0.hasSuffix("src/new") })
            guard case .reply = try await code.respond(to: turn) else {
                Issue.record("no reply")
                return
            }
        }
    }

    @Test(
        "mistakes are told with their place",
        arguments: [
            (
                "audience: public\nroots: []",
                "test.yaml:2:1: code.roots: there is no folder of code; write 1 to 20 roots [no-root]"
            ),
            (
                "roots: [{path: a}]", "test.yaml:1:1: code: \"audience\" is missing [missing-key]"
            ),
            (
                "audience: public\nroots: [{path: a, link: 'javascript:{path}'}]",
                "test.yaml:2:1: code.roots: \"javascript:{path}\" is no address of a file; write https://HOST/…{path}… with {line} and {revision} where they belong [bad-link]"
            ),
            (
                "audience: public\nroots: [{path: a}]\ntop: 9",
                "test.yaml:3:1: code.top: 9 is no number of places; write 1 to 5 [wrong-value]"
            ),
            (
                "audience: public\nroots: [{path: a}]\nallow: ['!x']",
                "test.yaml:3:1: code.allow: \"!x\" is no pattern; write patterns such as *.py, src/ or /docs/**; what isn't to be found goes to deny [bad-pattern]"
            ),
            (
                "audience: public\nroots: [{path: a}]\nallow: []",
                "test.yaml:3:1: code.allow: nothing is allowed; write a pattern, or leave it out [bad-pattern]"
            ),
        ]
    )
    func mistakes(yaml: String, message: String) throws {
        let folder = try ScratchFolder()
        let rejection = #expect(throws: Rejection.self) { try Self.code(yaml, in: folder) }
        #expect(rejection?.diagnostics.map { "\($0)" } == [message])
    }

    @Test("a root that isn't there is warned of")
    func missing() throws {
        let code = try Self.code("audience: public\nroots: [{path: nowhere}]", in: ScratchFolder())
        #expect(code.warnings.map(\.code) == ["no-root"])
    }
}
