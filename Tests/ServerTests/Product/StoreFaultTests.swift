import Foundation
import GRDB
import RespondersTesting
import Store
import Testing

@testable import Server

extension ProductTests {
    @Suite("a running server whose disk doesn't do its part", .timeLimit(.minutes(5)))
    struct StoreFaultTests {
        /// What can be wrong with the disk of a server for a while.
        enum Fault: String, CaseIterable, Sendable {
            case full, writeProtected, locked, removed

            var reason: String {
                switch self {
                case .full: "disk-full"
                case .writeProtected: "store-read-only"
                case .locked: "store-locked"
                case .removed: "store-removed"
                }
            }

            /// Those that can be brought about here.
            static let possible = Fault.allCases.filter { fault in
                switch fault {
                case .full: OwnDisk.isPossible
                case .writeProtected: canProtect
                case .locked, .removed: true
                }
            }

            /// Whether the file system of the tests knows files that nobody may change.
            private static let canProtect: Bool = {
                guard let folder = try? ScratchFolder(["x": "x"]) else { return false }
                let isProtected = (try? protect("\(folder.path)/x", true)) != nil
                return isProtected && (try? protect("\(folder.path)/x", false)) != nil
            }()

            private static func protect(_ path: String, _ isProtected: Bool) throws {
                let process = Process()
                process.executableURL = URL(fileURLWithPath: "/usr/bin/chattr")
                process.arguments = [isProtected ? "+i" : "-i", path]
                process.standardError = FileHandle.nullDevice
                try process.run()
                process.waitUntilExit()
                guard process.terminationStatus == 0 else { throw TestSocket.Unexpected(what: "chattr") }
            }

            /// Begins it.
            ///
            /// - Returns: Ends it.
            func begin(_ program: BuiltProgram, _ disk: OwnDisk?) throws -> () throws -> Void {
                let path = program.store
                switch self {
                case .full:
                    try disk?.fill()
                    return { try disk?.empty() }
                case .writeProtected:
                    try Self.protect(path + "-wal", true)
                    return { try Self.protect(path + "-wal", false) }
                case .locked:
                    var configuration = GRDB.Configuration()
                    configuration.allowsUnsafeTransactions = true
                    configuration.busyMode = .timeout(60)
                    let other = try DatabaseQueue(path: path, configuration: configuration)
                    try other.writeWithoutTransaction { try $0.execute(sql: "BEGIN IMMEDIATE") }
                    return { try other.writeWithoutTransaction { try $0.execute(sql: "COMMIT") } }
                case .removed:
                    try FileManager.default.moveItem(atPath: path, toPath: path + ".away")
                    return { try FileManager.default.moveItem(atPath: path + ".away", toPath: path) }
                }
            }
        }

        /// Large enough that a few don't fit where no page is free.
        private static let text = String(repeating: "secretword ", count: 1_400)

        private static func user(_ id: String) -> String {
            #"{"type":"user","message":"\#(self.text)","id":"\#(id)","sessionId":"s1"}"#
        }

        /// What has become of the messages of a visitor.
        private struct Fates {
            var acknowledged: [String: Int] = [:]
            var refused: Set<String> = []

            /// Reads until something is known of every message up to a number.
            mutating func read(_ socket: TestSocket, until count: Int) async throws {
                while !(1...count).allSatisfy({ self.isKnown("m\($0)") }) {
                    let frame = try await socket.next()
                    guard let id = frame["id"]?.text else { continue }
                    switch frame["type"]?.text {
                    case "ack": self.acknowledged[id] = frame["seq"]?.number
                    case "error":
                        #expect(frame["code"]?.text == "unavailable" && frame["temporary"]?.flag == true)
                        self.refused.insert(id)
                    default: break
                    }
                }
            }

            private func isKnown(_ id: String) -> Bool { self.acknowledged[id] != nil || self.refused.contains(id) }
        }

        @Test(
            "J4: visitors are told, the server says why, it goes on by itself, and what was acknowledged is there once",
            arguments: Fault.possible
        )
        func goesOn(fault: Fault) async throws {
            var program = try BuiltProgram()
            let data = "\(program.folder.path)/data"
            let disk = fault == .full ? try await OwnDisk(megabytes: 3, at: data) : nil
            program.launcher = disk?.launcher ?? []
            var fates = Fates()
            var count = 1
            let log = try await program.serve(["--insecure-dev", "--no-limits"]) { port in
                let ready = TestRequest.get("/readyz")
                let other = #"{"type":"user","message":"secretword","id":"o1","sessionId":"s2"}"#
                try await TestSocket.open("/ws/chat?session=s1", port: port) { socket in
                    _ = try await socket.next()
                    try await socket.send(Self.user("m1"))
                    try await fates.read(socket, until: 1)
                    #expect(fates.acknowledged == ["m1": 1])
                    let end = try fault.begin(program, disk)
                    var answer: TestRequest.Answer
                    repeat {
                        // Nobody reads meanwhile, so more would make it a slow reader.
                        if count < 60 {
                            count += 1
                            try await socket.send(Self.user("m\(count)"))
                        }
                        answer = try await ready.send(port: port)
                    } while answer.status != 503
                    #expect(answer.text == #"{"status":"store failing","reason":"\#(fault.reason)"}"#)
                    try await fates.read(socket, until: count)
                    #expect(!fates.refused.isEmpty)
                    let health = try await TestRequest.get("/healthz").send(port: port)
                    #expect(health.status == 200 && health.json["status"] == .text("degraded"))
                    let store = health.json["store"]?.object
                    #expect(store?["state"] == .text("failing") && store?["reason"] == .text(fault.reason))
                    let post = try await TestRequest.post("/api/chat/messages", other).send(port: port)
                    #expect(post.status == 503 && post.head.lowercased().contains("retry-after: "))
                    #expect(!post.text.contains("chat.db") && !health.text.contains("chat.db"))
                    try end()
                    while try await ready.send(port: port).status != 200 {}
                    // As a client does with what wasn't acknowledged.
                    for id in fates.refused.sorted() { try await socket.send(Self.user(id)) }
                    fates.refused = []
                    try await fates.read(socket, until: count)
                    #expect(fates.refused.isEmpty)
                    #expect(try await TestRequest.post("/api/chat/messages", other).send(port: port).status == 200)
                    let well = try await TestRequest.get("/healthz").send(port: port)
                    #expect(well.json["store"]?.object?["state"] == .text("ok"))
                }
            }
            #expect(log.contains("Store can't be written; messages are refused") && log.contains("[\(fault.reason)]"))
            #expect(log.contains("Store works again") && !log.contains("secretword"))
            let verify = try await program.run("store", "verify")
            #expect(verify.status == 0 && verify.output.contains("everything is sound"), "\(verify.output)")
            let kept = try await program.run("store", "export").json.filter { $0["speaker"] == .text("user") }
            let visitor = kept.filter { $0["session"] == .text("s1") }
            let places = visitor.map { ($0["id"]?.text ?? "", $0["seq"]?.number ?? 0) }
            #expect(places.count == count, "each once")
            #expect(Dictionary(places) { first, _ in first } == fates.acknowledged)
            #expect(kept.count == count + 1)
        }

        @Test(
            "J4: a server doesn't start on a disk that is full, and says so in one line",
            .enabled(if: OwnDisk.isPossible)
        )
        func start() async throws {
            var program = try BuiltProgram()
            let disk = try await OwnDisk(megabytes: 1, at: "\(program.folder.path)/data")
            program.launcher = disk.launcher
            try disk.fill()
            let run = try await program.run("serve", "--insecure-dev")
            #expect(run.status == 78 && run.output == "")
            #expect(
                run.complaint
                    == "data/chat.db: no space is left on the disk; free some, nothing has to be restarted [disk-full]\n"
                    + "Nothing was started; --ephemeral runs without a store.\n"
            )
        }

        @Test("J1: a server that is killed right after an acknowledgement has the message, and its clients begin anew")
        func killed() async throws {
            let program = try BuiltProgram()
            var epoch = ""
            for round in 1...5 {
                let seq = 2 * round - 1
                try await program.serve(["--insecure-dev", "--no-limits"], isKilled: true) { port in
                    let position = round == 1 ? "" : "&epoch=\(epoch)&since=\(seq - 1)"
                    try await TestSocket.open("/ws/chat?session=s1\(position)", port: port) { socket in
                        let welcome = try await socket.next()
                        #expect(welcome["reset"] == .flag(round > 1) && welcome["recovered"] == .flag(false))
                        #expect(welcome["epoch"]?.text != epoch)
                        epoch = try #require(welcome["epoch"]?.text)
                        // Sent again, as if its acknowledgement had been lost with the server.
                        if round > 1 {
                            let again = #"{"type":"user","message":"hello","id":"m\#(round - 1)"}"#
                            try await socket.send(again)
                            let ack = try await socket.next("ack")
                            #expect(ack["duplicate"] == .flag(true) && ack["seq"] == .number(seq - 2))
                        }
                        try await socket.send(#"{"type":"user","message":"hello","id":"m\#(round)"}"#)
                        // Its answer may be lost with the server; the next start gives it then.
                        #expect(try await socket.next("ack")["seq"]?.number.map { $0 >= seq - 1 } == true)
                    }
                }
            }
            try await program.serve(["--insecure-dev"]) { _ in try await program.untilAnswered() }
            let kept = try await program.run("store", "export").json
            #expect(kept.filter { $0["speaker"] == .text("user") }.map { $0["id"]?.text } == (1...5).map { "m\($0)" })
            #expect(kept.compactMap { $0["seq"]?.number }.sorted() == Array(1...10))
            #expect(try await program.run("store", "verify").status == 0)
        }

        /// Writes a hundred large messages of a session, whose server is killed afterwards.
        private static func filled(_ program: BuiltProgram) async throws -> String {
            var epoch = ""
            try await program.serve(["--insecure-dev", "--no-limits"]) { port in
                for session in ["s1", "s2"] {
                    try await TestSocket.open("/ws/chat?session=\(session)", port: port) { socket in
                        epoch = try #require(try await socket.next()["epoch"]?.text)
                        for number in 1...30 { try await socket.send(Self.user("m\(number)", in: session)) }
                        while try await socket.next("ack")["id"]?.text != "m30" {}
                    }
                }
                try await program.untilAnswered()
            }
            return epoch
        }

        private static func user(_ id: String, in session: String) -> String {
            self.user(id).replacing(#""s1""#, with: "\"\(session)\"")
        }

        @Test("J5: a damaged record in a history: the room is another one, the server lives, and says where it is")
        func damagedRecord() async throws {
            let program = try BuiltProgram()
            _ = try await Self.filled(program)
            let queue = try DatabaseQueue(path: program.store)
            let seq = try await queue.write { db in
                try db.execute(
                    sql: """
                        UPDATE message SET record = CAST(substr(record, 1, 40) || x'00' || substr(record, 42) AS BLOB)
                        WHERE name = 'm20' AND room = (SELECT id FROM room WHERE session = 's1')
                        """
                )
                return try Int.fetchOne(
                    db,
                    sql: "SELECT seq FROM message JOIN room ON room.id = room WHERE name = 'm20' AND session = 's1'"
                )
            }
            try queue.close()
            let place = try #require(seq)
            let log = try await program.serve(["--insecure-dev", "--no-limits"]) { port in
                try await TestSocket.open("/ws/chat?session=s1&epoch=x.y&since=3", port: port) { socket in
                    let welcome = try await socket.next()
                    #expect(welcome["reset"] == .flag(true) && welcome["top"] == .number(60))
                    var seen: [Int] = []
                    while seen.last != 60 { seen.append(try await socket.next()["seq"]?.number ?? 0) }
                    #expect(!seen.contains(place) && seen.allSatisfy { $0 > place })
                    try await socket.send(#"{"type":"user","message":"hello","id":"new"}"#)
                    #expect(try await socket.next("ack")["seq"] == .number(61))
                }
                try await BuiltProgram.say("hello", "new", in: "s2", port: port)
            }
            #expect(log.contains("Record damaged; restore a backup to have it again") && !log.contains("secretword"))
            let session = AuditLog.digest(of: "s1", key: nil)
            #expect(log.contains("store.record=default/\(session):\(place)") && !log.contains("default/s1"), "\(log)")
            let verify = try await program.run("store", "verify")
            #expect(
                verify.status == 1 && verify.output.contains("message \(place) of default/s1 is damaged"),
                "\(verify.output)\(verify.complaint)"
            )
        }

        @Test("J5: pages that the disk has overwritten: nothing wrong is shown, others go on, and verify says so")
        func damagedPages() async throws {
            let program = try BuiltProgram()
            _ = try await Self.filled(program)
            let handle = try FileHandle(forUpdating: URL(fileURLWithPath: program.store))
            try handle.seek(toOffset: 4_096 * 60)
            try handle.write(contentsOf: Data(repeating: 0xA5, count: 4_096 * 20))
            try handle.close()
            let log = try await program.serve(["--insecure-dev", "--no-limits"]) { port in
                var answers: [String] = []
                for session in ["s1", "s2"] {
                    let history = "/api/chat/poll?session=\(session)&client=c&wait=0"
                    let page = try await TestRequest.get(history).send(port: port)
                    answers.append("\(page.status)")
                    #expect(page.status == 503 || !page.text.replacing("secretword ", with: "").contains("secret"))
                }
                #expect(answers.allSatisfy { $0 == "200" || $0 == "503" }, "\(answers)")
                try await BuiltProgram.say("hello", "new", in: "s3", port: port)
                #expect(try await TestRequest.get("/healthz").send(port: port).status == 200)
            }
            #expect(!log.contains("secretword"))
            #expect(try await program.run("store", "verify").status == 1)
        }

        /// What the threads of a process have written to the disk, by their names (proc(5)).
        private static func written(by process: Int32) throws -> [(thread: String, bytes: Int)] {
            let folder = "/proc/\(process)/task"
            return try FileManager.default.contentsOfDirectory(atPath: folder).map { task in
                let name = try String(contentsOfFile: "\(folder)/\(task)/comm", encoding: .utf8)
                let counts = try String(contentsOfFile: "\(folder)/\(task)/io", encoding: .utf8)
                let line = counts.split(separator: "\n").first { $0.hasPrefix("write_bytes: ") }
                return (name, line.flatMap { Int($0.dropFirst(13)) } ?? 0)
            }
        }

        @Test(
            "the threads that handle connections write nothing to the disk, whatever visitors say",
            .enabled(if: FileManager.default.fileExists(atPath: "/proc/self/io"))
        )
        func threads() async throws {
            let program = try BuiltProgram()
            try await program.serve(["--insecure-dev", "--no-limits"]) { port, process in
                for session in ["a", "b", "c"] {
                    try await TestSocket.open("/ws/chat?session=\(session)", port: port) { socket in
                        _ = try await socket.next()
                        for number in 1...100 { try await socket.send(Self.user("m\(number)", in: session)) }
                        while try await socket.next("ack")["id"]?.text != "m100" {}
                    }
                    _ = try await TestRequest.get("/api/chat/history?session=\(session)&before=50&limit=40&epoch=x.y")
                        .send(port: port)
                }
                let written = try Self.written(by: process)
                let loops = written.filter { $0.thread.hasPrefix("NIO-ELT") }
                #expect(!loops.isEmpty && loops.allSatisfy { $0.bytes == 0 }, "\(written)")
                // In memory (tmpfs) nobody writes.
                if written.allSatisfy({ $0.bytes == 0 }) { return }
                #expect(written.reduce(0) { $0 + $1.bytes } > 3 * 100 * Self.text.utf8.count, "\(written)")
            }
        }
    }
}
