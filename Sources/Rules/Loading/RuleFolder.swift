internal import Diagnostics
internal import FoundationEssentials

/// The rule files of a folder, read and not yet understood.
struct RuleFolder {
    /// One file.
    struct File {
        /// Inside the folder: `local/shop.yaml`.
        var name: String
        /// As in diagnostics.
        var path: String
        /// Without a byte order mark.
        var text: String
        /// Whether one stood before the text, as some editors write it; it says nothing about the rules.
        var hasMark = false
    }

    /// In the order of loading.
    private(set) var files: [File] = []
    /// As it was named.
    let folder: String
    /// The same without a slash at the end.
    private let path: String

    /// Reads `*.yaml` of a folder in byte order of the names, then those of `local/`.
    ///
    /// Hidden files and what editors leave behind are passed over.
    init(_ folder: String, into findings: inout Findings) {
        self.folder = folder
        self.path = folder.hasSuffix("/") ? String(folder.dropLast()) : folder
        guard let names = Self.names(in: self.path) else {
            self.reportFolder(into: &findings)
            return
        }
        self.read(names, in: "", into: &findings)
        self.read(Self.names(in: "\(self.path)/local") ?? [], in: "local/", into: &findings)
    }

    private func reportFolder(into findings: inout Findings) {
        // With a slash at its end it is no file, of which a report would show a line.
        let place = Place(file: "\(self.path)/")
        if FileManager.default.fileExists(atPath: self.path) {
            let isFolder = Self.isFolder(self.path)
            let problem = "\"\(self.folder)\" \(isFolder ? "can't be read" : "is a file")"
            let hint = isFolder ? "check its mode" : "name its folder"
            return findings.error("no-folder", at: place, problem, hint: hint)
        }
        let hint = "create the folder, or name another one"
        findings.error("no-folder", at: place, "there is no folder \"\(self.folder)\"", hint: hint)
    }

    /// Everything in a folder but hidden files and what editors leave behind, in byte order.
    private static func names(in folder: String) -> [String]? {
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else { return nil }
        return names.filter { !$0.hasPrefix(".") && !$0.hasPrefix("#") && !$0.hasSuffix("~") }
            .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    private static func isFolder(_ path: String) -> Bool {
        var isFolder = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder
    }

    private mutating func read(_ names: [String], in subfolder: String, into findings: inout Findings) {
        for name in names {
            if name.hasSuffix(".yaml") {
                self.read("\(subfolder)\(name)", into: &findings)
            } else {
                self.warnOfPassedOver(name, in: subfolder, into: &findings)
            }
        }
    }

    /// Warns of what somebody may think is read.
    private func warnOfPassedOver(_ name: String, in subfolder: String, into findings: inout Findings) {
        let path = "\(self.path)/\(subfolder)\(name)"
        let ending = name.lowercased()
        if ending.hasSuffix(".yaml") || ending.hasSuffix(".yml") {
            let problem = "the file is not read: its name doesn't end in \".yaml\""
            return findings.warn("not-read", at: Place(file: path), problem, hint: "rename it")
        }
        guard Self.isFolder(path), subfolder.isEmpty ? name != "local" : true else { return }
        for inner in Self.names(in: path) ?? [] where inner.hasSuffix(".yaml") {
            let problem = "the file is not read: rule files stand in the folder itself or in local/"
            findings.warn("not-read", at: Place(file: "\(path)/\(inner)"), problem, hint: "move it there")
        }
    }

    private mutating func read(_ name: String, into findings: inout Findings) {
        let path = "\(self.path)/\(name)"
        if let (problem, hint) = Self.obstacle(path) {
            return findings.error("unreadable-file", at: Place(file: path), problem, hint: hint)
        }
        guard let bytes = FileManager.default.contents(atPath: path) else {
            let problem = "the file can't be read"
            return findings.error("unreadable-file", at: Place(file: path), problem, hint: "check its mode")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            let place = Self.end(of: bytes, file: path)
            return findings.error("not-utf8", at: place, "the file is not UTF-8", hint: "save it as UTF-8")
        }
        let hasMark = text.unicodeScalars.first == "\u{FEFF}"
        let rest = hasMark ? String(text.unicodeScalars.dropFirst()) : text
        self.files.append(File(name: name, path: path, text: rest, hasMark: hasMark))
    }

    /// Why a path is no file to read, where that is known before it is opened: opening a pipe would wait for a writer.
    private static func obstacle(_ path: String) -> (problem: String, hint: String)? {
        guard FileManager.default.fileExists(atPath: path) else {
            let isLink = (try? FileManager.default.destinationOfSymbolicLink(atPath: path)) != nil
            return isLink
                ? ("the link leads nowhere", "point it to a file, or remove it")
                : ("the file can't be found by its name", "name it in UTF-8")
        }
        if self.isFolder(path) { return ("this is a folder", "rename it, or move its files up") }
        let real = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
        let type = (try? FileManager.default.attributesOfItem(atPath: real))?[.type] as? FileAttributeType
        guard type == nil || type == .typeRegular else {
            return ("this is no regular file", "put a file in its place")
        }
        return nil
    }

    /// Where bytes stop to be UTF-8.
    private static func end(of bytes: Data, file: String) -> Place {
        var decoder = Unicode.UTF8.ForwardParser()
        var iterator = bytes.makeIterator()
        var (line, column) = (1, 1)
        while case .valid(let scalar) = decoder.parseScalar(from: &iterator) {
            let isLineFeed = scalar.count == 1 && scalar.first == UInt8(ascii: "\n")
            (line, column) = isLineFeed ? (line + 1, 1) : (line, column + 1)
        }
        return Place(file: file, line: line, column: column)
    }

    /// The same for the same bytes in the same files.
    var digest: String {
        var hash = StableHash()
        for file in self.files {
            hash.combine(file.name.utf8)
            hash.combine(CollectionOfOne(0))
            hash.combine(file.text.utf8)
            hash.combine(CollectionOfOne(0))
        }
        let digits = String(hash.value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
