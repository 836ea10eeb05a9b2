public import Diagnostics

/// One mapping of a configuration file, with the place of every key.
public struct Settings: Sendable {
    /// The mapping; `null` stands for one without keys.
    let node: YAMLNode
    /// Where the mapping's own key stands.
    let place: Place

    /// A mapping that was already read.
    ///
    /// - Parameters:
    ///   - node: The mapping, or `null` for one without keys.
    ///   - place: Where its key stands, for what is missing; by default where the mapping starts.
    public init(_ node: YAMLNode, at place: Place? = nil) {
        self.node = node
        self.place = place ?? node.place
    }

    /// Reads a YAML mapping.
    ///
    /// - Parameters:
    ///   - yaml: The text of the mapping.
    ///   - file: The name of the file it came from, for diagnostics.
    ///   - keyPath: The keys that lead to the mapping: `chains.support.answer[0].away-notice`.
    /// - Throws: `yaml-syntax` or `duplicate-key`, with its place.
    public init(yaml: String, file: String, keyPath: String = "") throws(Diagnostic) {
        self.init(try YAMLNode(yaml: yaml, file: file, keyPath: keyPath))
    }

    /// Decodes the mapping after comparing its keys with those of the schema: `Decodable` alone would ignore a misspelt
    /// key in silence.
    ///
    /// - Parameters:
    ///   - type: The type; its property `opensAt` is the key `opens_at`.
    ///   - schema: The keys that may stand there.
    /// - Returns: The value.
    /// - Throws: Every `unknown-key`, `not-built`, `missing-key`, `wrong-type`, `wrong-value` and `bad-duration`, in the
    ///   order of the file. One of a list's items, or a type that throws in its own `init(from:)`, does not hide the
    ///   mistakes behind it.
    public func decode<T: Decodable>(_ type: T.Type, like schema: SettingsSchema) throws(Rejection) -> T {
        let (value, diagnostics) = self.reading(type, like: schema)
        guard diagnostics.isEmpty, let value else { throw Rejection(diagnostics) }
        return value
    }

    /// Decodes as ``decode(_:like:)`` does, for a caller that has more to check.
    ///
    /// - Returns: All mistakes, and a value in which the sample's stand for those that could not be read.
    package func reading<T: Decodable>(_ type: T.Type, like schema: SettingsSchema) -> (T?, [Diagnostic]) {
        let log = DiagnosticLog()
        schema.check(self, into: log)
        let value = Field(node: self.node, place: self.place, sample: schema.sample, log: log).value(of: type)
        return (value, log.diagnostics.inFileOrder())
    }

    /// The diagnostics of what a plugin has to say about this mapping.
    func diagnostics(of problem: ConfigurationProblem) -> [Diagnostic] {
        guard problem.findings.isEmpty else { return problem.findings }
        let place = Self.place(of: problem.key, in: self.node) ?? self.place
        return [Diagnostic(problem.code, at: place, problem.problem, hint: problem.hint)]
    }

    /// Where the key stands: `closes_at`, or `tls.key` for one of a nested mapping.
    private static func place(of key: String, in node: YAMLNode) -> Place? {
        var node = node
        var place: Place?
        for part in key.split(separator: ".") {
            guard let entry = node.entries?.first(where: { $0.key == part }) else { return place }
            place = entry.place
            node = entry.value
        }
        return place
    }
}

/// The mistakes of one file on the way, and whether they count at the moment.
///
/// Not shared between threads: it lives as long as one decoding.
final class DiagnosticLog {
    private(set) var diagnostics: [Diagnostic] = []
    private var mutings = 0

    func record(_ diagnostic: Diagnostic) {
        if self.mutings == 0 { self.diagnostics.append(diagnostic) }
    }

    /// Records nothing while `body` runs: it decodes a sample and no person's file.
    func muted<T>(_ body: () throws -> T) rethrows -> T {
        self.mutings += 1
        defer { self.mutings -= 1 }
        return try body()
    }
}

extension [Diagnostic] {
    /// Sorted by line and column within each file; the files keep their order.
    ///
    /// Each diagnostic is kept once.
    package func inFileOrder() -> [Diagnostic] {
        var ranks: [String: Int] = [:]
        for diagnostic in self where ranks[diagnostic.place.file] == nil { ranks[diagnostic.place.file] = ranks.count }
        var seen: Set<Diagnostic> = []
        let once = self.filter { seen.insert($0).inserted }
        func key(_ place: Place) -> (Int, Int, Int) { (ranks[place.file] ?? 0, place.line, place.column) }
        // The standard sort is stable, so two mistakes at one place stay in the order in which they were found.
        return once.sorted { key($0.place) < key($1.place) }
    }
}
