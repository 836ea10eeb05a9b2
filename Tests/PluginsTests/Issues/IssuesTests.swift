import Diagnostics
import Foundation
import Messages
import Responders
import RespondersTesting
import Synchronization
import Testing
import Tracker

@testable import Plugins

extension Issues {
    /// The tracker in the file.
    func embedded() throws -> EmbeddedTracker { try #require(try self.tracker()) }
}

@Suite("issues")
struct IssuesTests {
    /// The plugin in a folder of its own, with a clock that stands still.
    private final class Ground: Sendable {
        let folder: ScratchFolder
        let time = Mutex<Int64>(1_800_000_000_000)
        let incidents = Mutex<[Incident]>([])

        init() throws { self.folder = try ScratchFolder() }

        func issues(_ yaml: String = "file: issues.sqlite") throws -> Issues {
            var registry = PluginRegistry()
            try registry.register(Issues.self)
            var services = PluginServices(baseFolder: self.folder.path, clock: TurnClock(ManualClock())) { incident in
                self.incidents.withLock { $0.append(incident) }
            }
            services.wallClock = { self.time.withLock { $0 } }
            let responder = try registry.makeResponder(
                named: "issues",
                at: Place(file: "test.yaml"),
                settings: Settings(yaml: yaml, file: "test.yaml", keyPath: "issues"),
                services: services
            )
            return try #require(responder as? Issues)
        }

        func run(_ yaml: String = "file: issues.sqlite", _ body: @Sendable (Issues) async throws -> Void) async throws {
            let issues = try self.issues(yaml)
            try await running([issues]) { try await body(issues) }
        }
    }

    private static func turn(
        _ text: String,
        _ id: String = "t1",
        session: String = "s1",
        lang: String? = nil,
        page: String = "/shop/cart"
    ) throws -> Turn {
        Turn(
            id: TurnID(id),
            message: Incoming(id: "m-\(id)", text: text, lang: lang),
            conversation: Conversation(sessionID: session),
            page: Page(path: page),
            localTime: try #require(TimeOfDay("12:00"))
        )
    }

    /// What a rule's action does.
    private static func create(_ issues: Issues, _ turn: Turn, title: String? = nil) async throws -> IssueOutcome {
        let draft = try IssueDraft(of: turn, title: title)
        let key = DedupeKey("\(turn.id)/0")
        return try await IssueIntake(issues, try issues.route()).take(draft, key: key, lang: turn.message.lang)
    }

    private static func press(_ text: String, _ issues: Issues, session: String = "s1") async throws -> Reply? {
        let verdict = try await issues.respond(to: try Self.turn(text, "p", session: session))
        guard case .reply(let reply, _, _, _) = verdict else { return nil }
        return reply
    }

    private static func count(_ issues: Issues) async throws -> Int {
        try await issues.embedded().issues(IssueFilter(limit: 1_000)).issues.count
    }

    @Test("what will be sent is shown first, and sent once however often it is pressed")
    func confirm() async throws {
        let ground = try Ground()
        try await ground.run { issues in
            let outcome = try await Self.create(issues, try Self.turn("The checkout is broken, error 502."))
            #expect(outcome.values.isEmpty)
            let expected = """
                This is what will be sent:

                The checkout is broken, error 502.

                > The checkout is broken, error 502.

                Page: /shop/cart
                """
            #expect(outcome.reply?.text == expected)
            #expect(outcome.reply?.format == .plain)
            #expect(outcome.reply?.choices.map(\.label) == ["Send", "Not now"])
            #expect(try await Self.count(issues) == 0)
            let first = try #require(try await Self.press("Send", issues))
            for _ in 0..<3 { #expect(try await Self.press("send", issues) == first) }
            #expect(first.text.wholeMatch(of: /Noted as R-[2-9A-Z]{4} \(#1\)\. You will hear of it here\./) != nil)
            let issue = try #require(try await issues.embedded().issue(1, of: .default))
            #expect(issue.body == "> The checkout is broken, error 502." && issue.page == "/shop/cart")
            #expect(first.text.contains(issue.reference))
            #expect(try await Self.count(issues) == 1)
        }
    }

    @Test("a draft outlives a restart, and so does what was pressed")
    func restart() async throws {
        let ground = try Ground()
        try await ground.run { issues in _ = try await Self.create(issues, try Self.turn("It is broken.")) }
        try await ground.run { issues in
            // A turn that a crash left open runs again.
            let again = try await Self.create(issues, try Self.turn("It is broken."))
            #expect(again.reply?.choices.count == 2)
            #expect(try await Self.press("Send", issues)?.text.hasPrefix("Noted as R-") == true)
        }
        try await ground.run { issues in
            #expect(try await Self.press("Send", issues)?.text.hasPrefix("Noted as R-") == true)
            #expect(try await Self.count(issues) == 1)
            let known = try await Self.create(issues, try Self.turn("It is broken."))
            #expect(known.values["number"] == "1" && known.reply == nil)
        }
    }

    @Test("killed between the issue and the note of it, the next press finds the issue")
    func halfSent() async throws {
        let ground = try Ground()
        try await ground.run { issues in
            let turn = try Self.turn("It is broken.")
            _ = try await Self.create(issues, turn)
            let ref = try await issues.embedded().create(try IssueDraft(of: turn), key: DedupeKey("t1/0"))
            let reply = try await Self.press("Send", issues)
            #expect(reply?.text.contains(try #require(ref.reference)) == true)
            #expect(try await Self.count(issues) == 1)
        }
    }

    @Test("not now sends nothing, and the visitor may change their mind until 30 minutes are over")
    func notNow() async throws {
        let ground = try Ground()
        try await ground.run { issues in
            _ = try await Self.create(issues, try Self.turn("It is broken."))
            #expect(try await Self.press("Not now", issues)?.text == "Nothing was sent.")
            #expect(try await Self.count(issues) == 0)
            #expect(try await Self.press("Send", issues)?.text.hasPrefix("Noted") == true)
            _ = try await Self.create(issues, try Self.turn("The menu is blue.", "t2"))
            ground.time.withLock { $0 += 30 * 60_000 }
            #expect(try await issues.respond(to: try Self.turn("Send")) == .pass(reason: "no-draft"))
            #expect(try await Self.count(issues) == 1)
        }
    }

    @Test("nobody presses the buttons of another session, and other words pass without a look at the file")
    func others() async throws {
        let ground = try Ground()
        try await ground.run { issues in
            _ = try await Self.create(issues, try Self.turn("It is broken."))
            #expect(try await Self.press("Send", issues, session: "s2") == nil)
            #expect(try await issues.respond(to: try Self.turn("Send it to Bob")) == .pass(reason: "no-press"))
            #expect(try await Self.press("Yes, add me", issues) == nil)
            #expect(try await Self.count(issues) == 0)
        }
        #expect(try await ground.issues().respond(to: try Self.turn("Send")) == .pass(reason: .notRunning))
    }

    @Test("a public issue that is like it is offered; yes adds the words once, no shows the report")
    func similar() async throws {
        let ground = try Ground()
        try await ground.run { issues in
            let tracker = try issues.embedded()
            let draft = try IssueDraft(title: "Checkout fails with error 502", page: "/shop/cart")
            _ = try await tracker.create(draft, key: DedupeKey("known"))
            let words = "checkout fails with error 502"
            let hidden = try await Self.create(issues, try Self.turn(words, "t0"))
            #expect(hidden.reply?.choices.map(\.label) == ["Send", "Not now"])
            let known = try await tracker.change(1, of: .default, isPublic: true, by: "anna")
            let offer = try await Self.create(issues, try Self.turn(words, "t1", session: "s2"))
            #expect(
                offer.reply?.text
                    == "This looks known: “Checkout fails with error 502” (\(known.reference)). Is it the same?"
            )
            #expect(offer.reply?.choices.map(\.label) == ["Yes, add me", "No, new report"])
            for _ in 0..<2 {
                let joined = try await Self.press("Yes, add me", issues, session: "s2")
                #expect(joined?.text == "You are added to \(known.reference) (#1). You will hear of it here.")
            }
            let comments = try await tracker.events(of: known).filter { $0.kind == .comment }
            #expect(comments.map(\.text) == ["checkout fails with error 502\n\n> checkout fails with error 502"])
            #expect(comments.map(\.isPublic) == [false])
            _ = try await Self.create(issues, try Self.turn(words, "t3", session: "s3"))
            let preview = try await Self.press("No, new report", issues, session: "s3")
            #expect(preview?.text.hasPrefix("This is what will be sent:") == true)
            #expect(try await Self.press("Send", issues, session: "s3")?.text.contains("(#2)") == true)
        }
    }

    @Test("without confirm a report is sent at once, once for each action")
    func atOnce() async throws {
        let ground = try Ground()
        let yaml = "{file: issues.sqlite, confirm: false, link: 'https://i.example/{number}', public_links: true}"
        try await ground.run(yaml) { issues in
            let first = try await Self.create(issues, try Self.turn("It is broken."))
            #expect(first == (try await Self.create(issues, try Self.turn("It is broken."))))
            #expect(first.values["number"] == "1" && first.values["url"] == "https://i.example/1")
            #expect(first.values["reference"]?.hasPrefix("R-") == true && first.reply == nil)
            #expect(try await Self.count(issues) == 1)
        }
    }

    @Test("GT5 GT8: 100 reports of 100 sessions in one second have 100 references, and each hears of its own")
    func manyReports() async throws {
        let ground = try Ground()
        try await ground.run("{file: issues.sqlite, confirm: false, similar: 100%}") { issues in
            let references = try await withThrowingTaskGroup(of: String?.self) { group in
                for number in 0..<100 {
                    group.addTask {
                        let turn = try Self.turn("Report \(number)", "t\(number)", session: "s\(number)")
                        return try await Self.create(issues, turn).values["reference"]
                    }
                }
                return try await group.reduce(into: [String]()) { if let reference = $1 { $0.append(reference) } }
            }
            #expect(Set(references).count == 100)
            let tracker = try issues.embedded()
            let issue = try #require(try await tracker.issue(7, of: .default))
            try await tracker.change(7, of: .default, to: .resolved, by: "anna")
            let notices = try await issues.notices()
            #expect(notices.map(\.sessionID) == [issue.session])
            #expect(notices.map(\.text) == ["Your report \(issue.reference) is now: resolved."])
        }
    }

    @Test("news are told once, also after a restart; private notes never are")
    func news() async throws {
        let ground = try Ground()
        try await ground.run { issues in
            _ = try await Self.create(issues, try Self.turn("Kaputt", lang: "de-AT"))
            #expect(try await Self.press("Senden", issues)?.text.hasPrefix("Notiert als R-") == true)
            let tracker = try issues.embedded()
            try await tracker.comment(1, of: .default, "secret", isPublic: false, by: "anna")
            try await tracker.comment(1, of: .default, "Schon <b>behoben</b>.", isPublic: true, by: "anna")
            try await tracker.change(1, of: .default, to: .inProgress, by: "anna")
            _ = try await issues.notices()
        }
        try await ground.run { issues in
            let reference = try #require(try await issues.embedded().issue(1, of: .default)).reference
            let notices = try await issues.notices()
            #expect(
                notices.map(\.text) == [
                    "Neues zu Ihrer Meldung \(reference):\n\nSchon <b>behoben</b>.",
                    "Ihre Meldung \(reference) ist jetzt: in Arbeit.",
                ]
            )
            #expect(Set(notices.map(\.id)).count == 2 && notices.allSatisfy { SessionID($0.id) != nil })
            try await issues.delivered(notices[0])
            #expect(try await issues.notices() == [notices[1]])
            try await issues.delivered(notices[1])
            #expect(try await issues.notices().isEmpty)
            let standing = try await IssueIntake(issues, try issues.route())
                .standing(of: try #require(SessionID("s1")), at: .default, lang: "de")
            #expect(standing.reply?.text == "Ihre Meldungen:\n\(reference): in Arbeit")
            let nobody = try await IssueIntake(issues, try issues.route())
                .standing(of: try #require(SessionID("s9")), at: .default, lang: nil)
            #expect(nobody.reply?.text == "There is no report of yours in this conversation.")
        }
    }

    @Test("every language has all buttons and texts, and no two buttons are the same", arguments: IssueTexts.all)
    func languages(texts: IssueTexts) async throws {
        for press in IssueTexts.Press.allCases {
            #expect(IssueTexts.press(" \(texts.label(press).uppercased())! ") == press)
            #expect(texts.label(press).count <= Reply.Choice.maximumLabelCharacters)
        }
        #expect(Set(texts.phases.keys) == Set(IssueState.Phase.allCases))
        for text in [texts.noted, texts.joined] { #expect(text.contains("{reference}") && text.contains("{number}")) }
        #expect(texts.known.contains("{title}") && texts.known.contains("{reference}"))
        #expect(texts.news.contains("{state}") && texts.news.contains("{reference}"))
        let ground = try Ground()
        try await ground.run { issues in
            let reply = try await Self.create(issues, try Self.turn("x", lang: texts.lang)).reply
            #expect(reply?.choices.map(\.label) == [texts.send, texts.notNow] && reply?.lang == texts.lang)
            #expect(try await Self.press(texts.send, issues)?.text.contains("R-") == true)
        }
    }

    @Test(
        "H2: a stranger's words are shown and sent as text that links and notifies nobody",
        arguments: [
            "@all <img src=x onerror=alert(1)>", "see #1 https://evil.example", "[x](javascript:alert(1))",
            "{title} {reference} {number}", "**bold**\n# heading", "/close\n/assign @root", "\u{202E}evil\0",
        ]
    )
    func hostile(text: String) async throws {
        let ground = try Ground()
        try await ground.run { issues in
            let reply = try #require(try await Self.create(issues, try Self.turn(text)).reply)
            #expect(reply.format == .plain)
            _ = try await Self.press("Send", issues)
            let issue = try #require(try await issues.embedded().issue(1, of: .default))
            // What was shown is what was sent.
            #expect(reply.text.contains(issue.title) && reply.text.contains(issue.body))
            for part in [issue.title, issue.body] {
                #expect(part.firstMatch(of: /[@#]\w|:\/\/|<\w|\]\(javascript:a/) == nil)
            }
            #expect(issue.body.split(separator: "\n").allSatisfy { $0.hasPrefix(">") })
        }
    }

    @Test("a model prepares a report that the visitor sees before it is sent, one for each message")
    func tools() async throws {
        let ground = try Ground()
        try await ground.run { issues in
            let box = ToolBox(issues.tools)
            #expect(box.names == ["create_issue", "find_issue"])
            let turn = try Self.turn("It is broken.")
            for title in ["Broken", "Broken again"] {
                let result = await box.call(
                    "create_issue",
                    ["title": .text(title), "text": "It is broken."],
                    in: turn,
                    within: .seconds(60),
                    on: .continuous
                )
                #expect(result.failure == nil && result.text.contains("write \"Send\" to see it"), "\(result)")
            }
            #expect(try await Self.count(issues) == 0)
            #expect(try await Self.press("Send", issues)?.text.contains("Broken\n\n> It is broken.") == true)
            #expect(try await Self.count(issues) == 0)
            #expect(try await Self.press("Send", issues)?.text.hasPrefix("Noted") == true)
            #expect(try await Self.count(issues) == 1)
            func find(_ session: String) async throws -> String {
                let turn = try Self.turn("broken?", session: session)
                let input: Note = ["words": "broken"]
                return await box.call("find_issue", input, in: turn, within: .seconds(60), on: .continuous).text
            }
            #expect(try await find("s1").hasSuffix(": Broken"))
            #expect(try await find("s2") == "nothing like it is known")
        }
    }

    @Test("where nothing can be saved the visitor is told, and how else to reach people; it works again afterwards")
    func unavailable() async throws {
        let ground = try Ground()
        try await ground.run("{file: issues.sqlite, contact: Please call 555-0100.}") { issues in
            _ = try await Self.create(issues, try Self.turn("It is broken."))
            let path = "\(ground.folder.path)/issues.sqlite"
            try FileManager.default.moveItem(atPath: path, toPath: path + ".moved")
            let reply = try await Self.press("Send", issues)
            #expect(
                reply?.text
                    == "Nothing was saved: reports can't be taken at the moment. Please try again in a few minutes. "
                    + "Please call 555-0100."
            )
            #expect(ground.incidents.withLock { $0.map(\.message) } == ["Reports can't be taken"])
            let told = ground.incidents.withLock { $0.first?.details["tracker.error"] }
            #expect(told?.hasSuffix("[tracker-removed]") == true)
            try FileManager.default.moveItem(atPath: path + ".moved", toPath: path)
            #expect(try await Self.press("Send", issues)?.text.hasPrefix("Noted") == true)
        }
    }

    @Test("rules ask it to create, to find and to say how reports stand")
    func actions() async throws {
        let ground = try Ground()
        try await ground.run { issues in
            #expect(issues.operations == ["create", "find", "status"])
            let turn = try Self.turn("It is broken.")
            func perform(_ operation: String, _ fields: [String: String] = [:]) async throws -> ActionResult {
                try await issues.perform(Action(key: "t1/1", operation: operation, fields: fields), in: turn)
            }
            let fields = ["title": "The checkout", "kind": "bug", "labels": "shop, urgent"]
            let asked = try await perform("create", fields)
            #expect(asked.values.isEmpty && asked.reply?.choices.count == 2)
            #expect(try await perform("create", fields) == asked)
            #expect(try await perform("status").values == ["count": "0"])
            _ = try await Self.press("Send", issues)
            let issue = try #require(try await issues.embedded().issue(1, of: .default))
            #expect(issue.title == "The checkout" && issue.kind == "bug" && issue.labels == ["shop", "urgent"])
            #expect(try await perform("create", fields).values["reference"] == issue.reference)
            let found = try await perform("find", ["text": "the checkout"])
            #expect(found.values["count"] == "1" && found.values["title"] == "The checkout" && found.reply == nil)
            #expect(try await perform("find", ["text": "the weather"]).values == ["count": "0"])
            let standing = try await perform("status")
            #expect(standing.values["state"] == "open" && standing.values["reference"] == issue.reference)
        }
    }

    @Test("a session reports so much at once and no more")
    func flood() async throws {
        let ground = try Ground()
        try await ground.run { issues in
            for number in 0..<PendingIssue.mostOfSession {
                _ = try await Self.create(issues, try Self.turn("Report \(number)", "t\(number)"))
            }
            await #expect(throws: TrackerError.self) { try await Self.create(issues, try Self.turn("More", "more")) }
            _ = try await Self.create(issues, try Self.turn("More", "other", session: "s2"))
        }
    }

    @Test(
        "says what is wrong with its settings",
        arguments: [
            (
                "{tracker: jirra}",
                "test.yaml:1:2: issues.tracker: \"jirra\" is not a known word; did you mean \"jira\"? [wrong-value]"
            ),
            (
                "{link: 'http://x.example/{number}'}",
                "test.yaml:1:2: issues.link: \"http://x.example/{number}\" is no address for visitors; "
                    + "write https://HOST/PATH with {number} or {reference} [bad-link]"
            ),
            (
                "{public_links: true}",
                "test.yaml:1:2: issues.public_links: there is no link to show; write link [bad-link]"
            ),
            (
                "{similar: 0.6}",
                "test.yaml:1:2: issues.similar: \"0.6\" is no share; write a number from 0 to 100 and %: 10%"
            ),
            ("{labels: ['']}", "test.yaml:1:2: issues.labels: at most 10 words of 1 to 40 characters [bad-labels]"),
            ("{contact: ''}", "test.yaml:1:2: issues.contact: a sentence has 1 to 1,000 bytes [wrong-value]"),
            ("{fil: x}", "test.yaml:1:2: issues.fil: unknown key \"fil\"; did you mean \"file\"? [unknown-key]"),
        ]
    )
    func settings(yaml: String, expected: String) throws {
        let ground = try Ground()
        let rejection = #expect(throws: Rejection.self) { try ground.issues(yaml) }
        let first = rejection?.diagnostics.first?.description
        #expect(first?.hasPrefix(expected) == true, "\(first ?? "")")
    }
}
