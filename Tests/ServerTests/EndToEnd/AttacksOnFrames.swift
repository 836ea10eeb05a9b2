import Hub
import Messages
import Testing
import Transport

@Suite("frames that break RFC 6455 or its limits", .timeLimit(.minutes(3)))
struct AttacksOnFrames {
    /// Bytes that end the connection, and the code that says why.
    struct Violation: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let bytes: [UInt8]
        let code: Int

        init(_ what: String, _ bytes: [UInt8], _ code: Int) {
            (self.testDescription, self.bytes, self.code) = (what, bytes, code)
        }
    }

    /// A frame under a mask of zeros, with a payload of at most 125 bytes.
    private static func frame(_ first: UInt8, _ payload: [UInt8] = []) -> [UInt8] {
        [first, 0x80 | UInt8(payload.count), 0, 0, 0, 0] + payload
    }

    /// A text frame of any length.
    private static func long(_ first: UInt8, _ count: Int) -> [UInt8] {
        [first, 0xFE, UInt8(count >> 8), UInt8(count & 0xFF), 0, 0, 0, 0] + [UInt8](repeating: 0x61, count: count)
    }

    private static func close(_ code: UInt16) -> [UInt8] { self.frame(0x88, [UInt8(code >> 8), UInt8(code & 0xFF)]) }

    private static let headers: [Violation] =
        [
            Violation("E2: an unmasked text", [0x81, 0x02, 0x68, 0x69], 1002),
            Violation("E2: an unmasked ping", [0x89, 0x00], 1002),
            Violation("E2: a continuation without a start", frame(0x80), 1002),
            Violation("E2: a text inside of a text", frame(0x01, [0x61]) + frame(0x81, [0x61]), 1002),
            Violation("E2: a binary frame", frame(0x82, [1]), 1003),
        ]
        + [0xC1, 0xA1, 0x91, 0xF1, 0xC9, 0xC8].map { Violation("E2: reserved bits, \($0)", frame($0), 1002) }
        + [3, 4, 5, 6, 7, 0xB, 0xC, 0xD, 0xE, 0xF].map { Violation("E2: opcode \($0)", frame(0x80 | $0), 1002) }

    private static let controls: [Violation] =
        [
            Violation("E3: a fragmented ping", frame(0x09), 1002),
            Violation("E3: a fragmented close", frame(0x08), 1002),
            Violation("E3: a ping of 126 bytes", long(0x89, 126), 1002),
            Violation("E3: a pong of 16 KB", [0x8A, 0xFE, 0x40, 0, 0, 0, 0, 0], 1002),
            Violation("E3: a close of 126 bytes", long(0x88, 126), 1002),
            Violation("E3: a close of one byte", frame(0x88, [3]), 1002),
            Violation("E3: a close whose reason is not UTF-8", frame(0x88, [0x03, 0xE8, 0xFF]), 1007),
        ]
        + [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535].map {
            Violation("E3: close code \($0)", close($0), 1002)
        }

    private static let texts: [Violation] = [
        Violation("E4: a byte that is never UTF-8", frame(0x81, [0x61, 0xFF]), 1007),
        Violation("E4: bad UTF-8 in a frame that isn't complete", [0x81, 0x80 | 100, 0, 0, 0, 0, 0x61, 0xFF], 1007),
        Violation("E4: an overlong form", frame(0x81, [0xC0, 0xAF]), 1007),
        Violation("E4: half of a surrogate pair", frame(0x81, [0xED, 0xA0, 0x80]), 1007),
        Violation("E4: beyond U+10FFFF", frame(0x81, [0xF4, 0x90, 0x80, 0x80]), 1007),
        Violation("E4: half a character at the end", frame(0x81, [0xE2, 0x82]), 1007),
        Violation("E4: a character broken by fragments", frame(0x01, [0xE2, 0x82]) + frame(0x80, [0x61]), 1007),
        Violation("E4: a character that fragments never end", frame(0x01, [0xE2]) + frame(0x00) + frame(0x80), 1007),
        Violation("E5 GT12: a declared length of 32,769", [0x81, 0xFE, 0x80, 0x01], 1009),
        Violation("E5: a declared length of 64 MiB", [0x81, 0xFF, 0, 0, 0, 0, 0x04, 0, 0, 0], 1009),
        Violation("E5: a declared length of 2^62", [0x81, 0xFF, 0x40, 0, 0, 0, 0, 0, 0, 0], 1009),
        Violation("E5: a declared length with the top bit", [0x81, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0], 1002),
        Violation(
            "E6: fragments of more than 32,768 bytes",
            long(0x01, 16_384) + long(0x00, 16_384) + frame(0x00, [0x61]),
            1009
        ),
        Violation("E6: a last fragment that declares too much", long(0x01, 32_768) + [0x80, 0xFE, 0x00, 0x7E], 1009),
    ]

    @Test(
        "E2 E3 E4 E5 E6 GT12: the connection is closed with the code that says why, and another session goes on",
        arguments: headers + controls + texts,
        [1, 4_096]
    )
    func violation(_ violation: Violation, bytesAtOnce: Int) async throws {
        // One byte at a time shows that the verdict doesn't depend on how the bytes arrive.
        guard violation.bytes.count < 200 || bytesAtOnce > 1 else { return }
        try await RunningServer.run { server in
            try await TestSocket.open("/ws/chat?session=good", port: server.port) { good in
                try await TestSocket.open("/ws/chat?session=bad", port: server.port) { bad in
                    for start in stride(from: 0, to: violation.bytes.count, by: bytesAtOnce) {
                        // The server may have closed before the last byte.
                        try? await bad.write(Array(violation.bytes[start...].prefix(bytesAtOnce)))
                    }
                    let code = try await bad.closeCode()
                    #expect(code == violation.code)
                }
                try await good.send(#"{"type":"user","message":"hello","id":"m1"}"#)
                #expect(try await good.next("claude")["id"]?.text == "re:m1")
            }
        }
    }

    @Test("E7: a ping between two fragments is answered, and the message is whole")
    func pingInside() async throws {
        try await RunningServer.run { server in
            try await TestSocket.open("/ws/chat?session=s", port: server.port) { socket in
                _ = try await socket.next()
                try await socket.send(0x1, Array(#"{"type":"user","mess"#.utf8), isFinal: false)
                try await socket.send(0x9, Array("are you there?".utf8))
                #expect(try await socket.nextFrame() == .init(opcode: 0xA, payload: Array("are you there?".utf8)))
                try await socket.send(0x0, Array(#"age":"hello","id":"m1"}"#.utf8))
                #expect(try await socket.next("claude")["id"]?.text == "re:m1")
            }
        }
    }

    @Test("E7: what follows a close frame is read by nobody")
    func afterClose() async throws {
        try await RunningServer.run { server in
            try await TestSocket.open("/ws/chat?session=s", port: server.port) { socket in
                _ = try await socket.next()
                let late = Array(#"{"type":"user","message":"late","id":"m1"}"#.utf8)
                try await socket.write(Self.close(1000) + Self.frame(0x81, late))
                #expect(try await socket.nextFrame() == .init(opcode: 0x8, payload: [0x03, 0xE8]))
                #expect(try await socket.nextFrame() == nil)
            }
            let poll = try await TestRequest.get("/api/chat/poll?session=s&client=c&wait=0").send(port: server.port)
            #expect(!poll.text.contains("late"))
        }
    }

    @Test(
        "E9: a client that goes without a word, or in the middle of a frame, leaves its place",
        arguments: [[], [0x81, 0xFE, 0x10]]
    )
    func gone(last: [UInt8]) async throws {
        try await RunningServer.run(options: .init(messageRate: nil, connectionsPerRoom: 1)) { server in
            for index in 0..<20 {
                while true {
                    let isIn = try await TestSocket.connect(port: server.port) { socket in
                        try await socket.write(
                            TestSocket.handshake("/ws/chat?session=s", ["Sec-WebSocket-Protocol: chat.v1"])
                        )
                        try await socket.readHead()
                        guard socket.head.hasPrefix("HTTP/1.1 101 ") else { return false }
                        // Every second one leaves without having read what was sent to it: a reset.
                        if index % 2 == 0 { _ = try await socket.next() }
                        if !last.isEmpty { try await socket.write(last) }
                        return true
                    }
                    if isIn { break }
                }
            }
        }
    }

    @Test("E10: compression that is offered is not agreed on, and a compressed frame is refused")
    func deflate() async throws {
        try await RunningServer.run { server in
            try await TestSocket.connect(port: server.port) { socket in
                let offer = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"
                let headers = ["Sec-WebSocket-Protocol: chat.v1", offer]
                try await socket.write(TestSocket.handshake("/ws/chat?session=s", headers))
                try await socket.readHead()
                #expect(socket.head.hasPrefix("HTTP/1.1 101 "))
                #expect(!socket.head.lowercased().contains("sec-websocket-extensions"))
                try await socket.write(Self.frame(0xC1, [0xAA, 0x56, 0x2A, 0x2D, 0x4E, 0x02, 0x00]))
                #expect(try await socket.closeCode() == 1002)
            }
        }
    }
}
