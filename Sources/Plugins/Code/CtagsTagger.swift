package import Responders
package import SourceCode

/// Asks Universal Ctags what files define, where it is installed.
///
/// The program never opens a file: it gets each one's text, without secrets, on its input (ctags-json-output(5) and the
/// manual's "interactive mode"), and with `sandbox` the system lets it open nothing. Other ctags end at once and count as absent.
package struct CtagsTagger: Sendable {
    private let command: ChildProcess.Command
    private let clock: TurnClock

    /// So long one file may take.
    private static let time = Duration.seconds(10)
    /// So many files are one transaction.
    private static let batch = 100
    /// After so many ends of the program it is left alone until the next time.
    private static let maximumStarts = 3
    /// The most memory it may map, in bytes.
    private static let memory = 1_073_741_824
    /// A signature of what it says first.
    private static let arguments = [
        "--options=NONE", "--_interactive=sandbox", "--output-format=json", "--fields=+nKS",
    ]

    /// - Returns: Nothing where there is no such program.
    package init?(_ services: PluginServices) {
        guard let path = try? ChildProcess.Command.executable("ctags", services) else { return nil }
        self.command = ChildProcess.Command(
            executable: path,
            arguments: Self.arguments,
            environment: [:],
            folder: "/",
            memory: Self.memory
        )
        self.clock = services.clock
    }

    /// Tags all files of an index that aren't yet, as far as it can.
    ///
    /// - Throws: What the disk reports.
    package func tag(_ index: CodeIndex) async throws {
        var after: Int64 = 0
        for _ in 0..<Self.maximumStarts {
            guard try !index.untagged(after: after, atMost: 1).isEmpty, !Task.isCancelled else { return }
            guard let last = try await self.tag(index, after: after) else { return }
            after = last
        }
    }

    /// Tags files with one process.
    ///
    /// - Returns: The id of the file at which it ended; nothing where it isn't the right program, or has done all.
    private func tag(_ index: CodeIndex, after: Int64) async throws -> Int64? {
        let session = CtagsSession(self.command)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await session.run() }
            defer { session.kill() }
            guard await self.within(Self.time, session, { await session.begins() }) else { return nil }
            var last = after
            while !Task.isCancelled {
                let files = try index.untagged(after: last, atMost: Self.batch)
                guard !files.isEmpty else { return nil }
                var tags: [Int64: [Symbol]] = [:]
                for file in files {
                    let symbols =
                        file.text.isEmpty
                        ? [] : await self.within(Self.time, session) { await session.symbols(of: file) }
                    // What an ended server has cut short is no answer.
                    guard !Task.isCancelled else { return nil }
                    tags[file.id] = symbols ?? []
                    last = file.id
                    guard symbols != nil else {
                        try index.tag(tags)
                        return last
                    }
                }
                try index.tag(tags)
            }
            return nil
        }
    }

    /// Ends the process where something takes too long.
    private func within<R: Sendable>(
        _ time: Duration,
        _ session: CtagsSession,
        _ body: @Sendable () async -> R
    ) async -> R {
        async let _: Void = {
            guard (try? await self.clock.sleep(for: time)) != nil, !Task.isCancelled else { return }
            session.kill()
        }()
        return await body()
    }
}

/// One process of Universal Ctags, which is asked for one file after the other.
private final class CtagsSession: Sendable {
    private let child: ChildProcess
    private let lines: AsyncStream<[UInt8]>
    private let source: AsyncStream<[UInt8]>.Continuation

    /// So many lines wait; a file with more symbols has only the first ones.
    private static let maximumLines = 20_000

    init(_ command: ChildProcess.Command) {
        let (lines, source) = AsyncStream<[UInt8]>.makeStream(bufferingPolicy: .bufferingOldest(Self.maximumLines))
        (self.lines, self.source) = (lines, source)
        self.child = ChildProcess(command) { event in
            if case .line(let line) = event { source.yield(line) }
        }
    }

    func run() async {
        _ = await self.child.run()
        self.source.finish()
    }

    func kill() { self.child.kill() }

    /// Whether the first thing that it says is its name.
    func begins() async -> Bool {
        for await line in self.lines { return Self.value(line)?["name"] == .text("Universal Ctags") }
        return false
    }

    /// What a file defines; nothing where the process has ended.
    func symbols(of file: CodeIndex.UntaggedFile) async -> [Symbol]? {
        // The line's own end is one byte more of the file.
        let request: JSONValue = [
            "command": "generate-tags", "filename": .text(file.name), "size": JSONValue(file.text.count + 1),
        ]
        var line: [UInt8] = []
        request.write(to: &line)
        guard self.child.send(line + [0x0A] + file.text) else { return nil }
        var symbols: [Symbol] = []
        for await line in self.lines {
            guard let value = Self.value(line) else { continue }
            switch value["_type"] {
            case .text("completed"): return symbols
            case .text("tag"): if let symbol = Symbol(value) { symbols.append(symbol) }
            default: break
            }
        }
        return nil
    }

    private static func value(_ line: [UInt8]) -> JSONValue? {
        line.withUnsafeBufferPointer { try? JSONValue(object: $0) }
    }
}

extension Symbol {
    /// What ctags says of a tag.
    fileprivate init?(_ tag: JSONValue) {
        guard case .text(let name)? = tag["name"], case .number(let number)? = tag["line"],
            case .text(let kind)? = tag["kind"], let line = Int(exactly: number), line > 0, name.utf8.count <= 500
        else { return nil }
        var scope: String?
        if case .text(let text)? = tag["scope"] { scope = text }
        self.init(name: name, line: line, kind: kind, scope: scope)
    }
}
