internal import FoundationEssentials

/// Reads reports of tools that look for mistakes in code: SARIF 2.1.0, as OASIS has it.
///
/// Of a report counts what a place in a file is said of; everything else is left aside, and nothing that it names is opened.
enum SARIFReader {
    /// What a report says of a place.
    struct Result: Hashable, Sendable {
        var finding: Finding
        /// From the root of the file system with a slash in front, otherwise from a folder that the report doesn't say.
        var path: String
    }

    /// So many results of a report count.
    static let maximumResults = 100_000
    /// How long a rule's name and a message are at most, in bytes.
    private static let maximumBytes = (rule: 200, message: 1_000)
    /// So many folders are named by others.
    private static let maximumBases = 8

    /// Reads a report.
    ///
    /// - Parameter bytes: The file.
    /// - Returns: Its results that have a place, in the order in which they stand; nothing where it is no SARIF.
    static func results(in bytes: [UInt8]) -> [Result]? {
        guard let log = try? JSONDecoder().decode(Log.self, from: Data(bytes)) else { return nil }
        var results: [Result] = []
        for run in log.runs {
            for written in run.results ?? [] {
                guard let result = self.result(written, in: run) else { continue }
                results.append(result)
                if results.count == self.maximumResults { return results }
            }
        }
        return results
    }

    private static func result(_ written: Log.Result, in run: Log.Run) -> Result? {
        guard let place = written.locations?.first?.physicalLocation, let line = place.region?.startLine,
            1...9_999_999 ~= line, let artifact = place.artifactLocation,
            let path = artifact.uri.flatMap({ self.path($0, from: artifact.uriBaseId, run.originalUriBaseIds ?? [:]) })
        else { return nil }
        let index = written.ruleIndex ?? written.rule?.index ?? -1
        let rules = run.tool?.driver?.rules ?? []
        let rule = written.ruleId ?? written.rule?.id ?? (rules.indices.contains(index) ? rules[index].id : nil)
        let isSuppressed = written.suppressions?.contains { $0.status == nil || $0.status == "accepted" } ?? false
        let levels = ["error", "warning", "note", "none"]
        let finding = Finding(
            rule: self.shown(rule ?? "", self.maximumBytes.rule),
            level: levels.first { $0 == written.level } ?? "warning",
            message: self.shown(written.message?.text ?? "", self.maximumBytes.message),
            line: line,
            isSuppressed: isSuppressed
        )
        return Result(finding: finding, path: path)
    }

    /// One line, with secrets taken out.
    private static func shown(_ text: String, _ limit: Int) -> String {
        let line = text.utf8.prefix(limit).map { $0 == 0x0A || $0 == 0x0D ? 0x20 : $0 }
        return SourceText.shown(SourceSecrets.removed(from: line)[...])
    }

    /// The path that an address of a file stands for; nothing for any other address, and for one that leads upwards.
    private static func path(_ uri: String, from base: String?, _ bases: [String: Log.Artifact]) -> String? {
        var (uri, base, steps) = (uri, base, 0)
        while !self.isAbsolute(uri), let name = base, let folder = bases[name] {
            steps += 1
            guard steps <= self.maximumBases else { return nil }
            // One that isn't said is where the report was made.
            uri = (folder.uri.map { $0.hasSuffix("/") ? $0 : $0 + "/" } ?? "") + uri
            base = folder.uriBaseId
        }
        let isFile = uri.hasPrefix("file:")
        guard isFile || !uri.contains("://"), uri.utf8.count <= 4_096 else { return nil }
        var rest = isFile ? uri.dropFirst("file:".count) : uri[...]
        if rest.hasPrefix("//") { rest = rest.dropFirst(2).drop { $0 != "/" } }
        guard let path = self.decoded(rest) else { return nil }
        let names = path.split(separator: "/").filter { $0 != "." }
        guard !names.isEmpty, !names.contains("..") else { return nil }
        return (path.hasPrefix("/") ? "/" : "") + names.joined(separator: "/")
    }

    /// The text with `%41` as `A`; nothing where a percent sign has no two digits behind it, or the whole is no text.
    private static func decoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            let digits = rest.prefix(2)
            guard digits.count == 2, digits.first != UInt8(ascii: "+"),
                let value = UInt8(String(Substring(digits)), radix: 16)
            else { return nil }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return bytes.contains(0) ? nil : String(validating: bytes, as: UTF8.self)
    }

    private static func isAbsolute(_ uri: String) -> Bool {
        uri.hasPrefix("/") || uri.hasPrefix("file:") || uri.contains("://")
    }

    /// What is read of the format (SARIF 2.1.0, sections 3.13 to 3.35).
    private struct Log: Decodable {
        struct Run: Decodable {
            var tool: Tool?
            var results: [Result]?
            var originalUriBaseIds: [String: Artifact]?
        }

        struct Tool: Decodable { var driver: Driver? }
        struct Driver: Decodable { var rules: [Rule]? }

        struct Rule: Decodable {
            var id: String?
            var index: Int?
        }

        struct Result: Decodable {
            var ruleId: String?
            var ruleIndex: Int?
            var rule: Rule?
            var level: String?
            var message: Message?
            var locations: [Location]?
            var suppressions: [Suppression]?
        }

        struct Message: Decodable { var text: String? }
        struct Location: Decodable { var physicalLocation: PhysicalLocation? }
        struct Suppression: Decodable { var status: String? }
        struct Region: Decodable { var startLine: Int? }

        struct PhysicalLocation: Decodable {
            var artifactLocation: Artifact?
            var region: Region?
        }

        struct Artifact: Decodable {
            var uri: String?
            var uriBaseId: String?
        }

        var runs: [Run]
    }
}
