// Makes issues one after the other until it is killed, and says on standard output what it was told.
//
//     TrackerCrashWriter PATH PREFIX COUNT
//
// A line `KEY NUMBER REFERENCE` stands for one issue that was made; it makes COUNT of them, with the keys PREFIX1, PREFIX2, …

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

let arguments = CommandLine.arguments
let file = try IssueFile.open(arguments[1]) { Timestamp(milliseconds: 1_800_000_000_000) }
let tracker = EmbeddedTracker(file)
for number in 1...(Int(arguments[3]) ?? 1) {
    let key = "\(arguments[2])\(number)"
    let ref = try await tracker.create(try IssueDraft(title: "report \(key)"), key: DedupeKey(key))
    say("\(key) \(ref.number) \(ref.reference ?? "-")")
}
