import Foundation
import Testing

@Suite("a server with a certificate", .timeLimit(.minutes(1)))
struct SecureTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("Certificate").path
    private static let files = (certificate: "\(folder)/certificate.pem", key: "\(folder)/key.pem")

    @Test("a message goes over wss and is answered, and the close code arrives")
    func chat() async throws {
        try await RunningServer.run(tls: Self.files) { server in
            let certificate = Self.files.certificate
            try await TestSocket.open("/ws/chat?session=s", port: server.port, trusting: certificate) { socket in
                #expect(try await socket.next()["event"]?.text == "welcome")
                try await socket.send(#"{"type":"user","message":"hello","id":"m1"}"#)
                #expect(try await socket.next("claude")["message"]?.text == "Hi! You are on /.")
                // A message of several TLS records.
                let long = String(repeating: "a", count: 16_384)
                try await socket.send(#"{"type":"user","message":"\#(long)","id":"m2"}"#)
                #expect(try await socket.next("ack")["id"]?.text == "m2")
                try await socket.send(0x2, [1])
                #expect(try await socket.closeCode() == 1003)
            }
        }
    }

    @Test("pages come over https")
    func pages() async throws {
        try await RunningServer.run(tls: Self.files) { server in
            try await TestSocket.connect(port: server.port, trusting: Self.files.certificate) { socket in
                try await socket.write("GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                #expect(String(decoding: try await socket.readToEnd(), as: UTF8.self).hasPrefix("HTTP/1.1 200 OK\r\n"))
            }
        }
    }

    @Test("a client that speaks without TLS gets no answer, and others go on")
    func plain() async throws {
        try await RunningServer.run(tls: Self.files) { server in
            try await TestSocket.connect(port: server.port) { socket in
                try await socket.write(TestSocket.handshake("/ws/chat?session=s"))
                let answer = try await socket.readToEnd()
                #expect(!answer.starts(with: "HTTP/".utf8))
            }
            let certificate = Self.files.certificate
            try await TestSocket.open("/ws/chat?session=s", port: server.port, trusting: certificate) { socket in
                let welcome = try await socket.next()
                #expect(welcome["event"]?.text == "welcome")
            }
        }
    }
}
