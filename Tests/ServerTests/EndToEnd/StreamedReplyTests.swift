import Hub
import Responders
import Testing

@testable import Server

@Suite("a streamed reply over the wire", .timeLimit(.minutes(1)))
struct StreamedReplyTests {
    /// Writes what a test sends, and ends with the whole of it.
    private struct Writer: Responder {
        let pieces: AsyncThrowingStream<String, any Error>

        func respond(to turn: Turn) async throws -> Verdict {
            guard turn.message.text != "hello" else { return .reply("Hi!") }
            return .stream(
                StreamedReply { output in
                    var text = ""
                    for try await piece in self.pieces {
                        try output.write(piece)
                        text += piece
                    }
                    return Reply(text, format: .plain)
                }
            )
        }
    }

    private struct Broken: Error, CustomStringConvertible {
        let description = "secret inner workings"
    }

    @Test("begins with its first piece, and its message and its end come behind the last one")
    func pieces() async throws {
        let (pieces, input) = AsyncThrowingStream<String, any Error>.makeStream()
        try await RunningServer.run([Writer(pieces: pieces)]) { server in
            try await TestSocket.open("/ws/chat?session=s", port: server.port) { socket in
                _ = try await socket.next()
                try await socket.send(#"{"type":"user","message":"where","id":"m1"}"#)
                _ = try await socket.next("ack")
                input.yield("Open ")
                let start = try await socket.next()
                #expect(start["type"]?.text == "reply.start")
                #expect(start["replyId"]?.text == "re:m1")
                #expect(start["inReplyTo"]?.text == "m1")
                let first = try await socket.next()
                #expect(first["type"]?.text == "reply.delta")
                #expect(first["index"]?.number == 0)
                #expect(first["text"]?.text == "Open ")
                input.yield("settings.")
                let second = try await socket.next()
                #expect(second["index"]?.number == 1)
                #expect(second["text"]?.text == "settings.")
                input.finish()
                let message = try await socket.next()
                #expect(message["type"]?.text == "claude")
                #expect(message["id"]?.text == "re:m1")
                #expect(message["message"]?.text == "Open settings.")
                let end = try await socket.next()
                #expect(end["type"]?.text == "reply.end")
                #expect(end["finish"]?.text == "complete")
                #expect(end["text"]?.text == "Open settings.")
                #expect(end["seq"]?.number == message["seq"]?.number)
            }
        }
    }

    @Test("ends when the visitor wants no more, and the next message is answered then")
    func stop() async throws {
        let (pieces, input) = AsyncThrowingStream<String, any Error>.makeStream()
        try await RunningServer.run([Writer(pieces: pieces)]) { server in
            try await TestSocket.open("/ws/chat?session=s", port: server.port) { socket in
                _ = try await socket.next()
                try await socket.send(#"{"type":"user","message":"where","id":"m1"}"#)
                input.yield("Open ")
                _ = try await socket.next("reply.delta")
                // It waits for the end of the reply that is under way.
                try await socket.send(#"{"type":"user","message":"hello","id":"m2"}"#)
                _ = try await socket.next("ack")
                try await socket.send(#"{"type":"stop","replyId":"re:m9"}"#)
                try await socket.send(#"{"type":"stop","replyId":"re:m1"}"#)
                let message = try await socket.next("claude")
                #expect(message["message"]?.text == "Open ")
                #expect(message["finish"]?.text == "stopped")
                let end = try await socket.next("reply.end")
                #expect(end["finish"]?.text == "stopped")
                let answer = try await socket.next("claude")
                #expect(answer["id"]?.text == "re:m2")
                #expect(answer["message"]?.text == "Hi!")
            }
        }
        input.finish()
    }

    @Test("that breaks off is kept as far as it came, without a word of the error")
    func brokenOff() async throws {
        let (pieces, input) = AsyncThrowingStream<String, any Error>.makeStream()
        try await RunningServer.run([Writer(pieces: pieces)]) { server in
            try await TestSocket.open("/ws/chat?session=s", port: server.port) { socket in
                _ = try await socket.next()
                input.yield("Open set")
                input.finish(throwing: Broken())
                try await socket.send(#"{"type":"user","message":"where","id":"m1"}"#)
                let message = try await socket.next("claude")
                #expect(message["message"]?.text == "Open set")
                #expect(message["finish"]?.text == "error")
                #expect(try await socket.next("reply.end")["finish"]?.text == "error")
                try await socket.send(#"{"type":"user","message":"hello","id":"m2"}"#)
                #expect(try await socket.next("claude")["message"]?.text == "Hi!")
            }
        }
    }

    @Test("comes to a client of the first form of the protocol as one message")
    func seed() async throws {
        let (pieces, input) = AsyncThrowingStream<String, any Error>.makeStream()
        try await RunningServer.run([Writer(pieces: pieces)]) { server in
            try await TestSocket.open("/ws/chat?session=s", port: server.port, isSeed: true) { socket in
                _ = try await socket.next()
                for piece in ["Open ", "settings."] { input.yield(piece) }
                input.finish()
                try await socket.send(#"{"type":"user","message":"where","id":"m1"}"#)
                #expect(try await socket.next()["type"]?.text == "user")
                let message = try await socket.next()
                #expect(message["type"]?.text == "claude")
                #expect(message["message"]?.text == "Open settings.")
            }
        }
    }
}
