import Foundation
import Messages
import RespondersTesting
import Testing

/// `claude-chat` as it is built, run as its users do, in a folder of its own.
struct BuiltProgram: Sendable {
    let folder: ScratchFolder
    var environment: [String: String] = [:]
    /// What the program is run by, with the program and its arguments behind; nothing to run it as it is.
    var launcher: [String] = []

    /// How a command ended.
    struct Run: Sendable {
        var status: Int32
        /// With the files' paths as if it had run in the folder.
        var output: String
        var complaint: String

        var lines: [String] { self.output.split(separator: "\n").map(String.init) }
        /// The object of each line.
        var json: [[String: TestSocket.Value]] {
            self.lines.map { (try? JSONDecoder().decode([String: TestSocket.Value].self, from: Data($0.utf8))) ?? [:] }
        }
    }

    /// - Parameters:
    ///   - store: What stands in the section `store`, beside the path.
    ///   - more: Other sections.
    ///   - chain: The chain that answers.
    ///   - plugin: A program that the chain names `program.py`.
    ///   - environment: Variables beside those of the tests.
    /// - Throws: What the file system says.
    init(
        store: String = "",
        more: String = "",
        chain: String = "{answer: [rules: {path: rules/}], fallback: [fallback]}",
        plugin: String = "",
        environment: [String: String] = [:]
    ) throws {
        self.environment = environment
        self.folder = try ScratchFolder([
            "rules/a.yaml": """
            version: 1
            rules:
              - {id: hello, match: '\\bhello\\b', reply: Hi}
              - {id: quiet, match: '\\bpsst\\b', silent: asked to}
            """,
            "claude-chat.yaml": """
            version: 1
            default_chain: demo
            server: {listen: '127.0.0.1:0', mode: development}
            store:
              path: data/chat.db
            \(store)
            \(more)
            chains: {demo: \(chain)}

            """,
        ])
        if !plugin.isEmpty { try self.folder.write(plugin, to: "program.py") }
    }

    /// A chain that waits for `program.py` for as long as a test may take.
    static let patientChain = """
        {deadline: 100s, answer: [{process: {command: [python3, program.py]}, timeout: 90s}], fallback: [fallback]}
        """

    var store: String { "\(self.folder.path)/data/chat.db" }
    var audit: String { self.store + ".audit.jsonl" }

    static func path(of name: String = "claude-chat") throws -> String {
        let starts =
            Bundle.allBundles.map(\.bundleURL) + [URL(fileURLWithPath: CommandLine.arguments[0]).standardizedFileURL]
        for start in starts {
            var folder = start
            for _ in 0..<6 {
                folder.deleteLastPathComponent()
                let program = folder.appendingPathComponent(name).path
                var isFolder: ObjCBool = false
                let isThere = FileManager.default.fileExists(atPath: program, isDirectory: &isFolder)
                if isThere, !isFolder.boolValue, FileManager.default.isExecutableFile(atPath: program) {
                    return program
                }
            }
        }
        throw TestSocket.Unexpected(what: "the program isn't built")
    }

    /// A command that was started.
    func start(
        _ arguments: [String],
        of program: String = "claude-chat",
        output: Any? = nil,
        complaint: Any? = nil,
        input: Any? = nil
    ) throws -> Process {
        let process = Process()
        let command = self.launcher + [try Self.path(of: program)] + arguments
        process.executableURL = URL(fileURLWithPath: command[0])
        process.arguments = Array(command.dropFirst())
        process.currentDirectoryURL = URL(fileURLWithPath: self.folder.path)
        process.environment = ProcessInfo.processInfo.environment.merging(self.environment) { $1 }
        process.standardInput = input ?? FileHandle.nullDevice
        process.standardOutput = output ?? FileHandle.nullDevice
        process.standardError = complaint ?? FileHandle.nullDevice
        try process.run()
        return process
    }

    /// Runs a command to its end.
    func run(_ arguments: String..., input: String? = nil) async throws -> Run {
        try await self.run(arguments, input: input)
    }

    /// Runs a command to its end.
    func run(_ arguments: [String], of program: String = "claude-chat", input: String? = nil) async throws -> Run {
        let name = "run-\(UUID().uuidString)"
        try self.folder.write("", to: "\(name).out")
        try self.folder.write("", to: "\(name).err")
        try self.folder.write(input ?? "", to: "\(name).in")
        let paths = ["out", "err", "in"].map { "\(self.folder.path)/\(name).\($0)" }
        defer { for path in paths { try? FileManager.default.removeItem(atPath: path) } }
        let process = try self.start(
            arguments,
            of: program,
            output: FileHandle(forWritingAtPath: paths[0]),
            complaint: FileHandle(forWritingAtPath: paths[1]),
            input: FileHandle(forReadingAtPath: paths[2])
        )
        await Self.end(of: process)
        let texts = try paths.prefix(2).map { path in
            String(decoding: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self)
                .replacing(self.folder.path + "/", with: "")
        }
        return Run(status: process.terminationStatus, output: texts[0], complaint: texts[1])
    }

    /// Waits for a process, on a thread of its own: those of others have other work.
    static func end(of process: Process) async {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                process.waitUntilExit()
                continuation.resume()
            }
        }
    }

    /// Reads until a text was read, or to the end.
    static func read(_ pipe: Pipe, until text: String) async -> String {
        let file = pipe.fileHandleForReading
        return await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                var bytes = Data()
                while bytes.range(of: Data(text.utf8)) == nil {
                    let more = file.availableData
                    if more.isEmpty { break }
                    bytes += more
                }
                continuation.resume(returning: String(decoding: bytes, as: UTF8.self))
            }
        }
    }

    /// Runs a server while `body` does, and stops it as a supervisor would.
    ///
    /// - Parameters:
    ///   - options: Of `serve`.
    ///   - isKilled: Whether it gets no time to stop in good order, as if the machine had lost it.
    ///   - body: Gets the port.
    /// - Returns: What the server wrote into its log.
    /// - Throws: What `body` throws, or that the server didn't start.
    @discardableResult
    func serve(
        _ options: [String] = [],
        isKilled: Bool = false,
        _ body: (Int) async throws -> Void
    ) async throws -> String {
        try await self.serve(options, isKilled: isKilled) { port, _ in try await body(port) }
    }

    /// The same, where `body` gets the number of the process, too.
    @discardableResult
    func serve(
        _ options: [String] = [],
        isKilled: Bool = false,
        _ body: (_ port: Int, _ process: Int32) async throws -> Void
    ) async throws -> String {
        let output = Pipe()
        let log = "\(self.folder.path)/server-\(UUID().uuidString).log"
        _ = FileManager.default.createFile(atPath: log, contents: nil)
        let process = try self.start(["serve"] + options, output: output, complaint: FileHandle(forWritingAtPath: log))
        do {
            let greeting = await Self.read(output, until: "stops)")
            let address = greeting.split(separator: "127.0.0.1:").last?.prefix { $0.isNumber }
            let port = try #require(address.flatMap { Int($0) }, "\(greeting)")
            try await body(port, process.processIdentifier)
        } catch {
            process.terminate()
            await Self.end(of: process)
            throw error
        }
        kill(process.processIdentifier, isKilled ? SIGKILL : SIGTERM)
        await Self.end(of: process)
        #expect(process.terminationStatus == (isKilled ? SIGKILL : 0))
        return String(decoding: try Data(contentsOf: URL(fileURLWithPath: log)), as: UTF8.self)
    }

    /// Says something and waits until it is stored.
    static func say(
        _ text: String,
        _ id: String,
        in session: String,
        page: String = "/",
        site: String? = nil,
        port: Int
    ) async throws {
        let place = site.map { #","site":"\#($0)""# } ?? ""
        let body =
            #"{"type":"user","message":"\#(text)","id":"\#(id)","sessionId":"\#(session)","context":{"page":"\#(page)"}\#(place)}"#
        let answer = try await TestRequest.post("/api/chat/messages", body).send(port: port)
        #expect(answer.status == 200, "\(answer.text)")
    }

    /// Waits until every turn has ended, as the store says.
    func untilAnswered() async throws {
        while true {
            let stats = try await self.run("store", "stats", "--json")
            guard let open = stats.json.first?["unfinishedTurns"] else {
                throw TestSocket.Unexpected(what: stats.complaint)
            }
            if open == .number(0) { return }
        }
    }

    /// The bytes of all files in the folder of the store.
    func bytes() throws -> Data {
        let folder = "\(self.folder.path)/data"
        return try FileManager.default.contentsOfDirectory(atPath: folder).reduce(into: Data()) { bytes, name in
            bytes.append(try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)")))
        }
    }

    /// Lines of an export: so many messages of one session, with a page of their own each hundred.
    static func lines(_ count: Int, session: String = "s1", time: Int64 = 1_790_000_000_000) throws -> String {
        let session = try #require(SessionID(session))
        var lines = ""
        for seq in 1...count {
            let message = Message(.user, "text \(seq)", id: "m\(seq)", at: Timestamp(milliseconds: time))
            let frame = ServerFrame.durable(message, session: session, seq: seq, epoch: "part.run")
            lines +=
                #"{"site":"default","session":"\#(session)","epoch":"part.run","seq":\#(seq),"id":"m\#(seq)","speaker":"user""#
                + #","time":\#(time),"page":"/\#(seq / 100)","turn":"\#(session)-\#(seq)","outcome":"answered","rule":"a/hello""#
                + #","frame":\#(String(decoding: frame, as: UTF8.self))}"# + "\n"
        }
        return lines
    }

    static let key = Data(repeating: 7, count: 32).base64EncodedString()
    static let newKey = Data(repeating: 8, count: 32).base64EncodedString()
    static let keys = [
        "CHAT_KEY_1": Self.key, "CHAT_KEY_2": Self.newKey,
        "CHAT_AUDIT": Data(repeating: 9, count: 32).base64EncodedString(),
    ]
}
