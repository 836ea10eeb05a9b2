import Foundation
import Responders
import RespondersTesting
import Synchronization
import Testing

@testable import Server

extension ProductTests {
    /// What plugins keep, over a restart of the server.
    @Suite("what plugins keep", .timeLimit(.minutes(2)))
    struct PluginStateProductTests {
        private static let rules = """
            version: 1
            rules:
              - id: news
                match: '\\bnews\\b'
                cooldown: {per: site, for: 1h}
                reply: We have moved.
                tests: [{say: news}, {not: old}]
            """

        private static func answer(_ id: String, _ port: Int) async throws -> String {
            try await TestSocket.open("/ws/chat?session=s\(id)", port: port) { socket in
                try await socket.send(#"{"type":"user","message":"any news","id":"\#(id)"}"#)
                return try await socket.next("claude")["message"]?.text ?? ""
            }
        }

        @Test("outlives a restart: a rule that has to stay out for a site does so", arguments: [false, true])
        func cooldown(isEphemeral: Bool) async throws {
            let program = try BuiltProgram()
            try program.folder.write(Self.rules, to: "rules/news.yaml")
            let options = isEphemeral ? ["--ephemeral"] : []
            try await program.serve(options) { port in
                let answers = [try await Self.answer("m1", port), try await Self.answer("m2", port)]
                #expect(answers.map { $0 == "We have moved." } == [true, false])
            }
            let file = "\(program.folder.path)/data/chat.db.state/rules.sqlite"
            #expect(FileManager.default.fileExists(atPath: file) != isEphemeral)
            try await program.serve(options) { port in
                let answer = try await Self.answer("m3", port)
                #expect((answer == "We have moved.") == isEphemeral)
            }
        }

        @Test("is begun anew where its file is damaged, which is told, and the server works")
        func damaged() throws {
            let folder = try ScratchFolder(["state/counts.sqlite": String(repeating: "no database ", count: 100)])
            let told = Mutex<[Incident]>([])
            let states = PluginStates { incident in told.withLock { $0.append(incident) } }
            states.keep(in: "\(folder.path)/state")
            let state = states.state(of: "counts")
            #expect(state["k"] == nil)
            state.set("v", for: "k", during: .seconds(60))
            for name in ["../counts", "", "Zähler", String(repeating: "x", count: 100)] {
                states.state(of: name).set(name, for: "k", during: .seconds(60))
            }
            states.close()
            #expect(told.withLock { $0.map(\.message) } == ["What a plugin keeps can't be kept"])
            let files = try FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/state")
            #expect(files.count { $0.hasSuffix(".sqlite") } == 5 && files.contains("counts.sqlite.damaged"), "\(files)")
            let again = PluginStates()
            again.keep(in: "\(folder.path)/state")
            #expect(again.state(of: "counts")["k"] == "v" && again.state(of: "../counts")["k"] == "../counts")
            again.close()
        }
    }
}
