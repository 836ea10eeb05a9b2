/// A hint for a word that isn't known: `did you mean "greetings"?` when a known word is at most two
/// edits away, else the known words.
///
/// - Parameters:
///   - word: The word as written.
///   - known: The words that would have been right.
/// - Returns: A hint without a full stop.
public func suggestion(for word: String, among known: some Collection<String>) -> String {
    let nearest = known.sorted().map { (word: $0, edits: edits(from: word, to: $0)) }.min { $0.edits < $1.edits }
    guard let nearest, nearest.edits <= 2, nearest.edits < nearest.word.count else {
        return known.isEmpty ? "none is known" : "known: \(known.sorted().joined(separator: ", "))"
    }
    return "did you mean \"\(nearest.word)\"?"
}

/// The Levenshtein distance, in characters.
private func edits(from source: String, to target: String) -> Int {
    let target = Array(target)
    var row = Array(0...target.count)
    for (i, character) in source.enumerated() {
        var diagonal = row[0]
        row[0] = i + 1
        for j in target.indices {
            let replaced = diagonal + (character == target[j] ? 0 : 1)
            diagonal = row[j + 1]
            row[j + 1] = min(replaced, row[j] + 1, row[j + 1] + 1)
        }
    }
    return row[target.count]
}
