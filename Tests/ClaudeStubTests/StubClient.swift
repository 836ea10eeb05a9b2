import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import Plugins
import Testing

/// Asks a stub as any HTTP client does.
struct StubClient: Sendable {
    let port: Int

    struct Answer: Sendable {
        var status: Int
        var headers: [(String, String)]
        var body: [UInt8]

        func header(_ name: String) -> String? { self.headers.first { $0.0.lowercased() == name }?.1 }

        var json: JSONValue {
            get throws { try JSONValue(bytes: self.body) }
        }

        private var lines: [Substring] {
            String(decoding: self.body, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        }

        var eventNames: [String] { self.lines.filter { $0.hasPrefix("event: ") }.map { String($0.dropFirst(7)) } }

        /// The text of all deltas.
        var text: String {
            self.lines.filter { $0.hasPrefix("data: ") }.compactMap { line in
                guard let data = try? JSONValue(bytes: Array(line.dropFirst(6).utf8)),
                    case .text(let text)? = data["delta"]?["text"]
                else { return nil }
                return text
            }.joined()
        }
    }

    func say(
        _ text: String,
        isStreamed: Bool = true,
        maxTokens: Int = 1_024,
        with fields: String? = nil,
        headers: [String: String] = [:]
    ) async throws -> Answer {
        let quoted = String(decoding: JSONValue.text(text).bytes, as: UTF8.self)
        let more = fields.map { ",\($0)" } ?? ""
        let body = """
            {"model":"m","max_tokens":\(maxTokens),"stream":\(isStreamed),"messages":[{"role":"user","content":\(quoted)}]\(more)}
            """
        return try await self.post("/v1/messages", body, headers: headers)
    }

    @discardableResult
    func post(_ path: String, _ body: String = "", headers: [String: String] = [:]) async throws -> Answer {
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(self.port)\(path)")
        request.method = .POST
        request.body = .bytes(ByteBuffer(string: body))
        let usual = [
            "content-type": "application/json", "anthropic-version": "2026-10-21", "authorization": "Bearer key",
        ]
        for (name, value) in usual.merging(headers, uniquingKeysWith: { $1 }) where !value.isEmpty {
            request.headers.add(name: name, value: value)
        }
        return try await self.send(request)
    }

    func get(_ path: String) async throws -> Answer {
        try await self.send(HTTPClientRequest(url: "http://127.0.0.1:\(self.port)\(path)"))
    }

    private func send(_ request: HTTPClientRequest) async throws -> Answer {
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(60))
        let body = try await response.body.collect(upTo: 20_000_000)
        return Answer(
            status: Int(response.status.code),
            headers: response.headers.map { ($0.name, $0.value) },
            body: Array(body.readableBytesView)
        )
    }
}
