package import Diagnostics
package import Responders
internal import Rules

/// Canned answers in Claude's place, in the order in which they are looked at.
package struct AnswerScript: Sendable {
    private let answers: [ScriptedAnswer]
    private let scanners = ScannerPool(size: 4)

    /// Reads a script.
    ///
    /// - Parameters:
    ///   - text: As ``ScriptedAnswer/read(_:file:)`` takes it.
    ///   - file: The script's name, for diagnostics.
    /// - Throws: All mistakes.
    package init(_ text: String, file: String) throws(Rejection) {
        self.answers = try ScriptedAnswer.read(text, file: file)
    }

    /// How many there are.
    package var count: Int { self.answers.count }

    /// The first answer that fits.
    ///
    /// - Throws: A failure `limit` where it can't be known which one that is.
    package func answer(to text: String) throws(Failure) -> ScriptedAnswer? {
        let found = self.scanners.withScanner { scanner -> Result<ScriptedAnswer?, Failure> in
            for answer in self.answers {
                do throws(MatchLimit) {
                    if try answer.pattern.firstMatch(in: text, using: &scanner) != nil { return .success(answer) }
                } catch {
                    return .failure(Failure(.limit, "\(answer.place): \(error)"))
                }
            }
            return .success(nil)
        }
        return try found.get()
    }
}
