import Foundation
import Messages
import Responders
import RespondersTesting
import Testing

@testable import Plugins

/// A web service on loopback that is a Python program.
enum PythonService {
    /// `handle(request)` is the tests' to define; each request is noted in the file `requests`, one JSON object a line.
    private static let prelude = """
        import hashlib, hmac, http.server, json, os, sys, threading, time, urllib.parse
        count = 0
        log = open("requests", "a")
        class Request(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            def log_message(self, *arguments): pass
            def answer(self, status, body=b"", kind="application/json", **headers):
                body = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                for name, value in headers.items(): self.send_header(name.replace("_", "-"), value)
                self.end_headers()
                self.wfile.write(body)
            def take(self):
                global count
                count += 1
                self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                try: self.json = json.loads(self.body)
                except ValueError: self.json = None
                entry = {"method": self.command, "path": self.path, "headers": self.headers.items(),
                         "body": self.body.decode("utf-8", "replace")}
                log.write(json.dumps(entry) + "\\n")
                log.flush()
                handle(self)
            do_GET = do_POST = do_PUT = do_PATCH = take

        """

    private static let epilogue = """

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            def handle_error(self, *arguments): pass
        server = Server(("127.0.0.1", 0), Request)
        print(server.server_address[1], flush=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        sys.stdin.read()
        """

    struct Request: Decodable {
        var method: String
        var path: String
        var headers: [[String]]
        var body: String

        func header(_ name: String) -> String? { self.headers.first { $0[0].lowercased() == name.lowercased() }?[1] }
        func headers(_ name: String) -> [String] {
            self.headers.filter { $0[0].lowercased() == name.lowercased() }.map { $0[1] }
        }
        var json: JSONValue? {
            let bytes = Array(self.body.utf8)
            return bytes.withUnsafeBufferPointer { try? JSONValue(object: $0) }
        }
    }

    /// Runs a service while `body` does.
    ///
    /// - Parameters:
    ///   - service: The program, between prelude and epilogue.
    ///   - files: Further files of its folder, by their paths.
    ///   - body: The test; it gets the service's port and the folder in which it runs.
    /// - Throws: What the test throws.
    static func run(
        _ service: String,
        files: [String: String] = [:],
        _ body: @escaping @Sendable (Int, ScratchFolder) async throws -> Void
    ) async throws {
        let own = ["service.py": Self.prelude + service + Self.epilogue, "requests": ""]
        let folder = try ScratchFolder(files.merging(own) { $1 })
        let (lines, source) = AsyncStream<String>.makeStream()
        let services = PluginServices(baseFolder: folder.path)
        let child = ChildProcess(
            .init(
                executable: try ChildProcess.Command.executable("python3", services),
                arguments: ["service.py"],
                environment: services.environment.filter { $0.key == "PATH" },
                folder: folder.path
            )
        ) { event in
            switch event {
            case .line(let bytes): source.yield(String(decoding: bytes, as: UTF8.self))
            case .complaint(let bytes): print("service:", String(decoding: bytes, as: UTF8.self))
            case .lineTooLong: break
            }
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                _ = await child.run()
                source.finish()
            }
            defer { child.stop() }
            for await line in lines {
                try await body(try #require(Int(line)), folder)
                break
            }
        }
    }

    /// What the service was asked so far.
    static func requests(in folder: ScratchFolder) throws -> [Request] {
        let text = try String(contentsOf: URL(fileURLWithPath: "\(folder.path)/requests"), encoding: .utf8)
        return try text.split(separator: "\n").map { try JSONDecoder().decode(Request.self, from: Data($0.utf8)) }
    }
}
