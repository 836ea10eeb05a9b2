import Foundation

/// A small file system in the place of a folder, which nobody sees but the programs that are started by its launcher.
///
/// It is in memory, and gone with the last reference to it or with the tests, however they end. Linux, as root.
final class OwnDisk: Sendable {
    private let holder: Process
    private let input: Pipe
    private let folder: String

    /// Whether this system lets a test have one.
    static let isPossible: Bool = {
        let paths = ["/usr/bin/unshare", "/usr/bin/nsenter"]
        guard geteuid() == 0, paths.allSatisfy(FileManager.default.isExecutableFile) else { return false }
        let trial = Process()
        trial.executableURL = URL(fileURLWithPath: paths[0])
        trial.arguments = ["--mount", "mount", "-t", "tmpfs", "none", "/mnt"]
        trial.standardError = FileHandle.nullDevice
        guard (try? trial.run()) != nil else { return false }
        trial.waitUntilExit()
        return trial.terminationStatus == 0
    }()

    /// - Parameters:
    ///   - megabytes: Its size.
    ///   - folder: The absolute path of a folder, which is made.
    /// - Throws: What the system says.
    init(megabytes: Int, at folder: String) async throws {
        self.folder = folder
        (self.holder, self.input) = (Process(), Pipe())
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        self.holder.executableURL = URL(fileURLWithPath: "/usr/bin/unshare")
        let script = #"mount -t tmpfs -o size="$1"m,mode=700 none "$0" && echo ready && exec cat"#
        self.holder.arguments = ["--mount", "/bin/sh", "-c", script, folder, "\(megabytes)"]
        let output = Pipe()
        self.holder.standardInput = self.input
        self.holder.standardOutput = output
        try self.holder.run()
        guard await BuiltProgram.read(output, until: "ready\n") == "ready\n" else {
            throw TestSocket.Unexpected(what: "nothing could be mounted at \(folder)")
        }
    }

    // Its input ends with it, or with the tests.
    deinit { try? self.input.fileHandleForWriting.close() }

    /// Runs a program that sees this file system, in the folder around it.
    var launcher: [String] {
        let outside = (self.folder as NSString).deletingLastPathComponent
        return [
            "/usr/bin/nsenter", "--mount", "--target", "\(self.holder.processIdentifier)", "/bin/sh", "-c",
            #"cd "$0" && exec "$@""#, outside,
        ]
    }

    /// Where the tests find a file of it.
    func path(_ name: String) -> String { "/proc/\(self.holder.processIdentifier)/root\(self.folder)/\(name)" }

    /// Writes until there is no room left.
    func fill() throws {
        let descriptor = open(self.path("filler"), O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw TestSocket.Unexpected(what: "nothing can be written") }
        defer { close(descriptor) }
        let block = [UInt8](repeating: 0x66, count: 4_096)
        while write(descriptor, block, block.count) > 0 {}
    }

    /// Makes room again.
    func empty() throws { try FileManager.default.removeItem(atPath: self.path("filler")) }
}
