import FoundationEssentials
import Plugins
import RespondersTesting
import Testing

@testable import Server

@Suite("claude-chat plugins check", .timeLimit(.minutes(2)))
struct PluginsCheckCommandTests {
    private static let examples = "\(#filePath.split(separator: "/Tests/").first ?? "")/Examples"

    @Test(
        "finds nothing wrong with the examples in the repository",
        arguments: [["python3", "python-plugin/returns.py"], ["sh", "shell-plugin/plugin.sh"]]
    )
    func examples(command: [String]) async throws {
        let arguments = ["plugins", "check", "--patience", "20", "--say", "return A-17", "--"]
        let run = try await CommandRun(arguments + [command[0], "\(Self.examples)/\(command[1])"])
        #expect(run.status == 0, "\(run.output)\(run.complaint)")
        #expect(run.output.split(separator: "\n").count == 19)
        #expect(run.output.hasSuffix("\nall cases are fine\n"))
    }

    @Test("says what is wrong in one line, with what was sent and what came back, and ends with status 1")
    func fault() async throws {
        let program = """
            import json, sys
            for line in sys.stdin:
                try:
                    frame = json.loads(line)
                except ValueError:
                    continue
                if frame["type"] == "hello":
                    print('{"type":"ready","protocol":1,"name":"x","stages":["answer"]}', flush=True)
                elif frame["type"] == "ping":
                    print('{"type":"pong","n":0}', flush=True)
                elif frame["type"] == "turn":
                    print('{"type":"verdict","id":"%s","verdict":"pass"}' % frame["id"], flush=True)
            """
        let folder = try ScratchFolder(["program.py": program])
        let command = ["python3", "\(folder.path)/program.py"]
        let run = try await CommandRun(["plugins", "check", "--patience", "20", "--"] + command)
        _ = folder
        #expect(run.status == 1)
        #expect(
            run.output.contains(
                """
                FAIL  ping: no pong with n 1; write {"type":"pong","n":1} [wrong-pong]
                      sent      {"type":"ping","n":1}
                      received  {"type":"pong","n":0}

                """
            ),
            "\(run.output)"
        )
        #expect(run.output.split(separator: "\n").count { $0.hasPrefix("FAIL") } == 1)
        #expect(run.output.hasSuffix("the plugin breaks the protocol\n"))
    }

    @Test(
        "says what is wrong with its own arguments",
        arguments: [
            (["plugins", "check"], "write the program behind --, the service behind --url, an entry behind --entry"),
            (["plugins", "check", "--url", "http://127.0.0.1:1/"], "--url needs --secret-env NAME"),
            (
                ["plugins", "check", "--", "no-such-program-anywhere"],
                #""no-such-program-anywhere" is not in the PATH"#
            ),
            (
                ["plugins", "check", "--url", "nothing", "--secret-env", "PATH"],
                #""nothing" can't be asked; write https://HOST/PATH"#
            ),
        ]
    )
    func mistakes(arguments: [String], complaint: String) async throws {
        let run = try await CommandRun(arguments)
        #expect(run.status == 2)
        #expect(run.complaint.contains(complaint), "\(run.complaint)")
    }
}
