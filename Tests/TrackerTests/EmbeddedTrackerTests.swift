import Foundation
import GRDB
import Messages
import Testing

@testable import Tracker

@Suite("issues: the embedded tracker")
struct EmbeddedTrackerTests {
    private let folder: IssueFolder
    private let tracker: EmbeddedTracker

    init() throws {
        self.folder = try IssueFolder()
        self.tracker = try self.folder.open()
    }

    @Test("numbers begin at 1 in each site, and an issue has a name and an address of its own")
    func numbers() async throws {
        let first = try await self.tracker.create(try IssueDraft(title: "one"), key: DedupeKey("a"))
        let second = try await self.tracker.create(try IssueDraft(title: "two"), key: DedupeKey("b"))
        let other = try await self.tracker.create(try IssueDraft(title: "three", site: .shop), key: DedupeKey("c"))
        #expect([first.number, second.number, other.number] == ["1", "2", "1"])
        #expect(Set([first, second, other].map(\.reference)).count == 3)
        #expect(first.reference?.wholeMatch(of: /R-[2-9A-Z]{4}/) != nil)
        #expect(first.url == "https://tracker.example/1")
    }

    @Test("the same key is the same issue, whatever the draft says")
    func sameKey() async throws {
        let first = try await self.tracker.create(try IssueDraft(title: "one"), key: DedupeKey("a"))
        let again = try await self.tracker.create(try IssueDraft(title: "other", site: .shop), key: DedupeKey("a"))
        #expect(first == again)
        #expect(try await self.tracker.find(key: DedupeKey("a")) == first)
        #expect(try await self.tracker.find(key: DedupeKey("b")) == nil)
        #expect(try await self.tracker.issues().issues.map(\.title) == ["one"])
    }

    @Test("GT8: 100 reports at once have 100 numbers without a gap and 100 references, over two openings of the file")
    func concurrent() async throws {
        let other = try self.folder.open()
        let refs = try await withThrowingTaskGroup(of: IssueRef.self) { group in
            for number in 0..<100 {
                let tracker = number.isMultiple(of: 2) ? self.tracker : other
                group.addTask {
                    try await tracker.create(try IssueDraft(title: "report \(number)"), key: DedupeKey("k\(number)"))
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(refs.compactMap { Int($0.number) }.sorted() == Array(1...100))
        #expect(Set(refs.map(\.reference)).count == 100)
    }

    @Test("one key that 50 ask for at once makes one issue")
    func concurrentKey() async throws {
        let other = try self.folder.open()
        let refs = try await withThrowingTaskGroup(of: IssueRef.self) { group in
            for number in 0..<50 {
                let tracker = number.isMultiple(of: 2) ? self.tracker : other
                group.addTask { try await tracker.create(try IssueDraft(title: "report"), key: DedupeKey("k")) }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(Set(refs).count == 1)
        #expect(try await self.tracker.issues().issues.count == 1)
    }

    @Test("an issue goes from state to state, what is so already is no change, and what can't be is refused")
    func transitions() async throws {
        let ref = try await self.tracker.create(try IssueDraft(title: "one"), key: DedupeKey("a"))
        for phase in [IssueState.Phase.inProgress, .inProgress, .resolved, .open, .closed] {
            try await self.tracker.change(1, of: .default, to: phase, by: "anna")
        }
        #expect(try await self.tracker.issue(ref) == IssueState(.closed))
        let error = await trackerError {
            try await self.tracker.change(1, of: .default, to: .inProgress, isPublic: true, by: "anna")
        }
        let expected = "#1: what is closed can't become in_progress; write one of open [invalid-transition]"
        #expect(error.map { "\($0)" } == expected)
        let issue = try #require(try await self.tracker.issue(1, of: .default))
        #expect(!issue.isPublic)
        let events = try await self.tracker.events(of: issue)
        #expect(events.map(\.state) == [nil, .inProgress, .resolved, .open, .closed])
        #expect(events.map(\.author) == ["visitor", "anna", "anna", "anna", "anna"])
    }

    @Test("every state can be reached from every other, by one step or two")
    func phases() {
        for from in IssueState.Phase.allCases {
            #expect(!from.next.contains(from))
            for to in IssueState.Phase.allCases where to != from {
                #expect(from.next.contains(to) || from.next.contains { $0.next.contains(to) })
            }
        }
    }

    @Test("changes are states and public comments in their order, each once, and never a private note")
    func changes() async throws {
        let ref = try await self.tracker.create(try IssueDraft(title: "one"), key: DedupeKey("a"))
        let (none, start) = try await self.tracker.changes(since: nil)
        #expect(none.isEmpty)
        try await self.tracker.comment(1, of: .default, "secret", isPublic: false, by: "anna")
        try await self.tracker.comment(1, of: .default, "We look into it.", isPublic: true, by: "anna")
        try await self.tracker.comment(ref, "me too", key: DedupeKey("c"))
        try await self.tracker.comment(ref, "me too", key: DedupeKey("c"))
        try await self.tracker.change(1, of: .default, to: .resolved, isPublic: true, by: "anna")
        let (changes, next) = try await self.tracker.changes(since: start)
        #expect(changes.map(\.kind) == [.comment("We look into it."), .state(IssueState(.resolved))])
        #expect(changes.allSatisfy { $0.ref == ref })
        #expect(Set(changes.map(\.id)).count == 2)
        #expect(try await self.tracker.changes(since: next).changes.isEmpty)
        let issue = try #require(try await self.tracker.issue(1, of: .default))
        #expect(try await self.tracker.events(of: issue).filter { $0.kind == .comment }.count == 3)
    }

    @Test("more changes than are given at once come one part after the other")
    func manyChanges() async throws {
        _ = try await self.tracker.create(try IssueDraft(title: "one"), key: DedupeKey("a"))
        try await self.tracker.file.write { db in
            for number in 0..<1_200 {
                let isPublic = !number.isMultiple(of: 3)
                let time = Timestamp(milliseconds: 0)
                try EmbeddedTracker.note(.comment, of: 1, by: "x", isPublic: isPublic, text: "\(number)", at: time, db)
            }
        }
        var (found, cursor): ([IssueChange], ChangeCursor?) = ([], nil)
        while true {
            let (changes, next) = try await self.tracker.changes(since: cursor)
            if changes.isEmpty { break }
            found += changes
            cursor = next
        }
        #expect(found.map(\.kind) == (0..<1_200).filter { !$0.isMultiple(of: 3) }.map { .comment("\($0)") })
    }

    @Test("lists go by site, state and words, the newest first, page by page")
    func lists() async throws {
        for number in 1...5 {
            let site = number == 5 ? SiteID.shop : .default
            let draft = try IssueDraft(title: "Größe \(number)", body: "Text \(number)", site: site)
            _ = try await self.tracker.create(draft, key: DedupeKey("\(number)"))
        }
        try await self.tracker.change(2, of: .default, to: .closed, by: "anna")
        func titles(_ filter: IssueFilter) async throws -> [String] {
            try await self.tracker.issues(filter).issues.map(\.title)
        }
        #expect(try await titles(IssueFilter(site: .shop)) == ["Größe 5"])
        #expect(try await titles(IssueFilter(site: .default, phases: [.open])) == ["Größe 4", "Größe 3", "Größe 1"])
        #expect(try await titles(IssueFilter(words: "GROSSE 3")) == [])
        #expect(try await titles(IssueFilter(words: "GRÖßE 3")) == ["Größe 3"])
        #expect(try await titles(IssueFilter(words: "text 4")) == ["Größe 4"])
        let page = try await self.tracker.issues(IssueFilter(limit: 2))
        #expect(page.issues.map(\.title) == ["Größe 5", "Größe 4"])
        #expect(try await titles(IssueFilter(limit: 3, before: page.next)) == ["Größe 3", "Größe 2", "Größe 1"])
    }

    @Test(
        "operators of FTS5 and SQL in a search are words",
        arguments: [
            "\"", "title:one", "one OR two", "one NEAR two", "o*", "^one two", "-two one", "' OR 1=1 --", "one AND",
            "(", "{a}",
            "\0", "%", "_", "one\" OR \"two", "*", "title : \"x\" ) OR (",
        ]
    )
    func operators(words: String) async throws {
        for title in ["one", "two"] {
            _ = try await self.tracker.create(try IssueDraft(title: title), key: DedupeKey(title))
        }
        #expect(try await self.tracker.issues(IssueFilter(words: words)).issues.isEmpty)
        _ = try await self.tracker.similar(to: try IssueDraft(title: "x " + words), limit: 3)
    }

    @Test("what may be about the same comes with its likeness, and says who may be told")
    func similar() async throws {
        let session = SessionID("s1")
        let reports: [(String, String?, SessionID?)] = [
            ("Checkout fails with error 502", "/checkout", nil), ("The checkout button is green", "/checkout", session),
            ("Login is slow", "/login", nil), ("Chekout failz with error 502", "/checkout", nil),
        ]
        for (index, report) in reports.enumerated() {
            let draft = try IssueDraft(title: report.0, page: report.1, session: report.2)
            _ = try await self.tracker.create(draft, key: DedupeKey("\(index)"))
        }
        try await self.tracker.change(1, of: .default, isPublic: true, by: "anna")
        let draft = try IssueDraft(title: "checkout fails: error 502", page: "/checkout", session: session)
        let found = try await self.tracker.similar(to: draft, limit: 3)
        #expect(found.map(\.ref.number) == ["1", "4", "2"])
        #expect(found.map(\.isPublic) == [true, false, false])
        #expect(found.map(\.isOwn) == [false, false, true])
        #expect(found[0].score > 0.9)
        try await self.tracker.change(1, of: .default, to: .resolved, by: "anna")
        #expect(try await self.tracker.similar(to: draft, limit: 1).map(\.ref.number) == ["4"])
        let elsewhere = try IssueDraft(title: "checkout fails: error 502", site: .shop)
        #expect(try await self.tracker.similar(to: elsewhere, limit: 3).isEmpty)
    }
}
