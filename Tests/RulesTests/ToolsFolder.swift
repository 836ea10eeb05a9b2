import Foundation

/// A folder of rule files for one test, removed with the last reference to it.
final class ToolsFolder {
    let path: String

    /// - Parameter files: Texts by their paths in the folder: `bugs.yaml`, `local/shop.yaml`.
    /// - Throws: What the file system says.
    init(_ files: [String: String]) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("rules-\(UUID().uuidString)")
        self.path = folder.path
        for (name, text) in files { try self.write(name, text) }
    }

    /// Writes a file, in the place of one that is there.
    func write(_ name: String, _ text: String) throws {
        let file = URL(fileURLWithPath: self.path).appendingPathComponent(name)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
    }

    deinit { try? FileManager.default.removeItem(atPath: self.path) }

    /// A text with the files' paths as if the test had run in the folder.
    func short(_ text: some CustomStringConvertible) -> String {
        text.description.replacingOccurrences(of: self.path + "/", with: "")
    }
}
