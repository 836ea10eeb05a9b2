internal import Documents
internal import Foundation

/// Times the index over pages whose words are as common as those of a language: the n-th has a share of 1/n.
struct Speed {
    private let count: Int
    private let folder: String
    private let words: [String]
    /// How often one of the words up to each comes, together.
    private let shares: [Double]

    init(count: Int, folder: String) {
        self.count = count
        self.folder = folder
        var random = Random(state: 7)
        let syllables = [
            "ba", "ce", "di", "fo", "gu", "ha", "je", "ki", "lo", "mu", "na", "pe", "ri", "so", "tu", "va",
        ]
        self.words = (0..<40_000).map { _ in
            (0..<random.next(2...4)).map { _ in syllables[random.next(0...15)] }.joined()
        }
        var sum = 0.0
        self.shares = (1...40_000).map { number in
            sum += 1 / Double(number)
            return sum
        }
    }

    func report() throws {
        var random = Random(state: 11)
        let documents = "\(self.folder)/pages"
        try FileManager.default.createDirectory(atPath: documents, withIntermediateDirectories: true)
        var bytes = 0
        for number in 0..<self.count {
            let text = self.page(&random)
            bytes += text.utf8.count
            try text.write(toFile: "\(documents)/page-\(number).md", atomically: false, encoding: .utf8)
        }
        let source = DocumentSource(path: documents)
        let path = "\(self.folder)/speed.sqlite"
        // Files of this moment are read again by the next update: as if it came later.
        let index = try DocumentIndex.open(path) { milliseconds() + 10_000 }
        let clock = ContinuousClock()
        let build = try clock.measure { _ = try index.update([source]) }
        let size = try index.size()
        print(
            "\(size.files) pages, \(size.sections) sections, \(bytes / 1_048_576) MiB: built in \(build.milliseconds.rounded(to: 0)) ms"
        )
        let idle = try clock.measure { _ = try index.update([source]) }
        print("update without a change: \(idle.milliseconds.rounded(to: 0)) ms")
        let changes = try (0..<9).map { number in
            try self.page(&random).write(toFile: "\(documents)/page-\(number).md", atomically: true, encoding: .utf8)
            return try clock.measure { _ = try index.update([source]) }.milliseconds
        }.sorted()
        print("update after one changed file: \(changes[4].rounded(to: 0)) ms, median of 9")
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        print("index: \(((attributes[.size] as? Int) ?? 0) / 1_048_576) MiB")
        try self.reportQueries(index, &random, clock)
    }

    private func reportQueries(_ index: DocumentIndex, _ random: inout Random, _ clock: ContinuousClock) throws {
        for (name, isMisspelt) in [("questions of 2 to 6 words", false), ("the same with a misspelt word", true)] {
            let times = try (0..<1_000).map { _ in
                // The hundred commonest are what a language's function words are, which nothing is searched by.
                var words = (0..<random.next(2...6)).map { _ in self.word(&random, from: 100) }
                if isMisspelt { words.append(self.words[random.next(100...20_000)] + "x") }
                let query = DocumentQuery(words.joined(separator: " "))
                return try clock.measure { _ = try index.searchNow(query) }.milliseconds
            }.sorted()
            print(
                "\(name): p50 \(times[500].rounded(to: 2)) ms, p99 \(times[990].rounded(to: 2)) ms, longest \(times[999].rounded(to: 2)) ms"
            )
        }
    }

    private func word(_ random: inout Random, from first: Int = 0) -> String {
        let least = first == 0 ? 0 : self.shares[first - 1]
        let wanted = least + Double(random.next(0...1_000_000)) / 1_000_000 * ((self.shares.last ?? 1) - least)
        var (low, high) = (0, self.shares.count - 1)
        while low < high {
            let middle = (low + high) / 2
            if self.shares[middle] < wanted { low = middle + 1 } else { high = middle }
        }
        return self.words[low]
    }

    private func sentence(_ count: Int, _ random: inout Random) -> String {
        (0..<count).map { _ in self.word(&random) }.joined(separator: " ")
    }

    private func page(_ random: inout Random) -> String {
        var lines = ["# \(self.sentence(3, &random))", "", self.sentence(60, &random), ""]
        for _ in 0..<random.next(1...4) {
            lines += [
                "## \(self.sentence(3, &random))", "", self.sentence(80, &random), "", self.sentence(40, &random), "",
            ]
        }
        return lines.joined(separator: "\n")
    }
}

/// SplitMix64, so that every run makes the same pages.
struct Random {
    var state: UInt64

    mutating func next(_ range: ClosedRange<Int>) -> Int {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var z = self.state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return range.lowerBound + Int((z ^ (z >> 31)) % UInt64(range.count))
    }
}
