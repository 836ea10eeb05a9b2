import NIOCore
import NIOEmbedded
import Testing

@testable import Server

@Suite("changes of files")
struct QuietTimerTests {
    @Test("are told of once, when it has been quiet for a tenth of a second")
    func quiet() async throws {
        let (changes, announce) = AsyncStream<Void>.makeStream()
        let channel = EmbeddedChannel(handler: QuietTimer(announce))
        let loop = channel.embeddedEventLoop
        for _ in 0..<20 {
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
