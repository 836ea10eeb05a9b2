import Documents
import Foundation
import Testing

@Suite("an update that is killed")
struct CrashTests {
    private static let folders = Bundle.allBundles.map { $0.bundleURL.deletingLastPathComponent() }

    /// Where the program is: beside the tests, however those are run.
    private static func program() throws -> URL {
        for start in self.folders + [URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()] {
            var folder = start
            for _ in 0..<6 {
                let program = folder.appendingPathComponent("DocumentsCrashWriter")
                if FileManager.default.isExecutableFile(atPath: program.path) { return program }
                folder.deleteLastPathComponent()
            }
        }
        throw CocoaError(.fileNoSuchFile)
    }

    private static func start(_ arguments: [String]) throws -> (Process, FileHandle, FileHandle) {
        let writer = Process()
        writer.executableURL = try Self.program()
        writer.arguments = arguments
        let (input, output) = (Pipe(), Pipe())
        (writer.standardInput, writer.standardOutput) = (input, output)
        try writer.run()
        return (writer, input.fileHandleForWriting, output.fileHandleForReading)
    }

    @Test(
        "killed between any two batches and gone on, it equals a fresh build; a full one leaves the old content",
        arguments: [false, true]
    )
    func killed(full: Bool) throws {
        let folder = try DocumentFolder()
        let index = try folder.open()
        for number in 0..<900 {
            try folder.write("# Page \(number)\n\nneedle number \(number % 7)", to: "p\(number).md")
        }
        if full {
            _ = try index.update([folder.source])
            for number in 0..<900 { try folder.write("# Page \(number)\n\nthread \(number % 5)", to: "p\(number).md") }
        }
        for batches in 1...4 {
            let (writer, input, output) = try Self.start([folder.indexPath, folder.documents] + (full ? ["full"] : []))
            var seen = 0
            while seen < batches {
                let text = output.availableData
                guard !text.isEmpty else { break }
                seen += text.count { $0 == UInt8(ascii: "\n") }
                if seen < batches { input.write(Data("\n".utf8)) }
            }
            kill(writer.processIdentifier, SIGKILL)
            writer.waitUntilExit()
            if full { #expect(try index.urls("needle", limit: 9).count == 9 && index.urls("thread") == []) }
        }
        let source = DocumentSource(path: folder.documents)
        _ = try index.update([source], full: full)
        let fresh = try DocumentIndex.open("\(folder.path)/fresh.sqlite") { 0 }
        _ = try fresh.update([source])
        #expect(try contents(index) == contents(fresh))
    }
}
