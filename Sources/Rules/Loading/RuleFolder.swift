internal import Diagnostics
internal import FoundationEssentials

/// The rule files of a folder, read and not yet understood.
struct RuleFolder {
    /// Each file's name inside the folder and its text, in the order of loading.
    private(set) var texts: [(name: String, path: String, text: String)] = []
    private let folder: String

    /// Reads `*.yaml` of a folder in byte order of the names, then those of `local/`.
    ///
    /// Hidden files and what editors leave behind are passed over.
    init(_ folder: String, into findings: inout Findings) {
        self.folder = folder.hasSuffix("/") ? String(folder.dropLast()) : folder
        guard let names = Self.names(in: self.folder) else {
            let hint = "create the folder, or name another one"
            findings.error("no-folder", at: Place(file: folder), "there is no folder \"\(folder)\"", hint: hint)
            return
        }
        for name in names { self.read(name, into: &findings) }
        for name in Self.names(in: "\(self.folder)/local") ?? [] { self.read("local/\(name)", into: &findings) }
        if self.texts.isEmpty, !findings.hasErrors {
            findings.warn(
                "no-rules",
                at: Place(file: folder),
                "the folder has no rule files",
                hint: "add one, NAME.yaml"
            )
        }
    }

    private static func names(in folder: String) -> [String]? {
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else { return nil }
        return names.filter { $0.hasSuffix(".yaml") && !$0.hasPrefix(".") && !$0.hasPrefix("#") }
            .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    private mutating func read(_ name: String, into findings: inout Findings) {
        let path = "\(self.folder)/\(name)"
        guard let bytes = FileManager.default.contents(atPath: path) else {
            return findings.error(
                "unreadable-file",
                at: Place(file: path),
                "the file can't be read",
                hint: "check its mode"
            )
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            return findings.error("not-utf8", at: Place(file: path), "the file is not UTF-8", hint: "save it as UTF-8")
        }
        self.texts.append((name, path, text))
    }

    /// The same for the same bytes in the same files.
    var digest: String {
        var hash = StableHash()
        for (name, _, text) in self.texts {
            hash.combine(name.utf8)
            hash.combine(CollectionOfOne(0))
            hash.combine(text.utf8)
            hash.combine(CollectionOfOne(0))
        }
        let digits = String(hash.value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
