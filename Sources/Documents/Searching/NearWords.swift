internal import GRDB

/// Words of the documents that a word may be meant for which is in none of them.
struct NearWords {
    private(set) var words: [String] = []
    /// From 0 through 1: how sure it is that they are meant.
    private(set) var certainty = 1.0

    /// How many words take its place.
    private static let maximumCount = 3
    /// How many are compared.
    private static let maximumCandidates = 500

    /// Looks for words that are spelt alike, and for those that it is a part of.
    init(of word: String, _ db: Database) throws {
        let characters = Array(word.unicodeScalars)
        guard 4...40 ~= characters.count else { return }
        let trigrams = (0...characters.count - 3).map { start in
            var trigram = String.UnicodeScalarView()
            trigram.append(contentsOf: characters[start..<start + 3])
            return "\"\(String(trigram))\""
        }
        let rows = try Row.fetchAll(
            db.cachedStatement(sql: "SELECT rowid, text FROM trigrams WHERE trigrams MATCH ? ORDER BY rank LIMIT ?"),
            arguments: [Set(trigrams).sorted().joined(separator: " OR "), Self.maximumCandidates]
        )
        let limit = characters.count < 8 ? 1 : 2
        let candidates = rows.map { $0[1] as String }
        let spelt = candidates.compactMap { candidate -> (distance: Int, word: String)? in
            let distance = editDistance(characters, Array(candidate.unicodeScalars), limit: limit)
            return distance <= limit ? (distance, candidate) : nil
        }
        if let best = spelt.map(\.distance).min() {
            self.words = spelt.filter { $0.distance == best }.map(\.word).sorted()
            self.certainty = best == 1 ? 0.85 : 0.7
        } else {
            self.words = candidates.filter { $0.contains(word) }.sorted { ($0.count, $0) < ($1.count, $1) }
            self.certainty = 0.75
        }
        self.words = Array(self.words.prefix(Self.maximumCount))
    }
}

/// How many letters have to be changed, added, left out or swapped with their neighbour to make one word of another.
///
/// - Returns: The number, or more than `limit` as soon as it is more.
func editDistance(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar], limit: Int) -> Int {
    guard abs(a.count - b.count) <= limit else { return limit + 1 }
    guard !a.isEmpty, !b.isEmpty else { return max(a.count, b.count) }
    var before: [Int] = []
    var last = Array(0...b.count)
    for i in 1...a.count {
        var row = [i]
        for j in 1...b.count {
            var cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1))
            if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] { cost = min(cost, before[j - 2] + 1) }
            row.append(cost)
        }
        guard row.min() ?? 0 <= limit else { return limit + 1 }
        (before, last) = (last, row)
    }
    return last[b.count]
}
