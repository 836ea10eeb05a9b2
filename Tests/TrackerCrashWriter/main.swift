// Makes issues one after the other until it is killed, and says on standard output what it was told.
//
//     TrackerCrashWriter PATH PREFIX COUNT
//
// A line `KEY NUMBER REFERENCE` stands for one issue that was made; it makes COUNT of them, with the keys PREFIX1, PREFIX2, …
//
//     TrackerCrashWriter outbox PATH FAR POINT MILLISECONDS search|blind
//
// Posts one report into the outbox PATH, and delivers to a tracker in the file FAR what is due at a time, once. It kills
// itself at POINT: posted, claimed, stored, asked, found, delivered, or never.

import Messages
import Tracker

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

func say(_ line: String) {
    var line = line + "\n"
    // One call for one line, so that none is cut by the end.
    line.withUTF8 { _ = write(1, $0.baseAddress, $0.count) }
}

func end(at point: String, _ wanted: String) {
    if point == wanted { kill(getpid(), SIGKILL) }
}

let arguments = CommandLine.arguments
if arguments[1] == "outbox" {
    let (point, time) = (arguments[4], Timestamp(milliseconds: Int64(arguments[5]) ?? 0))
    let file = try IssueFile.open(arguments[2]) { time }
    let far = EmbeddedTracker(try IssueFile.open(arguments[3]) { time })
    let draft = try IssueDraft(title: "report", session: SessionID("s"))
    _ = try await file.post(draft, to: "far", as: DedupeKey("key"), lang: nil)
    end(at: "posted", point)
    let worker = OutboxWorker(
        of: "far",
        to: FileTracker(issues: far, features: arguments[6] == "search" ? [.search] : [], end: point),
        from: { file },
        // What is due was sent.
        sleep: { _ in throw CancellationError() },
        tell: { event in if case .delivered = event { end(at: "delivered", point) } }
    )
    await worker.run()
} else {
    let file = try IssueFile.open(arguments[1]) { Timestamp(milliseconds: 1_800_000_000_000) }
    let tracker = EmbeddedTracker(file)
    for number in 1...(Int(arguments[3]) ?? 1) {
        let key = "\(arguments[2])\(number)"
        let ref = try await tracker.create(try IssueDraft(title: "report \(key)"), key: DedupeKey(key))
        say("\(key) \(ref.number) \(ref.reference ?? "-")")
    }
}
