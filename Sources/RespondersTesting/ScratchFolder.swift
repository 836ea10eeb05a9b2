internal import FoundationEssentials

/// A folder with files for one test, removed with the last reference to it.
public final class ScratchFolder: Sendable {
    /// The folder's absolute path, without a slash at the end.
    public let path: String

    /// Writes files into a new folder of the system's temporary one.
    ///
    /// - Parameter files: Texts by their paths in the folder: `rules/greetings.yaml`.
    /// - Throws: What the file system says.
    public init(_ files: [String: String] = [:]) throws {
        let root = FileManager.default.temporaryDirectory
        self.path = root.appendingPathComponent("claude-chat-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: self.path, withIntermediateDirectories: true)
        for (name, text) in files { try self.write(text, to: name) }
    }

    deinit { try? FileManager.default.removeItem(atPath: self.path) }

    /// Writes a file, and the folders that lead to it.
    ///
    /// - Parameters:
    ///   - text: The file's text.
    ///   - name: Its path in the folder.
    /// - Throws: What the file system says.
    public func write(_ text: String, to name: String) throws {
        let file = URL(fileURLWithPath: "\(self.path)/\(name)")
        let folder = file.deletingLastPathComponent()
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
        // A file may stand for a secret, which nobody else may read.
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file.path)
    }
}
