import Plugins
import Responders
import RespondersTesting
import Testing

@testable import Server

/// The files that come with the product, as they are.
@Suite("shipped configuration")
struct ShippedConfigurationTests {
    /// This file is `Tests/ServerTests/Configuration/NAME`.
    private static let root = String(#filePath.split(separator: "/").dropLast(4).map { "/\($0)" }.joined())

    /// Loaded once for all tests of the suite: the rules take a while.
    private static let loaded = Result {
        try Configuration.load(file: "\(Self.root)/claude-chat.yaml", registry: .builtin(), clock: .immediate)
    }

    private func configuration() throws -> Configuration { try Self.loaded.get() }

    @Test("starts on this machine, with the chains demo and rules-only, and without a warning")
    func loads() throws {
        let configuration = try self.configuration()
        #expect(configuration.listen == ListenAddress(host: "127.0.0.1", port: 8080))
        #expect(configuration.chainNames == ["demo", "rules-only"])
        #expect(configuration.warnings.isEmpty, "\(configuration.warnings)")
    }

    @Test(
        "GT3: knows what a sentence is about, whatever other words are in it",
        arguments: [
            ("This dropdown is showing IDs instead of names", "ui/"),
            ("Can you change the color of this button?", "style/"),
            ("they said it is slow", "performance/"),
            ("the login fails", "bugs/"),
            ("hello", "greetings/"),
        ],
        ["demo", "rules-only"]
    )
    func sentences(sentence: (text: String, file: String), chain: String) async throws {
        let chain = try #require(try self.configuration().chain(named: chain))
        var desk = ChainDesk(chain)
        let result = try await desk.say(sentence.text)
        try result.expectOutcome(.answered).expectExactlyOne()
        let rule = result.steps.first?.explanation?.decisive?.name
        #expect(result.responder == "rules")
        #expect(rule?.hasPrefix(sentence.file) == true, "\(rule ?? "no rule")")
    }

    @Test(
        "has answers in Claude's place for what the rules leave open",
        arguments: [
            "How do I get a refund?", "What does it cost?", "Are you open on Sunday?", "Where is my parcel?",
            "How do I change my password?", "How do I cancel my plan?", "Is there an API?", "tell me a joke",
        ]
    )
    func stub(text: String) async throws {
        var desk = ChainDesk(try #require(try self.configuration().chain(named: "demo")))
        let result = try await desk.say(text)
        try result.expectOutcome(.answered).expectExactlyOne()
        #expect(result.responder == "claude-stub")
    }

    @Test("asks for other words where nobody knows an answer, and promises nothing")
    func fallback() async throws {
        var desk = ChainDesk(try #require(try self.configuration().chain()))
        try await desk.say("What is the airspeed of an unladen swallow")
            .expectReply(
                "I have no answer to that yet. Please ask in other words, or tell me what you did and what happened.",
                from: "fallback"
            )
            .expectOutcome(.fellBack)
    }
}

extension TurnClock {
    /// Waits for nothing that is short, and for a time limit forever.
    fileprivate static let immediate = TurnClock(ImmediateClock())
}

/// A clock on which an answer's delay is over at once.
///
/// Time limits are longer and never come.
private struct ImmediateClock: Clock {
    struct Instant: InstantProtocol {
        var offset: Duration

        func advanced(by duration: Duration) -> Instant { Instant(offset: self.offset + duration) }
        func duration(to other: Instant) -> Duration { other.offset - self.offset }
        static func < (left: Instant, right: Instant) -> Bool { left.offset < right.offset }
    }

    var now: Instant { Instant(offset: .zero) }
    var minimumResolution: Duration { .zero }

    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        guard deadline.offset > .seconds(1) else { return }
        let (never, _) = AsyncStream<Never>.makeStream()
        for await _ in never {}
        throw CancellationError()
    }
}
