internal import Diagnostics

extension Diagnostic {
    /// A file that isn't in an index, of a line `path: problem`.
    static func leftOut(_ line: String) -> Diagnostic {
        let parts = line.split(separator: ": ", maxSplits: 1).map(String.init)
        let place = Place(file: parts[0].replacing("\n", with: " "))
        return Diagnostic("left-out", at: place, parts.last ?? "", severity: .warning)
    }
}
