import GRDB
import Messages
import Testing

@testable import Tracker

@Suite("issues: how those on other machines stand")
struct LookTests {
    private let ground: OutboxGround
    private let ref = IssueRef(tracker: "far", id: "id-1", number: "401", reference: "R-2222")

    init() throws { self.ground = try OutboxGround() }

    private func watch(_ session: String, phase: IssueState.Phase = .open) async throws {
        let session = try #require(SessionID(session))
        try await self.ground.file.watch(self.ref, by: session, at: .default, lang: nil, phase: phase)
    }

    private func looks(for seconds: Int64) async throws -> Int {
        var looks = 0
        for _ in 0..<seconds / 10 {
            self.ground.folder.advance(seconds: 10)
            while try await self.ground.file.nextLook(at: "far") != nil { looks += 1 }
        }
        return looks
    }

    private func learn(_ phase: IssueState.Phase) async throws {
        try await self.ground.file.learned(IssueState(phase), of: self.ref.id, at: "far")
    }

    @Test("an issue is looked at each minute for an hour, then each five minutes for a day, then each hour")
    func schedule() async throws {
        #expect(try await self.ground.file.nextLook(at: "far") == nil)
        try await self.watch("s1")
        try await self.watch("s2")
        #expect(58...60 ~= (try await self.looks(for: 3_600)))
        #expect(270...277 ~= (try await self.looks(for: 82_800)))
        #expect(23...25 ~= (try await self.looks(for: 86_400)))
        #expect(try await self.ground.file.nextLook(at: "near") == nil)
    }

    @Test("what has changed is told to each session that knows it otherwise, once, and is looked at more often again")
    func changes() async throws {
        try await self.watch("s1")
        try await self.watch("s2", phase: .inProgress)
        _ = try await self.looks(for: 200_000)
        try await self.learn(.inProgress)
        try await self.learn(.inProgress)
        let news = try await self.ground.file.news()
        #expect(news.map(\.session.rawValue) == ["s1"] && news.map(\.kind) == [.state(IssueState(.inProgress))])
        #expect(9...10 ~= (try await self.looks(for: 600)))
        try await self.ground.file.told(try #require(news.first))
        try await self.learn(.resolved)
        #expect(try await self.ground.file.news().count == 2)
        self.ground.folder.advance(seconds: 60)
        try await self.learn(.open)
        try await self.learn(.resolved)
        #expect(try await self.ground.file.news().count == 6)
    }

    @Test("thirty days after its end nobody looks any more, and an issue that is opened again is looked at")
    func end() async throws {
        try await self.watch("s1")
        _ = try await self.looks(for: 60)
        try await self.learn(.closed)
        #expect(try await self.looks(for: 7_200) > 0)
        self.ground.folder.advance(seconds: 31 * 86_400)
        #expect(try await self.looks(for: 7_200) == 0)
        try await self.learn(.open)
        #expect(try await self.looks(for: 600) > 0)
    }

    @Test("a report that isn't there yet is looked at once it is")
    func placeholder() async throws {
        try await self.ground.post("a")
        #expect(try await self.looks(for: 600) == 0)
        await self.ground.work(FarTracker(now: { 0 }), for: .seconds(2))
        self.ground.folder.advance(seconds: 10)
        #expect(try await self.ground.file.nextLook(at: "far") == nil)
        self.ground.folder.advance(seconds: 61)
        let looked = try await self.ground.file.nextLook(at: "far")
        #expect(looked?.id == "id-1" && looked?.url == "https://far.example/1")
    }

    @Test("a comment is told to everybody who waits, once by its name, though it comes again after it was read")
    func comments() async throws {
        try await self.watch("s1")
        try await self.watch("s2")
        for _ in 0..<2 {
            try await self.ground.file.learned(comment: "It is fixed.\u{0}", named: "c1", on: "id-1", at: "far")
        }
        let news = try await self.ground.file.news()
        #expect(news.map(\.kind) == [.comment("It is fixed."), .comment("It is fixed.")])
        for news in news { try await self.ground.file.told(news) }
        try await self.ground.file.learned(comment: "It is fixed.", named: "c1", on: "id-1", at: "far")
        try await self.ground.file.learned(comment: " \n", named: "c2", on: "id-1", at: "far")
        try await self.ground.file.learned(comment: "Somebody else's.", named: "c3", on: "id-2", at: "far")
        #expect(try await self.ground.file.news().isEmpty)
    }
}
