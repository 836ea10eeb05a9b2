/// A hint for a word that isn't known: `did you mean "greetings"?` when a known word is at most two edits away and has half of
/// its letters in common with it, else the known words.
///
/// - Parameters:
///   - word: The word as written.
///   - known: The words that would have been right.
/// - Returns: A hint without a full stop.
public func suggestion(for word: String, among known: some Collection<String>) -> String {
    let nearest = known.sorted().map { (word: $0, edits: edits(from: word, to: $0)) }.min { $0.edits < $1.edits }
    guard let nearest, nearest.edits <= 2,
        2 * nearest.edits <= max(word.count, nearest.word.count)
    else {
        guard !known.isEmpty else { return "none is known" }
        // A line that nobody reads to its end helps nobody.
        let rest = known.count > 24 ? " and \(known.count - 20) more" : ""
        return "known: \(known.sorted().prefix(rest.isEmpty ? 24 : 20).joined(separator: ", "))\(rest)"
    }
    return "did you mean \"\(nearest.word)\"?"
}

/// The distance of Damerau and Levenshtein, in characters: two neighbours that changed places are one edit.
private func edits(from source: String, to target: String) -> Int {
    let (source, target) = (Array(source), Array(target))
    var beforeLast: [Int] = []
    var last = Array(0...target.count)
    for i in source.indices {
        var row = [i + 1]
        for j in target.indices {
            var edits = min(last[j] + (source[i] == target[j] ? 0 : 1), row[j] + 1, last[j + 1] + 1)
            if i > 0, j > 0, source[i] == target[j - 1], source[i - 1] == target[j] {
                edits = min(edits, beforeLast[j - 1] + 1)
            }
            row.append(edits)
        }
        (beforeLast, last) = (last, row)
    }
    return last[target.count]
}
