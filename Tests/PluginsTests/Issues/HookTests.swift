import Crypto
import Diagnostics
import Foundation
import Messages
import Responders
import RespondersTesting
import Testing
import Tracker

@testable import Plugins

@Suite("issues: what trackers tell of their own accord")
struct HookTests {
    private static let secret = "the-secret-of-the-hook"

    /// One kind of tracker: how it signs, and what it tells.
    struct Kind: Sendable, CustomTestStringConvertible {
        var name: String
        var settings: String
        var issue: String
        var header: String
        /// The headers and bodies of an issue that is closed, of a comment, and of what isn't told to visitors.
        var closed: ([String: String], String)
        var comment: ([String: String], String)
        var silent: [([String: String], String)]
        var state: IssueState.Phase
        var testDescription: String { self.name }
    }

    static let kinds: [Kind] = [
        Kind(
            name: "github",
            settings: "url: https://api.example\nproject: Acme/shop",
            issue: "412",
            header: "x-hub-signature-256",
            closed: (
                ["x-github-event": "issues"],
                #"{"action":"closed","repository":{"full_name":"acme/shop"},"issue":{"number":412,"state":"closed","state_reason":"completed"}}"#
            ),
            comment: (
                ["x-github-event": "issue_comment"],
                #"{"action":"created","repository":{"full_name":"acme/shop"},"issue":{"number":412,"state":"open"},"comment":{"id":9,"author_association":"MEMBER","body":"It is fixed."}}"#
            ),
            silent: [
                (
                    ["x-github-event": "issues"],
                    #"{"repository":{"full_name":"acme/other"},"issue":{"number":412,"state":"closed"}}"#
                ),
                (
                    ["x-github-event": "issues"],
                    #"{"repository":{"full_name":"acme/shop"},"issue":{"number":412,"state":"closed","pull_request":{}}}"#
                ),
                (
                    ["x-github-event": "issue_comment"],
                    #"{"action":"edited","repository":{"full_name":"acme/shop"},"issue":{"number":412},"comment":{"id":9,"body":"x"}}"#
                ),
                (
                    ["x-github-event": "issue_comment"],
                    #"{"action":"created","repository":{"full_name":"acme/shop"},"issue":{"number":412},"comment":{"id":7,"author_association":"NONE","body":"from a stranger"}}"#
                ),
                (
                    ["x-github-event": "issue_comment"],
                    #"{"action":"created","repository":{"full_name":"acme/shop"},"issue":{"number":412},"comment":{"id":8,"author_association":"OWNER","body":"> me too\n\n<!-- claude-chat: t1/0 -->"}}"#
                ),
                (["x-github-event": "ping"], #"{"zen":"x"}"#), ([:], "[]"),
            ],
            state: .resolved
        ),
        Kind(
            name: "gitlab",
            settings: "url: https://gitlab.example/api/v4\nproject: acme/shop",
            issue: "412",
            header: "x-gitlab-token",
            closed: (
                [:],
                #"{"object_kind":"issue","project":{"id":7,"path_with_namespace":"acme/shop"},"object_attributes":{"iid":412,"state":"closed"}}"#
            ),
            comment: (
                [:],
                #"{"object_kind":"note","project":{"path_with_namespace":"acme/shop"},"object_attributes":{"id":9,"note":"It is fixed.","noteable_type":"Issue","system":false,"internal":false},"issue":{"iid":412}}"#
            ),
            silent: [
                (
                    [:],
                    #"{"object_kind":"note","project":{"path_with_namespace":"acme/shop"},"object_attributes":{"id":8,"note":"x","noteable_type":"Issue","internal":true},"issue":{"iid":412}}"#
                ),
                (
                    [:],
                    #"{"object_kind":"note","project":{"path_with_namespace":"acme/shop"},"object_attributes":{"id":8,"note":"x","noteable_type":"Issue","system":true},"issue":{"iid":412}}"#
                ),
                (
                    [:],
                    #"{"object_kind":"note","project":{"path_with_namespace":"acme/shop"},"object_attributes":{"id":8,"note":"x","noteable_type":"MergeRequest"},"issue":{"iid":412}}"#
                ),
                (
                    [:],
                    #"{"object_kind":"issue","project":{"path_with_namespace":"acme/other"},"object_attributes":{"iid":412,"state":"closed"}}"#
                ),
                ([:], "{}"),
            ],
            state: .closed
        ),
        Kind(
            name: "jira",
            settings: "url: https://acme.example\nproject: SHOP\nuser: a@b.example",
            issue: "SHOP-412",
            header: "x-hub-signature",
            closed: (
                [:],
                #"{"webhookEvent":"jira:issue_updated","issue":{"key":"SHOP-412","fields":{"status":{"name":"Done","statusCategory":{"key":"done"}}}}}"#
            ),
            comment: (
                [:],
                #"{"webhookEvent":"comment_created","issue":{"key":"SHOP-412"},"comment":{"id":"9","body":"It is fixed."}}"#
            ),
            silent: [
                (
                    [:],
                    #"{"webhookEvent":"comment_created","issue":{"key":"SHOP-412"},"comment":{"id":"8","body":"x","visibility":{"type":"role","value":"Staff"}}}"#
                ),
                (
                    [:],
                    #"{"webhookEvent":"comment_created","issue":{"key":"SHOP-412"},"comment":{"id":"8","body":"x","jsdPublic":false}}"#
                ),
                (
                    [:],
                    #"{"webhookEvent":"jira:issue_updated","issue":{"key":"SHOPS-412","fields":{"status":{"name":"Done","statusCategory":{"key":"done"}}}}}"#
                ),
                ([:], #"{"webhookEvent":"jira:issue_deleted","issue":{"key":"SHOP-412"}}"#),
            ],
            state: .resolved
        ),
    ]

    /// What a tracker shows for a body.
    private static func signature(_ kind: Kind, _ body: String, secret: String = Self.secret) -> String {
        guard kind.name != "gitlab" else { return secret }
        let key = SymmetricKey(data: Array(secret.utf8))
        let code = HMAC<SHA256>.authenticationCode(for: Array(body.utf8), using: key)
        return "sha256=" + code.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    private static func issues(_ kind: Kind, _ folder: ScratchFolder, _ more: String = "show_comments: true") throws
        -> Issues
    {
        var services = PluginServices(
            baseFolder: folder.path,
            clock: TurnClock(ManualClock()),
            environment: ["T": "token", "HOOK": Self.secret]
        )
        services.wallClock = { 1_800_000_000_000 }
        let yaml = """
            tracker: \(kind.name)
            outbox: outbox.sqlite
            token: {env: T}
            hook: {env: HOOK}
            \(kind.settings)
            \(more)
            """
        let issues = try TrackerStub.issues(yaml, services)
        issues.prepareToRun()
        return issues
    }

    private static func watch(_ kind: Kind, _ issues: Issues) async throws {
        let ref = IssueRef(tracker: kind.name, id: kind.issue, number: kind.issue, reference: "R-2222")
        let session = try #require(SessionID("s"))
        try await issues.file().watch(ref, by: session, at: .default, lang: nil)
    }

    private static func send(
        _ told: ([String: String], String),
        _ kind: Kind,
        _ issues: Issues,
        signature: String? = nil
    ) async -> HookResult {
        var headers = told.0
        headers[kind.header] = signature ?? Self.signature(kind, told.1)
        return await issues.take(hook: headers, Array(told.1.utf8))
    }

    @Test("an answer that quotes what was sent is told; what was sent is not")
    func quoted() {
        let sent = RemoteText.comment("> me too", DedupeKey("t1/0"))
        #expect(RemoteText.isOurs(sent) && RemoteText.isOurs(sent + "\n \n"))
        #expect(RemoteText.isOurs("> me too\n\n<!-- claude-chat: t1/0 -->"))
        #expect(!RemoteText.isOurs("> claude-chat: t1/0\n\nIt is fixed."))
        #expect(!RemoteText.isOurs("claude-chat: what is that?\n\nIt is fixed.") && !RemoteText.isOurs(""))
    }

    @Test("a new state and a comment are told once each, however often they come", arguments: kinds)
    func told(kind: Kind) async throws {
        let folder = try ScratchFolder()
        let issues = try Self.issues(kind, folder)
        try await Self.watch(kind, issues)
        for _ in 0..<3 {
            #expect(await Self.send(kind.closed, kind, issues) == .taken)
            #expect(await Self.send(kind.comment, kind, issues) == .taken)
        }
        let notices = try await issues.notices()
        let phase = IssueTexts.english.phases[kind.state] ?? ""
        #expect(
            notices.map(\.text) == [
                "Your report R-2222 is now: \(phase).", "News of your report R-2222:\n\nIt is fixed.",
            ]
        )
        for notice in notices { try await issues.delivered(notice) }
        #expect(await Self.send(kind.comment, kind, issues) == .taken)
        #expect(try await issues.notices().isEmpty)
    }

    @Test("notes for colleagues, other projects and other events are told to nobody", arguments: kinds)
    func silent(kind: Kind) async throws {
        let folder = try ScratchFolder()
        let issues = try Self.issues(kind, folder)
        try await Self.watch(kind, issues)
        for told in kind.silent { #expect(await Self.send(told, kind, issues) == .taken, "\(told.1)") }
        #expect(try await issues.notices().isEmpty)
        #expect(await Self.send(([:], "{"), kind, issues) == .unreadable)
    }

    @Test("comments are told only where the configuration says so", arguments: kinds)
    func comments(kind: Kind) async throws {
        let folder = try ScratchFolder()
        let issues = try Self.issues(kind, folder, "")
        try await Self.watch(kind, issues)
        #expect(await Self.send(kind.comment, kind, issues) == .taken)
        #expect(try await issues.notices().isEmpty)
    }

    @Test("what isn't signed with the secret is refused and changes nothing", arguments: kinds)
    func unsigned(kind: Kind) async throws {
        let folder = try ScratchFolder()
        let issues = try Self.issues(kind, folder)
        try await Self.watch(kind, issues)
        let good = Self.signature(kind, kind.closed.1)
        let wrong = [
            "", "sha256=", Self.signature(kind, kind.closed.1, secret: "another-secret-of-a-hook"),
            String(good.dropLast()),
            good + "0", "sha1=\(good.dropFirst(7))", "sha256=" + String(repeating: "g", count: 64),
            "sha256=" + String(repeating: "é", count: 32),
        ]
        for signature in wrong { #expect(await Self.send(kind.closed, kind, issues, signature: signature) == .refused) }
        if kind.name != "gitlab" {
            // The signature of another body.
            let other = Self.signature(kind, kind.comment.1)
            #expect(await Self.send(kind.closed, kind, issues, signature: other) == .refused)
        }
        #expect(await issues.take(hook: kind.closed.0, Array(kind.closed.1.utf8)) == .refused)
        #expect(try await issues.notices().isEmpty)
    }

    @Test(
        "says what is wrong with its settings",
        arguments: [
            (
                "tracker: redmine\nurl: https://x.example\nproject: p\ntoken: {env: T}",
                "issues.hook: \"redmine\" tells nothing"
            ),
            ("tracker: github\nproject: a/b\ntoken: {env: T}", "issues.hook: the secret has 5 bytes; write 16 or more"),
        ]
    )
    func settings(yaml: String, problem: String) {
        let rejection = #expect(throws: Rejection.self) {
            try TrackerStub.issues("\(yaml)\nhook: {env: H}", PluginServices(environment: ["T": "t", "H": "short"]))
        }
        let first = rejection?.diagnostics.first?.description ?? ""
        #expect(first.contains(problem), "\(first)")
    }
}
