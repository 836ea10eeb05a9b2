import NIOCore
import NIOEmbedded
import Testing

@testable import Server

@Suite("changes of files")
struct QuietTimerTests {
    @Test("are told of twice a second where it is never quiet")
    func unrest() async throws {
        let (changes, announce) = AsyncStream<Void>.makeStream()
        let channel = EmbeddedChannel(handler: QuietTimer(announce))
        for _ in 0..<20 {
            try channel.writeInbound(ByteBuffer(bytes: [0]))
            channel.embeddedEventLoop.advanceTime(by: .milliseconds(50))
        }
        _ = try channel.finish()
        var count = 0
        for await _ in changes { count += 1 }
        #expect(count == 2)
    }

    @Test("are told of once, when it has been quiet for a tenth of a second")
    func quiet() async throws {
        let (changes, announce) = AsyncStream<Void>.makeStream()
        let channel = EmbeddedChannel(handler: QuietTimer(announce))
        let loop = channel.embeddedEventLoop
        for _ in 0..<4 {
            try channel.writeInbound(ByteBuffer(bytes: [0]))
            loop.advanceTime(by: .milliseconds(99))
        }
        try channel.writeInbound(ByteBuffer(bytes: [0]))
        loop.advanceTime(by: .milliseconds(100))
        _ = try channel.finish()
        var count = 0
        for await _ in changes { count += 1 }
        #expect(count == 1)
    }
}
