internal import Foundation

/// The rule files of an older revision of the repository that they are kept in.
///
/// git runs as a child process with arguments and without a shell.
struct GitRevision {
    /// As it was named: `HEAD~1`.
    let name: String
    /// The folder of the rule files in the work tree.
    let folder: String
    private let commit: String

    /// Why a revision can't be read, in a sentence for people.
    struct Failure: Error { var problem: String }

    /// - Parameters:
    ///   - name: Whatever git takes for a commit.
    ///   - folder: A folder of the work tree.
    /// - Throws: Where git knows no such revision, or can't be run.
    init(_ name: String, of folder: String) throws(Failure) {
        self.name = name
        self.folder = folder
        let arguments = ["rev-parse", "--verify", "--quiet", "--end-of-options", "\(name)^{commit}"]
        guard let output = try Self.git(arguments, in: folder) else {
            guard try Self.git(["rev-parse", "--git-dir"], in: folder) != nil else {
                throw Failure(
                    problem:
                        "\"\(name)\" is no folder, and \(folder) is in no git repository; write a folder of rule files"
                )
            }
            throw Failure(
                problem:
                    "\"\(name)\" is neither a folder nor a revision of the repository of \(folder); write a folder of "
                    + "rule files, or a commit, tag or branch, such as HEAD~1"
            )
        }
        self.commit = String(decoding: output, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Writes the rule files of the revision into a new folder and removes it afterwards.
    ///
    /// - Parameter body: Gets the new folder's path.
    /// - Returns: What `body` returns.
    /// - Throws: What `body` throws, or ``Failure`` where the revision has no rule files there.
    func withFiles<Result>(_ body: (_ folder: String) throws -> Result) throws -> Result {
        let copy = FileManager.default.temporaryDirectory.appendingPathComponent("claude-chat-\(UUID().uuidString)")
        let local = copy.appendingPathComponent("local")
        try FileManager.default.createDirectory(at: local, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: copy) }
        for path in try self.paths() {
            let blob = try Self.git(
                ["cat-file", "blob", "\(self.commit):./\(try self.target(of: path))"],
                in: self.folder
            )
            guard let blob else {
                throw Failure(problem: "\(path) of \(self.name) leads out of the repository; name a folder")
            }
            try blob.write(to: copy.appendingPathComponent(path))
        }
        return try body(copy.path)
    }

    /// The file that a path of the revision means: where it is a symbolic link, what that leads to.
    private func target(of path: String) throws(Failure) -> String {
        var path = path
        // As deep as Linux follows links.
        for _ in 0..<40 {
            let entry = try Self.git(["ls-tree", "-z", self.commit, "./\(path)"], in: self.folder) ?? Data()
            guard entry.starts(with: Data("120000 ".utf8)) else { return path }
            let link = try Self.git(["cat-file", "blob", "\(self.commit):./\(path)"], in: self.folder) ?? Data()
            let parent = path.split(separator: "/").dropLast().joined(separator: "/")
            path = (parent.isEmpty ? "" : "\(parent)/") + String(decoding: link, as: UTF8.self)
        }
        return path
    }

    /// The rule files from the folder on: those in it and those in `local/`.
    private func paths() throws(Failure) -> [String] {
        let list = try Self.git(["ls-tree", "-r", "-z", "--name-only", self.commit], in: self.folder) ?? Data()
        let paths = list.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }.filter { path in
            let parts = path.split(separator: "/")
            return path.hasSuffix(".yaml") && (parts.count == 1 || (parts.count == 2 && parts[0] == "local"))
        }
        guard paths.isEmpty else { return paths }
        throw Failure(problem: "\(self.name) has no rule files in \(self.folder); name a later revision")
    }

    /// The output of git, or nothing where it fails.
    private static func git(_ arguments: [String], in folder: String) throws(Failure) -> Data? {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["git", "-C", folder] + arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        do {
            try process.run()
        } catch {
            throw Failure(problem: "git can't be run; install it, or name a folder")
        }
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        // What env says where there is no such program.
        if process.terminationStatus == 127 { throw Failure(problem: "git can't be run; install it, or name a folder") }
        return process.terminationStatus == 0 ? data : nil
    }
}
