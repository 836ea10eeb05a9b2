import Foundation
import SourceCode

/// A folder of source code with an index beside it, removed with the value.
final class CodeFolder {
    let path: String
    var code: String { "\(self.path)/code" }
    var indexPath: String { "\(self.path)/index.sqlite" }

    init(_ files: [String: String] = [:]) throws {
        self.path = FileManager.default.temporaryDirectory.appending(path: "code-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: "\(self.path)/code", withIntermediateDirectories: true)
        for (name, text) in files { try self.write(text, to: name) }
    }

    deinit { try? FileManager.default.removeItem(atPath: self.path) }

    func write(_ text: String, to name: String) throws { try self.write(Data(text.utf8), to: name) }

    func write(_ data: Data, to name: String) throws {
        let path = "\(self.code)/\(name)"
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try data.write(to: URL(fileURLWithPath: path))
    }

    func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: "\(self.code)/\(name)") }

    /// Makes `name` a link to a path.
    func link(_ name: String, to target: String) throws {
        try FileManager.default.createSymbolicLink(atPath: "\(self.code)/\(name)", withDestinationPath: target)
    }

    func open(
        allow: [String] = [],
        deny: [String] = [],
        link: String? = nil,
        now: @escaping @Sendable () -> Int64 = { Int64(Date().timeIntervalSince1970 * 1_000) }
    ) throws -> CodeIndex {
        let root = CodeRoot(path: self.code, allow: allow, deny: deny, link: link)
        return try CodeIndex.open(self.indexPath, roots: [root], now: now)
    }

    /// An index of the code as it is.
    func indexed(allow: [String] = [], deny: [String] = [], link: String? = nil) throws -> CodeIndex {
        let index = try self.open(allow: allow, deny: deny, link: link)
        _ = try index.update()
        return index
    }
}

extension CodeIndex {
    /// `path:line` of what is found, the best first.
    func places(_ text: String, limit: Int = 10, isLiteral: Bool = true) throws -> [String] {
        try self.searchNow(CodeQuery(text, limit: limit, isLiteral: isLiteral)).places.map(\.name)
    }
}
