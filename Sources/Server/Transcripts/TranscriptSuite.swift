internal import Diagnostics
internal import FoundationEssentials
internal import Responders

/// Runs transcripts one after the other, each on a stage of its own.
struct TranscriptSuite {
    /// What came of one file.
    struct Outcome: Sendable {
        var file: String
        /// What came of each message; none where the file can't be run.
        var exchanges: [TranscriptRun.Exchange] = []
        /// Why the file can't be run.
        var mistakes: [Diagnostic] = []

        var problems: [Diagnostic] { self.mistakes + self.exchanges.flatMap(\.problems) }
    }

    /// The configuration's file.
    let configuration: String
    let registry: PluginRegistry
    /// The chain of transcripts that name none.
    var chain: String?

    /// Runs one file.
    ///
    /// - Throws: What is wrong with the configuration.
    func run(_ file: String) async throws(Rejection) -> Outcome {
        let stage = try TranscriptStage(configuration: self.configuration, registry: self.registry, chain: self.chain)
        var outcome = Outcome(file: file)
        do throws(Rejection) {
            let transcript = try Transcript(file: file)
            var run = try TranscriptRun(transcript, on: stage)
            outcome.exchanges = await run.run()
        } catch {
            outcome.mistakes = error.diagnostics
        }
        return outcome
    }
}

extension Transcript {
    /// Reads a file.
    ///
    /// - Throws: All mistakes, or that it can't be read.
    init(file: String) throws(Rejection) {
        func refuse(_ code: String, _ problem: String) -> Rejection {
            Rejection([Diagnostic(code, at: Place(file: file), problem, hint: "name a .chat file")])
        }
        var isFolder = false
        guard FileManager.default.fileExists(atPath: file, isDirectory: &isFolder), !isFolder,
            let data = FileManager.default.contents(atPath: file)
        else { throw refuse("no-file", isFolder ? "it is a folder" : "it can't be read") }
        guard data.count <= Self.maximumBytes else {
            throw refuse("file-too-large", "a conversation has at most 1 MiB")
        }
        guard let text = String(validating: data, as: UTF8.self) else { throw refuse("not-utf8", "it is not UTF-8") }
        try self.init(parsing: text, file: file)
    }

    /// The files that a pattern names: `Tests/Transcripts/*.chat`.
    ///
    /// - Parameter pattern: A path; a star in its last part stands for any characters.
    /// - Returns: The files in the order of their names; none where there is none.
    static func files(matching pattern: String) -> [String] {
        guard pattern.contains("*") else { return FileManager.default.fileExists(atPath: pattern) ? [pattern] : [] }
        let slash = pattern.lastIndex(of: "/").map { pattern.index(after: $0) } ?? pattern.startIndex
        let folder = String(pattern[..<slash])
        let parts = pattern[slash...].split(separator: "*", omittingEmptySubsequences: false).map(String.init)
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.isEmpty ? "." : folder)) ?? []
        return names.filter { !$0.hasPrefix(".") && matches($0, parts) }.sorted().map { folder + $0 }
    }

    /// Whether a name has the parts in their order, the first at its start and the last at its end.
    private static func matches(_ name: String, _ parts: [String]) -> Bool {
        guard let first = parts.first, let last = parts.last, name.hasPrefix(first) else { return false }
        var rest = name.dropFirst(first.count)
        for part in parts.dropFirst().dropLast() where !part.isEmpty {
            guard let found = rest.firstRange(of: part) else { return false }
            rest = rest[found.upperBound...]
        }
        return parts.count == 1 ? rest.isEmpty : rest.hasSuffix(last)
    }
}
