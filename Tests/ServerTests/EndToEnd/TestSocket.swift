import Foundation
import NIOCore
import NIOPosix
import NIOSSL

/// A WebSocket client over a plain TCP connection, that shares no code with the server.
final class TestSocket {
    private var input: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    private let output: NIOAsyncChannelOutboundWriter<ByteBuffer>
    private var received: [UInt8] = []
    /// Whether pings are answered without the test seeing them, as a browser does.
    var answersPings = false
    /// The head of the answer to the handshake, or of any other answer.
    private(set) var head = ""

    private init(
        _ inbound: NIOAsyncChannelInboundStream<ByteBuffer>,
        _ output: NIOAsyncChannelOutboundWriter<ByteBuffer>
    ) {
        self.input = inbound.makeAsyncIterator()
        self.output = output
    }

    /// The connection ended, or something came that the test didn't expect.
    struct Unexpected: Error { var what: String }

    struct Frame: Equatable {
        var opcode: UInt8
        var payload: [UInt8]

        /// Whether it says who is there or who writes.
        fileprivate var isPassing: Bool {
            self.payload.starts(with: #"{"type":"presence","#.utf8)
                || self.payload.starts(with: #"{"type":"typing","#.utf8)
        }
    }

    /// Opens a TCP connection while `body` runs.
    ///
    /// - Parameters:
    ///   - port: Where the server listens.
    ///   - certificate: The file of the certificate that the server has to show; nothing for a connection without TLS.
    ///   - receiveBytes: How much the system keeps for a client that doesn't read; its own choice where it is left out.
    ///   - body: The test.
    /// - Returns: What the test returns.
    /// - Throws: What the test throws, or that there is no connection.
    static func connect<R: Sendable>(
        port: Int,
        trusting certificate: String? = nil,
        receiveBytes: Int? = nil,
        _ body: (TestSocket) async throws -> R
    ) async throws -> R {
        let tls = try certificate.map { file in
            var configuration = TLSConfiguration.makeClientConfiguration()
            configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(file))
            return try NIOSSLContext(configuration: configuration)
        }
        var bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        if let receiveBytes {
            bootstrap = bootstrap.channelOption(.socketOption(.so_rcvbuf), value: .init(receiveBytes))
        }
        let channel =
            try await bootstrap
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls {
                        let handler = try NIOSSLClientHandler(context: tls, serverHostname: "localhost")
                        try channel.pipeline.syncOperations.addHandler(handler)
                    }
                    return try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            try await body(TestSocket(inbound, outbound))
        }
    }

    /// Opens a WebSocket while `body` runs.
    static func open<R: Sendable>(
        _ target: String,
        port: Int,
        isSeed: Bool = false,
        trusting certificate: String? = nil,
        _ body: (TestSocket) async throws -> R
    ) async throws -> R {
        try await self.connect(port: port, trusting: certificate) { socket in
            try await socket.write(Self.handshake(target, isSeed ? [] : ["Sec-WebSocket-Protocol: chat.v1"]))
            try await socket.readHead()
            guard socket.head.hasPrefix("HTTP/1.1 101 ") else { throw Unexpected(what: socket.head) }
            socket.answersPings = isSeed
            return try await body(socket)
        }
    }

    /// A handshake with the headers that every client sends, and more.
    static func handshake(_ target: String, _ headers: [String] = []) -> String {
        let lines = [
            "GET \(target) HTTP/1.1", "Host: 127.0.0.1", "Upgrade: websocket", "Connection: Upgrade",
            "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        ]
        return (lines + headers + ["", ""]).joined(separator: "\r\n")
    }

    func write(_ text: String) async throws { try await self.write(Array(text.utf8)) }

    func write(_ bytes: [UInt8]) async throws { try await self.output.write(ByteBuffer(bytes: bytes)) }

    /// Reads up to the empty line that ends an HTTP head.
    func readHead() async throws {
        let end = Array("\r\n\r\n".utf8)
        while true {
            if let range = self.received.firstRange(of: end) {
                self.head = String(decoding: self.received[..<range.upperBound], as: UTF8.self)
                self.received.removeSubrange(..<range.upperBound)
                return
            }
            guard try await self.readMore() else { throw Unexpected(what: "end of the connection") }
        }
    }

    private func readMore() async throws -> Bool {
        guard let buffer = try await self.input.next() else { return false }
        self.received.append(contentsOf: buffer.readableBytesView)
        return true
    }

    /// Reads a body whose length is known.
    func skip(_ count: Int) async throws {
        while self.received.count < count {
            guard try await self.readMore() else { throw Unexpected(what: "end of the connection") }
        }
        self.received.removeFirst(count)
    }

    /// Takes a body whose length is known.
    func body(_ count: Int) async throws -> [UInt8] {
        while self.received.count < count {
            guard try await self.readMore() else { throw Unexpected(what: "end of the connection") }
        }
        defer { self.received.removeFirst(count) }
        return Array(self.received.prefix(count))
    }

    /// The next chunk of a body that comes in chunks (RFC 9112 section 7.1); nothing at its end.
    func chunk() async throws -> [UInt8]? {
        while true {
            if let end = self.received.firstRange(of: Array("\r\n".utf8)) {
                let size = String(decoding: self.received[..<end.lowerBound], as: UTF8.self)
                guard let count = Int(size, radix: 16) else { throw Unexpected(what: "no chunk: \(size)") }
                self.received.removeSubrange(..<end.upperBound)
                let chunk = try await self.body(count + 2).dropLast(2)
                return count == 0 ? nil : Array(chunk)
            }
            guard try await self.readMore() else { return nil }
        }
    }

    /// Everything until the server ends the connection.
    func readToEnd() async throws -> [UInt8] {
        while try await self.readMore() {}
        return self.received
    }

    func send(_ text: String) async throws { try await self.send(0x1, Array(text.utf8)) }

    /// Sends a whole frame, masked.
    ///
    /// - Parameters:
    ///   - opcode: Its kind.
    ///   - payload: What it says.
    ///   - isFinal: Whether it ends its message.
    ///   - times: How often it is sent, all at once: a server that has enough may close before a second write.
    /// - Throws: That the connection is closed.
    func send(_ opcode: UInt8, _ payload: [UInt8], isFinal: Bool = true, times: Int = 1) async throws {
        let mask: [UInt8] = [0x12, 0x34, 0x56, 0x78]
        var frame: [UInt8] = [(isFinal ? 0x80 : 0) | opcode]
        switch payload.count {
        case ...125: frame.append(0x80 | UInt8(payload.count))
        case ...0xFFFF: frame += [0x80 | 126, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)]
        default: frame += [0x80 | 127] + (0..<8).reversed().map { UInt8(payload.count >> ($0 * 8) & 0xFF) }
        }
        frame += mask
        frame += payload.enumerated().map { $1 ^ mask[$0 % 4] }
        try await self.write(Array(repeatElement(frame, count: times).joined()))
    }

    /// The next frame of any kind; nothing at the end of the connection.
    ///
    /// - Parameter passing: Whether frames `presence` and `typing` count; they come when they like.
    /// - Returns: The frame.
    /// - Throws: What the connection says.
    func nextFrame(withPassing passing: Bool = false) async throws -> Frame? {
        while true {
            if let frame = self.takeFrame() {
                if frame.opcode == 0x9, self.answersPings {
                    try await self.send(0xA, frame.payload)
                    continue
                }
                if passing || !frame.isPassing { return frame }
                continue
            }
            guard try await self.readMore() else { return nil }
        }
    }

    private func takeFrame() -> Frame? {
        guard self.received.count >= 2 else { return nil }
        var start = 2
        var length = Int(self.received[1] & 0x7F)
        if length > 125 {
            let bytes = length == 126 ? 2 : 8
            guard self.received.count >= 2 + bytes else { return nil }
            length = self.received[2..<2 + bytes].reduce(0) { $0 << 8 | Int($1) }
            start += bytes
        }
        guard self.received.count >= start + length else { return nil }
        let frame = Frame(opcode: self.received[0] & 0x0F, payload: Array(self.received[start..<start + length]))
        self.received.removeSubrange(..<(start + length))
        return frame
    }

    /// The next text frame, read as JSON.
    ///
    /// Whole numbers, texts and booleans only.
    ///
    /// - Parameter passing: Whether frames `presence` and `typing` count; they come when they like.
    /// - Returns: The frame.
    /// - Throws: That there is none.
    func next(withPassing passing: Bool = false) async throws -> [String: Value] {
        guard let frame = try await self.nextFrame(withPassing: passing), frame.opcode == 0x1 else {
            throw Unexpected(what: "no text frame")
        }
        return try JSONDecoder().decode([String: Value].self, from: Data(frame.payload))
    }

    /// The next frame of this `type`; others are dropped.
    func next(_ type: String) async throws -> [String: Value] {
        while true {
            let frame = try await self.next(withPassing: type == "presence" || type == "typing")
            if frame["type"]?.text == type { return frame }
        }
    }

    /// The code with which the server closes; frames before it are dropped.
    func closeCode() async throws -> Int? {
        while let frame = try await self.nextFrame() {
            guard frame.opcode == 0x8 else { continue }
            return frame.payload.prefix(2).reduce(0) { $0 << 8 | Int($1) }
        }
        return nil
    }

    /// A value of a frame; `other` is `null`.
    enum Value: Decodable, Equatable, Sendable {
        case text(String), number(Int), flag(Bool), list([Value]), object([String: Value]), other

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let text = try? container.decode(String.self) {
                self = .text(text)
            } else if let flag = try? container.decode(Bool.self) {
                self = .flag(flag)
            } else if let number = try? container.decode(Int.self) {
                self = .number(number)
            } else if let list = try? container.decode([Value].self) {
                self = .list(list)
            } else if let object = try? container.decode([String: Value].self) {
                self = .object(object)
            } else {
                self = .other
            }
        }

        var text: String? { if case .text(let text) = self { text } else { nil } }
        var number: Int? { if case .number(let number) = self { number } else { nil } }
        var flag: Bool? { if case .flag(let flag) = self { flag } else { nil } }
        var list: [Value]? { if case .list(let list) = self { list } else { nil } }
        var object: [String: Value]? { if case .object(let object) = self { object } else { nil } }
    }
}
