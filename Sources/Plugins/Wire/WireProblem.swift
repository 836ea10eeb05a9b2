/// What is wrong with a line, a frame or an answer of a plugin, in the form of every mistake: problem, what to write, code.
package struct WireProblem: Error, Sendable, Hashable, CustomStringConvertible {
    package var code: String
    /// Lower case, no full stop; quotes no text that a plugin sends for a visitor.
    package var problem: String
    package var hint: String?

    package init(_ code: String, _ problem: String, hint: String? = nil) {
        self.code = code
        self.problem = problem
        self.hint = hint
    }

    package var description: String { "\(self.problem)\(self.hint.map { "; \($0)" } ?? "") [\(self.code)]" }
}
