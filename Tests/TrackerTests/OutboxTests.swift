import Foundation
import GRDB
import Messages
import Store
import Synchronization
import Testing

@testable import Tracker

/// An outbox on the disk with a tracker that does as it is told, in time that passes only while the worker sleeps.
final class OutboxGround: Sendable {
    let folder: IssueFolder
    let file: IssueFile
    let events = Mutex<[OutboxWorker.Event]>([])

    init() throws {
        self.folder = try IssueFolder()
        self.file = try self.folder.file()
    }

    @discardableResult
    func post(_ key: String, session: String? = "s1", title: String? = nil) async throws -> IssueRef {
        let draft = try IssueDraft(title: title ?? key, session: session.flatMap { SessionID($0) })
        return try await self.file.post(draft, to: "far", as: DedupeKey(key), lang: "en")
    }

    /// Has a worker deliver for a while.
    func work(_ tracker: some IssueTracker, for duration: Duration) async {
        let end = self.folder.now + Int64(duration / .milliseconds(1))
        let worker = OutboxWorker(
            of: "far",
            to: tracker,
            from: { [file] in file },
            sleep: { pause in
                self.folder.advance(by: pause)
                // Nothing happens while the worker only looks, so it needn't look each second.
                if pause == OutboxWorker.interval { try await self.skip(until: end) }
                if self.folder.now > end { throw CancellationError() }
            },
            jitter: { 1 },
            tell: { event in self.events.withLock { $0.append(event) } }
        )
        await worker.run()
    }

    private func skip(until end: Int64) async throws {
        let sql = "SELECT min(next_at) FROM outbox WHERE state IN ('waiting', 'sending') AND next_at >= ?"
        let now = self.folder.now
        let due = try await self.file.read { try Int64.fetchOne($0, sql: sql, arguments: [now]) } ?? end + 1
        self.folder.advance(by: .milliseconds(max(0, min(due, end + 1) - self.folder.now)))
    }

    func entry(_ key: String) async throws -> OutboxEntry {
        try #require(try await self.all().first { $0.key.rawValue == key })
    }

    func all() async throws -> [OutboxEntry] {
        try await self.file.outbox(in: Set(OutboxEntry.State.allCases), limit: 100_000)
    }

    func has(_ isLike: (OutboxWorker.Event) -> Bool) -> Int { self.events.withLock { $0.count(where: isLike) } }
}

@Suite("outbox", .timeLimit(.minutes(2)))
struct OutboxTests {
    private let ground: OutboxGround

    init() throws { self.ground = try OutboxGround() }

    private func tracker(
        _ features: Set<TrackerFeature> = [.search, .comments],
        fate: @escaping @Sendable (FarTracker.Call) -> FarTracker.Fate = { _ in .fine }
    ) -> FarTracker {
        FarTracker(features, now: { [folder = self.ground.folder] in folder.now }, fate: fate)
    }

    /// Gives each call the next of some fates, and then `.fine`.
    private func tracker(_ features: Set<TrackerFeature> = [.search], fates: [FarTracker.Fate]) -> FarTracker {
        let left = Mutex(fates)
        return self.tracker(features) { _ in left.withLock { $0.isEmpty ? .fine : $0.removeFirst() } }
    }

    @Test("a report has our own name at once, and once it is there its session is told the tracker's, once")
    func filed() async throws {
        let posted = try await self.ground.post("a")
        #expect(posted.reference?.wholeMatch(of: /R-[2-9A-Z]{4}/) != nil)
        #expect(try await self.ground.post("a") == posted)
        let session = try #require(SessionID("s1"))
        let waiting = try await self.ground.file.watched(by: session, at: .default)
        #expect(waiting.map(\.ref) == [posted])
        let tracker = self.tracker()
        await self.ground.work(tracker, for: .seconds(5))
        #expect(tracker.keys == ["a"])
        let entry = try await self.ground.entry("a")
        #expect(entry.state == .done && entry.payload == nil && entry.ref?.number == "401")
        let watched = try await self.ground.file.watched(by: session, at: .default)
        #expect(watched.map(\.ref.number) == ["401"] && watched.first?.ref.reference == posted.reference)
        let news = try await self.ground.file.news()
        #expect(news.map(\.kind) == [.filed] && news.first?.session == session)
        try await self.ground.file.told(try #require(news.first))
        #expect(try await self.ground.post("a").number == "401")
        await self.ground.work(tracker, for: .seconds(5))
        #expect(try await self.ground.file.news().isEmpty)
        #expect(tracker.calls.count == 1)
    }

    @Test("a report, its draft and who waits for it are one transaction")
    func oneTransaction() async throws {
        let draft = try IssueDraft(title: "x", session: SessionID("s1"))
        _ = try await self.ground.file.keep(draft, as: DedupeKey("a"), lang: "en", phase: .shown)
        try self.ground.folder.change("CREATE TRIGGER stop BEFORE UPDATE ON draft BEGIN SELECT RAISE(ABORT, 'no'); END")
        #expect(await trackerError { try await self.ground.post("a") } != nil)
        #expect(try await self.ground.all().isEmpty)
        let session = try #require(SessionID("s1"))
        #expect(try await self.ground.file.watched(by: session, at: .default).isEmpty)
        try self.ground.folder.change("DROP TRIGGER stop")
        let ref = try await self.ground.post("a")
        let pending = try await self.ground.file.pending(of: session, at: .default)
        #expect(pending?.phase == .sent && pending?.issue == ref)
    }

    @Test("GT8: a day without the tracker: few calls, and then everything arrives soon, once and in order")
    func virtualDay() async throws {
        let up = self.ground.folder.now + 86_400_000
        let tracker = self.tracker { $0.time < up ? .fails(FarTracker.down) : .fine }
        for number in 1...40 { try await self.ground.post("k\(number)", session: "s\(number % 4)") }
        await self.ground.work(tracker, for: .seconds(86_400 + 600))
        let early = tracker.calls.filter { $0.time < up }
        #expect(24..<1_500 ~= early.count)
        #expect(tracker.keys.count == 40 && Set(tracker.keys).count == 40)
        // Five minutes until it is tried again, and then no more pauses.
        #expect(tracker.calls.allSatisfy { $0.time < up + 305_000 })
        #expect(self.ground.has { if case .outage = $0 { true } else { false } } == 1)
        for session in 0..<4 {
            let order = tracker.keys.compactMap { Int($0.dropFirst()) }.filter { $0 % 4 == session }
            #expect(order == order.sorted())
        }
        #expect(self.ground.has { $0 == .recovered } == 1)
    }

    @Test("a server that starts again tries at once what was put off for hours")
    func restart() async throws {
        let down = self.tracker { _ in .fails(FarTracker.down) }
        try await self.ground.post("a")
        await self.ground.work(down, for: .seconds(86_400))
        let tracker = self.tracker()
        await self.ground.work(tracker, for: .seconds(2))
        #expect(tracker.keys == ["a"])
    }

    @Test(
        "an answer that was lost after the tracker stored it makes no second issue, and isn't asked for before a minute"
    )
    func answerLost() async throws {
        let tracker = self.tracker(fates: [.lostAfter])
        try await self.ground.post("a")
        let start = self.ground.folder.now
        await self.ground.work(tracker, for: .seconds(30))
        #expect(try await self.ground.entry("a").state == .sending)
        await self.ground.work(tracker, for: .seconds(120))
        #expect(tracker.keys == ["a"])
        #expect(tracker.calls.map(\.kind) == [.create, .find])
        #expect(tracker.calls.last.map { $0.time - start >= 60_000 } == true)
        let entry = try await self.ground.entry("a")
        #expect(entry.state == .done && !entry.maybeTwice && entry.ref?.number == "401")
    }

    @Test("a request that was lost before the tracker got it is sent again after a minute")
    func requestLost() async throws {
        let tracker = self.tracker(fates: [.fails(FarTracker.lost)])
        try await self.ground.post("a")
        let start = self.ground.folder.now
        await self.ground.work(tracker, for: .seconds(180))
        #expect(tracker.calls.map(\.kind) == [.create, .find, .create])
        #expect(tracker.calls.last.map { $0.time - start >= 60_000 } == true)
        #expect(tracker.keys == ["a"])
        #expect(try await !self.ground.entry("a").maybeTwice)
    }

    @Test("a tracker that can't be asked may get it twice, and the entry says so; one that knows keys gets it again")
    func noSearch() async throws {
        let tracker = self.tracker([], fates: [.lostAfter])
        try await self.ground.post("a")
        await self.ground.work(tracker, for: .seconds(180))
        #expect(tracker.keys == ["a", "a"])
        let entry = try await self.ground.entry("a")
        #expect(entry.state == .done && entry.maybeTwice)
        let knowing = self.tracker([.clientKey], fates: [.lostAfter])
        try await self.ground.post("b")
        await self.ground.work(knowing, for: .seconds(180))
        #expect(try await !self.ground.entry("b").maybeTwice)
    }

    @Test("while nobody can say whether it arrived it isn't sent again")
    func lookFails() async throws {
        let tracker = self.tracker(fates: [.lostAfter] + Array(repeating: .fails(FarTracker.down), count: 20))
        try await self.ground.post("a")
        await self.ground.work(tracker, for: .seconds(86_400 * 2))
        #expect(tracker.calls.count(where: { $0.kind == .create }) == 1)
        #expect(try await self.ground.entry("a").state == .done)
    }

    @Test("what is refused is stuck at once, is told once, and holds up nobody")
    func invalid() async throws {
        let refusal = TrackerError(TrackerError.Code("http-422", .invalid), "tracker", "refused")
        let tracker = self.tracker { $0.key == "a" ? .fails(refusal) : .fine }
        try await self.ground.post("a")
        try await self.ground.post("b")
        await self.ground.work(tracker, for: .seconds(600))
        #expect(tracker.keys == ["b"])
        #expect(tracker.calls.count == 2)
        let entry = try await self.ground.entry("a")
        #expect(entry.state == .stuck && entry.lastCode == "http-422" && entry.payload != nil)
        #expect(self.ground.has { if case .stuck = $0 { true } else { false } } == 1)
    }

    @Test("after 7 days of failure it is stuck, and a retry tries for 7 more")
    func sevenDays() async throws {
        let tracker = self.tracker { _ in .fails(FarTracker.down) }
        try await self.ground.post("a")
        await self.ground.work(tracker, for: .seconds(6 * 86_400))
        #expect(try await self.ground.entry("a").state == .waiting)
        await self.ground.work(tracker, for: .seconds(2 * 86_400))
        #expect(try await self.ground.entry("a").state == .stuck)
        try await self.ground.file.retry(try await self.ground.entry("a"))
        await self.ground.work(self.tracker(), for: .seconds(5))
        #expect(try await self.ground.entry("a").state == .done)
    }

    @Test("what was stuck while it may have arrived is asked for before it is sent again")
    func stuckInDoubt() async throws {
        let lost = self.tracker { $0.kind == .create ? .lostAfter : .fails(FarTracker.down) }
        try await self.ground.post("a")
        await self.ground.work(lost, for: .seconds(8 * 86_400))
        #expect(try await self.ground.entry("a").state == .stuck)
        try await self.ground.file.retry(try await self.ground.entry("a"))
        let tracker = self.tracker()
        await self.ground.work(tracker, for: .seconds(5))
        #expect(tracker.calls.map(\.kind).first == .find)
    }

    @Test("a tracker that is busy is left alone for as long as it says, all of it")
    func busy() async throws {
        let code = TrackerError.Code("rate-limited", .busy)
        let busy = TrackerError(code, "tracker", "too many requests", retryAfter: .seconds(90))
        let tracker = self.tracker(fates: [.fails(busy)])
        try await self.ground.post("a", session: "s1")
        try await self.ground.post("b", session: "s2")
        await self.ground.work(tracker, for: .seconds(180))
        #expect(tracker.keys.sorted() == ["a", "b"])
        let times = tracker.calls.map(\.time)
        #expect(times.count == 3 && times[1] - times[0] >= 90_000)
        #expect(self.ground.has { if case .outage = $0 { true } else { false } } == 0)
    }

    @Test(
        "without the right to it, it is tried every five minutes, and others of the tracker aren't behind it for good"
    )
    func denied() async throws {
        let denied = TrackerError(TrackerError.Code("denied", .denied), "tracker", "wrong token")
        let gone = TrackerError(TrackerError.Code("absent", .absent), "tracker", "no such issue")
        let tracker = self.tracker { $0.key == "a" ? .fails($0.time % 2 == 0 ? denied : gone) : .fine }
        try await self.ground.post("a", session: "s1")
        try await self.ground.post("b", session: "s2")
        await self.ground.work(tracker, for: .seconds(1_500))
        #expect(tracker.keys == ["b"])
        #expect(4...7 ~= tracker.calls.count)
        #expect(try await self.ground.entry("a").state == .waiting)
    }

    @Test("an entry that fails holds up its session and no other")
    func order() async throws {
        let tracker = self.tracker(fates: [.fails(FarTracker.down), .fails(FarTracker.down)])
        for key in ["a1", "a2", "a3"] { try await self.ground.post(key, session: "a") }
        for key in ["b1", "b2"] { try await self.ground.post(key, session: "b") }
        await self.ground.work(tracker, for: .seconds(60))
        #expect(tracker.keys.filter { $0.hasPrefix("a") } == ["a1", "a2", "a3"])
        #expect(tracker.keys.filter { $0.hasPrefix("b") } == ["b1", "b2"])
    }

    @Test("comments go out behind what their session reported before, and are told by nobody")
    func comments() async throws {
        let tracker = self.tracker(fates: [.fails(FarTracker.down)])
        let session = try #require(SessionID("s1"))
        try await self.ground.post("a")
        let ref = IssueRef(tracker: "far", id: "id-9", number: "9")
        for _ in 0..<2 {
            try await self.ground.file.post(
                comment: "me too",
                on: ref,
                as: DedupeKey("c"),
                by: session,
                at: .default,
                lang: nil,
                phase: .open
            )
        }
        await self.ground.work(tracker, for: .seconds(30))
        #expect(tracker.calls.map(\.key) == ["a", "a", "c"])
        #expect(tracker.comments == ["me too"])
        #expect(try await self.ground.file.news().count == 1)
        #expect(try await self.ground.file.watched(by: session, at: .default).count == 2)
    }

    @Test("on a full disk nothing is taken and nothing is sent, and both work again afterwards")
    func fullDisk() async throws {
        try await self.ground.post("a")
        let pages = try await self.ground.file.read { try Int.fetchOne($0, sql: "PRAGMA page_count") ?? 0 }
        func limit(_ pages: Int) async throws {
            try await self.ground.file.pool.writeWithoutTransaction {
                _ = try Int.fetchOne($0, sql: "PRAGMA max_page_count = \(pages)")
            }
        }
        try await limit(pages)
        let long = String(repeating: "x ", count: 100)
        var refused = 0
        for number in 0..<60 where await trackerError({ try await self.ground.post("f\(number)", title: long) }) != nil
        {
            refused += 1
        }
        #expect(refused > 0)
        let taken = try await self.ground.all().count
        #expect(taken == 61 - refused)
        // Whoever can't write that it is under way doesn't send it.
        try await self.ground.file.pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA query_only = ON") }
        let tracker = self.tracker()
        await self.ground.work(tracker, for: .seconds(20))
        #expect(tracker.calls.isEmpty)
        #expect(self.ground.has { if case .fileFailed = $0 { true } else { false } } > 0)
        try await self.ground.file.pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA query_only = OFF") }
        try await limit(100_000)
        await self.ground.work(tracker, for: .seconds(20))
        #expect(tracker.keys.count == taken && Set(tracker.keys).count == taken)
    }

    @Test("a clock that was wrong by years puts nothing off for years")
    func wrongClock() async throws {
        self.ground.folder.advance(by: .seconds(86_400 * 365 * 5))
        try await self.ground.post("a")
        self.ground.folder.advance(by: .seconds(-86_400 * 365 * 5))
        let tracker = self.tracker()
        await self.ground.work(tracker, for: .seconds(5))
        #expect(tracker.keys == ["a"])
    }

    @Test("what can't be read any more is stuck and holds up nobody")
    func damaged() async throws {
        try await self.ground.post("a")
        try await self.ground.post("b")
        try self.ground.folder.change("UPDATE outbox SET payload = '{' WHERE key = 'a'")
        let tracker = self.tracker()
        await self.ground.work(tracker, for: .seconds(5))
        #expect(tracker.keys == ["b"])
        #expect(try await self.ground.entry("a").lastCode == "damaged-entry")
    }

    @Test("dropped it isn't sent, moved another instance gets it, and what is done is forgotten after 30 days")
    func operators() async throws {
        try await self.ground.post("a")
        try await self.ground.post("b")
        try await self.ground.file.drop(try await self.ground.entry("a"))
        let session = try #require(SessionID("s1"))
        #expect(try await self.ground.file.watched(by: session, at: .default).count == 1)
        #expect(try await self.ground.file.moveOutbox(from: "far", to: "near") == 1)
        let tracker = self.tracker()
        await self.ground.work(tracker, for: .seconds(5))
        #expect(tracker.calls.isEmpty)
        #expect(try await self.ground.file.moveOutbox(from: "near", to: "far") == 1)
        await self.ground.work(tracker, for: .seconds(5))
        #expect(tracker.keys == ["b"])
        #expect(try await self.ground.file.news().map(\.kind) == [.filed])
        let counts = try await self.ground.file.outboxCounts()
        #expect(counts.map { "\($0.tracker) \($0.state) \($0.entries)" } == ["far done 1"])
        let done = try await self.ground.entry("b")
        #expect(await trackerError { try await self.ground.file.retry(done) }?.code == .unknownEntry)
        #expect(await trackerError { try await self.ground.file.drop(done) }?.code == .unknownEntry)
        #expect(try await self.ground.file.outboxEntry(try #require(done.reference).lowercased()) == done)
        #expect(await trackerError { _ = try await self.ground.file.outboxEntry("77") }?.code == .unknownEntry)
        self.ground.folder.advance(seconds: 31 * 86_400)
        try await self.ground.post("c")
        #expect(try await self.ground.all().map(\.key.rawValue) == ["c"])
    }

    @Test("a file from before the outbox gets one")
    func migration() async throws {
        let folder = try IssueFolder()
        try folder.file().close()
        try folder.change("DROP TABLE outbox; DROP TABLE look; DROP TABLE heard; PRAGMA user_version = 1")
        #expect(await trackerError { _ = try folder.file(as: .tool) }?.code.rawValue == "not-a-tracker")
        let file = try folder.file()
        let draft = try IssueDraft(title: "x", session: SessionID("s"))
        _ = try await file.post(draft, to: "far", as: DedupeKey("a"), lang: nil)
    }

    @Test(
        "whatever a tracker does and wherever a worker ends, each report is one issue in the order of its session",
        arguments: 1...12
    )
    func model(seed: UInt64) async throws {
        let random = Mutex(SplitMix64(state: seed))
        let busy = TrackerError(
            TrackerError.Code("rate-limited", .busy),
            "tracker",
            "busy",
            retryAfter: .seconds(45)
        )
        let denied = TrackerError(TrackerError.Code("denied", .denied), "tracker", "denied")
        let isCalm = Mutex(false)
        let tracker = self.tracker { call in
            if isCalm.withLock({ $0 }) { return .fine }
            return switch random.withLock({ UInt8($0.next() % 10) }) {
            case 0: .lostAfter
            case 1: .fails(FarTracker.lost)
            case 2, 3: .fails(FarTracker.down)
            case 4: .fails(busy)
            case 5: .fails(denied)
            default: .fine
            }
        }
        for round in 0..<12 {
            for number in 0..<3 {
                let session = "s\(random.withLock { $0.next() % 3 })"
                try await self.ground.post("k\(round * 3 + number)", session: session)
            }
            await self.ground.work(tracker, for: .seconds(Int64(random.withLock { $0.next() % 400 })))
            // A worker that ended right behind its first step.
            if random.withLock({ $0.next() % 2 }) == 0 { _ = try await self.ground.file.claim(for: "far") }
        }
        isCalm.withLock { $0 = true }
        await self.ground.work(tracker, for: .seconds(6 * 86_400))
        let entries = try await self.ground.all()
        #expect(entries.count == 36 && entries.allSatisfy { $0.state == .done && !$0.maybeTwice })
        #expect(tracker.keys.count == 36 && Set(tracker.keys).count == 36)
        for session in 0..<3 {
            let sent = entries.filter { $0.session == SessionID("s\(session)") }.map(\.key.rawValue)
            #expect(tracker.keys.filter(sent.contains) == sent)
        }
        #expect(try await self.ground.file.news().count == 36)
        // Between a call that may have done something and the next one for the same report there is a minute.
        for key in Set(tracker.keys) {
            let creates = tracker.calls.filter { $0.key == key && $0.kind == .create }
            let finds = tracker.calls.filter { $0.key == key && $0.kind == .find }
            for find in finds {
                #expect(
                    creates.allSatisfy { $0.time > find.time || find.time - $0.time >= 60_000 || $0.time == find.time }
                )
            }
        }
    }
}
