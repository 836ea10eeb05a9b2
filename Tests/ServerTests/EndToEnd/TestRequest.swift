import Foundation

/// One HTTP request on a connection of its own, by bytes.
struct TestRequest: Sendable {
    var method = "GET"
    var target: String
    var headers: [String] = []
    var body: [UInt8] = []
    var host = "127.0.0.1"

    /// What came back.
    struct Answer: Sendable {
        var status: Int
        var head: String
        var body: [UInt8]
        /// The members of the body that are text, number or truth value, where it is an object.
        var json: [String: TestSocket.Value] {
            (try? JSONDecoder().decode([String: TestSocket.Value].self, from: Data(self.body))) ?? [:]
        }
        var text: String { String(decoding: self.body, as: UTF8.self) }
    }

    static func get(_ target: String, _ headers: [String] = []) -> TestRequest {
        TestRequest(target: target, headers: headers)
    }

    static func post(_ target: String, _ body: String, _ headers: [String] = []) -> TestRequest {
        let type = ["Content-Type: application/json"]
        return TestRequest(method: "POST", target: target, headers: type + headers, body: Array(body.utf8))
    }

    static func patch(_ target: String, _ body: String, _ headers: [String] = []) -> TestRequest {
        var request = TestRequest.post(target, body, headers)
        request.method = "PATCH"
        return request
    }

    func send(port: Int) async throws -> Answer {
        try await TestSocket.connect(port: port) { socket in
            try await self.write(to: socket)
            return try await Self.answer(from: socket)
        }
    }

    /// Writes the request; the connection is to be closed after the answer.
    func write(to socket: TestSocket) async throws {
        let length = self.method == "POST" || !self.body.isEmpty ? ["Content-Length: \(self.body.count)"] : []
        let lines = ["\(self.method) \(self.target) HTTP/1.1", "Host: \(self.host)", "Connection: close"]
        let head = (lines + self.headers + length + ["", ""]).joined(separator: "\r\n")
        // At once: a server that refuses by the head alone may have answered and closed before a second write.
        try await socket.write(Array(head.utf8) + self.body)
    }

    static func answer(from socket: TestSocket) async throws -> Answer {
        try await socket.readHead()
        let status = socket.head.split(separator: " ").dropFirst().first.flatMap { Int($0) }
        // A WebSocket and a stream of events go on instead of ending.
        let isOpen = status == 101 || socket.head.contains("text/event-stream")
        let body = isOpen ? [] : try await socket.readToEnd()
        return Answer(status: status ?? 0, head: socket.head, body: body)
    }
}
