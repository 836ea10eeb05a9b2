internal import Documents
internal import Foundation

// What the search of documents finds, and what it costs:
//
//     DocumentTimes quality SOURCE QUESTIONS UNANSWERABLE SMALLTALK
//                                        a folder, a search_index.json or a searchindex.js
//     DocumentTimes speed COUNT                         so many pages that are made from a seed

let arguments = CommandLine.arguments.dropFirst()
let folder = FileManager.default.temporaryDirectory.appending(path: "documents-\(UUID().uuidString)").path
try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
defer { try? FileManager.default.removeItem(atPath: folder) }
switch (arguments.first, arguments.count) {
case ("quality", 5):
    let words = Array(arguments)
    try Quality(
        source: words[1],
        questions: words[2],
        unanswerable: words[3],
        smallTalk: words[4],
        folder: folder
    ).report()
case ("speed", 2):
    guard let count = Int(arguments.last ?? "") else { fallthrough }
    try Speed(count: count, folder: folder).report()
default:
    print("usage: DocumentTimes quality SOURCE QUESTIONS UNANSWERABLE SMALLTALK | speed COUNT")
    exit(2)
}

/// Milliseconds since 1970.
@Sendable func milliseconds() -> Int64 { Int64(Date().timeIntervalSince1970 * 1_000) }

extension Double {
    func rounded(to digits: Int) -> String { String(format: "%.\(digits)f", self) }
}

extension Duration {
    var milliseconds: Double { Double(self.components.seconds) * 1_000 + Double(self.components.attoseconds) / 1e15 }
}
