import NIOCore
import Responders
import RespondersTesting
import Synchronization
import Testing

@testable import Plugins

/// Answers in the API's place, as a test says.
final class ScriptedClient: MessagesClient {
    typealias Body = AsyncThrowingStream<ByteBuffer, any Error>

    private struct State {
        var answers: [MessagesAnswer?]
        var asked = 0
        var watchers: [(count: Int, source: AsyncStream<Never>.Continuation)] = []
    }

    private let state: Mutex<State>

    /// - Parameter answers: One for each request; nothing means that there is none.
    init(_ answers: [MessagesAnswer?]) { self.state = Mutex(State(answers: answers)) }

    var asked: Int { self.state.withLock { $0.asked } }

    func send(_ body: [UInt8], within limit: Duration) async throws -> MessagesAnswer {
        let (answer, ready) = self.state.withLock { state in
            state.asked += 1
            let ready = state.watchers.filter { $0.count <= state.asked }
            return (state.answers.isEmpty ? nil : state.answers.removeFirst(), ready)
        }
        for watcher in ready { watcher.source.finish() }
        guard let answer else {
            let (never, source) = AsyncStream<Never>.makeStream()
            for await _ in never {}
            source.finish()
            throw CancellationError()
        }
        return answer
    }

    func close() async {}

    /// Waits until so many requests have come.
    func asked(atLeast count: Int) async {
        let (end, source) = AsyncStream<Never>.makeStream()
        self.state.withLock { state in
            if state.asked >= count { source.finish() } else { state.watchers.append((count, source)) }
        }
        for await _ in end {}
    }

    static func stream(_ body: Body) -> MessagesAnswer {
        MessagesAnswer(status: 200, contentType: "text/event-stream", headers: ["request-id": "req_1"], body: body)
    }

    static func whole(_ text: String) -> MessagesAnswer {
        self.stream(
            Body { source in
                source.yield(ByteBuffer(string: text))
                source.finish()
            }
        )
    }
}

@Suite("claude: time limits of a call", .timeLimit(.minutes(1)))
struct MessagesCallTests {
    private let clock = ManualClock()
    private static let request = MessagesRequest(model: "m", maxTokens: 64, system: "", messages: [])
    private static let good = StreamSample.start + StreamSample.text("Hello") + StreamSample.end()

    /// Makes a call in a task of its own.
    private func call(
        _ client: ScriptedClient,
        retries: Int = 2
    ) -> Task<(Result<MessagesResponse, CallFailure>, CallRecord), Never> {
        let call = MessagesCall(
            client: client,
            clock: TurnClock(self.clock),
            policy: RetryPolicy(retries: retries, random: { 0 }, wallClock: { 0 }),
            firstChunk: .seconds(5),
            nextChunk: .seconds(10)
        )
        return Task {
            var record = CallRecord(number: 1, model: "m")
            do throws(CallFailure) {
                let response = try await call.response(to: Self.request, until: .seconds(30), record: &record) { _ in }
                return (.success(response), record)
            } catch {
                return (.failure(error), record)
            }
        }
    }

    @Test("without a word within first_chunk it is tried again at once")
    func firstChunk() async throws {
        let client = ScriptedClient([nil, ScriptedClient.whole(Self.good)])
        let call = self.call(client)
        await client.asked(atLeast: 1)
        await self.clock.sleepers(atLeast: 1)
        self.clock.advance(by: .seconds(5))
        let (result, record) = await call.value
        #expect(try result.get().text == "Hello")
        #expect(record.retries == [.init(code: "timeout", pause: .zero)])
    }

    @Test("thinking is no word, though the stream lives")
    func thinking() async throws {
        let (body, source) = ScriptedClient.Body.makeStream()
        let client = ScriptedClient([ScriptedClient.stream(body)])
        let call = self.call(client, retries: 0)
        source.yield(
            ByteBuffer(
                string: StreamSample.start + StreamSample.block(0, #""type":"thinking","thinking":"","signature":"""#)
            )
        )
        await client.asked(atLeast: 1)
        await self.clock.sleepers(atLeast: 1)
        self.clock.advance(by: .seconds(5))
        let (result, record) = await call.value
        guard case .failure(.late) = result else { return #expect(Bool(false)) }
        #expect(record.failure == "timeout")
        source.finish()
    }

    @Test("behind the first word every event counts, and silence ends it without another attempt")
    func nextChunk() async throws {
        let (body, source) = ScriptedClient.Body.makeStream()
        let client = ScriptedClient([ScriptedClient.stream(body), ScriptedClient.whole(Self.good)])
        let (seen, told) = AsyncStream<StreamEvent>.makeStream()
        let messages = MessagesCall(
            client: client,
            clock: TurnClock(self.clock),
            policy: RetryPolicy(retries: 2, random: { 0 }, wallClock: { 0 }),
            firstChunk: .seconds(5),
            nextChunk: .seconds(10)
        )
        let call = Task {
            var record = CallRecord(number: 1, model: "m")
            do throws(CallFailure) {
                _ = try await messages.response(to: Self.request, until: .seconds(300), record: &record) {
                    told.yield($0)
                }
                return "answered"
            } catch {
                return error.code
            }
        }
        var events = seen.makeAsyncIterator()
        source.yield(ByteBuffer(string: StreamSample.start + StreamSample.block(0, #""type":"text","text":"Hi""#)))
        while await events.next() != .text("Hi") {}
        for _ in 1...3 {
            await self.clock.sleepers(atLeast: 1)
            self.clock.advance(by: .seconds(9))
            source.yield(ByteBuffer(string: StreamSample.event("ping")))
            while await events.next() != .alive {}
        }
        await self.clock.sleepers(atLeast: 1)
        self.clock.advance(by: .seconds(10))
        #expect(await call.value == "timeout")
        #expect(client.asked == 1)
        source.finish()
    }

    @Test("waits as the API says before it tries again, and not at all where the turn is over by then")
    func waits() async throws {
        func refused(_ seconds: Int) -> MessagesAnswer {
            MessagesAnswer(
                status: 529,
                contentType: "text/html",
                headers: ["retry-after": "\(seconds)"],
                body: ScriptedClient.Body { $0.finish() }
            )
        }
        let client = ScriptedClient([refused(7), ScriptedClient.whole(Self.good)])
        let call = self.call(client)
        await client.asked(atLeast: 1)
        // The watch of the attempt may still be there.
        while client.asked < 2 {
            await self.clock.sleepers(atLeast: 1)
            self.clock.advance(by: .seconds(1))
        }
        let (result, record) = await call.value
        #expect(try result.get().text == "Hello")
        #expect(record.retries.map(\.pause) == [.seconds(7)])
        let late = ScriptedClient([refused(31)])
        let (ending, second) = await self.call(late).value
        guard case .failure(.refused) = ending else { return #expect(Bool(false)) }
        #expect(second.retries.isEmpty)
        #expect(late.asked == 1)
    }

    @Test("a response is whole with its last event, though the server doesn't end its body")
    func openEnd() async throws {
        let (body, source) = ScriptedClient.Body.makeStream()
        let client = ScriptedClient([ScriptedClient.stream(body)])
        let call = self.call(client)
        source.yield(ByteBuffer(string: Self.good))
        let ended = Task { await call.value }
        // However far the call has come, time goes on.
        let moving = Task {
            while !Task.isCancelled {
                await self.clock.sleepers(atLeast: 1)
                self.clock.advance(by: .milliseconds(100))
            }
        }
        let (result, _) = await ended.value
        moving.cancel()
        #expect((try? result.get().text) == "Hello")
        source.finish()
    }
}
