import Foundation
import Messages
import Store

/// Makes a store as years of conversations leave it, through the same door as a server.
///
/// 1,000 conversations go on at a time, each of 20 messages: what a visitor writes opens a turn, and the answer ends it.
/// Words are drawn from ``Vocabulary``, so that a few are in most messages and most are in a few. One conversation is
/// ``longSession``, which gets every thousandth message; every tenth belongs to a visitor whom the site knows. The
/// messages are spread over one year, and as the records of their turns have gone by then, none are made.
enum FilledStore {
    static let longSession = "s_long"
    static let epoch = "abc123.def456"
    static let start: Int64 = 1_764_547_200_000
    private static let year: Int64 = 365 * 86_400_000
    private static let conversationMessages = 20

    static func make(_ path: String, _ count: Int) async throws {
        let begin = StoreTime.system.nanoseconds()
        // Transactions larger than a server's, for which nobody waits.
        let options = StoreOptions(path: path, queuedEntries: 200_000, queuedBytes: 256 << 20, batchEntries: 30_000)
        let store = try MessageStore.open(options, as: .server, time: .system)
        async let run: Void = store.run()
        var conversations = Conversations()
        var done = 0
        var earlier: Task<Bool, Never>?
        while done < count {
            let step = min(20_000, count - done)
            for index in done..<done + step {
                let time = Timestamp(
                    milliseconds: Self.start + Int64(Double(index) / Double(count) * Double(Self.year))
                )
                for entry in conversations.next(index, at: time) {
                    precondition(store.append(entry) == .queued)
                }
            }
            // The queue is bounded: the next step is made while this one is written, and no more.
            if let earlier, await !earlier.value { fatalError("nothing can be written") }
            earlier = Task { await store.flush() }
            done += step
            if done % 1_000_000 == 0 { print("\(done) messages after \(seconds(since: begin)) s") }
        }
        store.finish()
        await run
        store.close()
        print("\(count) messages in \(seconds(since: begin)) s")
    }

    /// The conversations that go on.
    private struct Conversations {
        private struct Conversation {
            var session: SessionID
            var top = 0
            var visitor: String?
            var open: String?
        }

        private var words = Vocabulary(seed: 1)
        private var begun = 0
        private var active: [Conversation] = []
        private var long = Conversation(session: FilledStore.session(FilledStore.longSession))

        init() { for _ in 0..<1_000 { self.active.append(self.begin()) } }

        private mutating func begin() -> Conversation {
            self.begun += 1
            let session = FilledStore.session("s_" + self.words.name(of: 22))
            return Conversation(session: session, visitor: self.begun % 10 == 0 ? "user-\(self.begun / 20)" : nil)
        }

        mutating func next(_ index: Int, at time: Timestamp) -> [StoreEntry] {
            if index % 1_000 == 0 {
                var long = self.long
                defer { self.long = long }
                return self.say(in: &long, at: time)
            }
            let place = self.words.number(below: self.active.count)
            var conversation = self.active[place]
            let entries = self.say(in: &conversation, at: time)
            self.active[place] = conversation.top == FilledStore.conversationMessages ? self.begin() : conversation
            return entries
        }

        private mutating func say(in conversation: inout Conversation, at time: Timestamp) -> [StoreEntry] {
            conversation.top += 1
            let asked = conversation.open
            let id = asked.map { "re:\($0)" } ?? self.words.name(of: 22)
            let message = Message(
                asked == nil ? .user : .claude,
                self.words.sentence(),
                id: id,
                at: time,
                inReplyTo: asked
            )
            let entry = MessageEntry(
                message,
                site: .default,
                session: conversation.session,
                epoch: FilledStore.epoch,
                seq: conversation.top,
                page: "/account/invoices",
                frame: ServerFrame.durable(
                    message,
                    session: conversation.session,
                    seq: conversation.top,
                    epoch: FilledStore.epoch
                ),
                turn: asked == nil ? TurnOpening(turn: "t_" + id) : nil,
                visitor: conversation.visitor
            )
            conversation.open = asked == nil ? id : nil
            guard let asked else { return [.message(entry)] }
            let outcome = TurnOutcome(
                turn: "t_" + asked,
                outcome: "answered",
                time: time,
                rule: "rules/r\(self.words.number(below: 132))",
                trace: TurnOutcome.noTrace
            )
            return [.message(entry), .turnEnded(outcome)]
        }
    }

    static func session(_ name: String) -> SessionID {
        guard let session = SessionID(name) else { fatalError("\(name) is no session") }
        return session
    }

    static func seconds(since start: UInt64) -> Double {
        Double((StoreTime.system.nanoseconds() - start) / 100_000_000) / 10
    }
}

/// 50,000 made-up words, of which the one at place n is drawn about 1/n times as often as the first.
struct Vocabulary {
    private static let count = 50_000
    private static let syllables = [
        "ba", "co", "di", "fu", "ga", "he", "ki", "lo", "mu", "na", "pe", "ra", "si", "to", "vu", "za",
    ]
    private static let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")

    private var generator: SplitMix64

    init(seed: UInt64) { self.generator = SplitMix64(state: seed) }

    /// The word at a place, from 0; the further, the rarer.
    static func word(_ place: Int) -> String {
        var word = ""
        var rest = place + 16
        while rest > 0 {
            word += Self.syllables[rest % 16]
            rest /= 16
        }
        return word
    }

    mutating func number(below bound: Int) -> Int { Int(self.generator.next() % UInt64(bound)) }

    mutating func name(of length: Int) -> String {
        var name = ""
        for _ in 0..<length { name.append(Self.letters[Int(self.generator.next() & 63)]) }
        return name
    }

    /// 4 through 19 words.
    mutating func sentence() -> String {
        var words: [String] = []
        for _ in 0..<4 + self.number(below: 16) {
            let share = Double(self.generator.next() >> 11) / Double(1 << 53)
            words.append(Self.word(Self.rank(share)))
        }
        return words.joined(separator: " ")
    }

    /// What an even share of 0 to 1 is drawn as: as many words at places 1 to 10 as at 1,000 to 10,000.
    private static func rank(_ share: Double) -> Int {
        min(Self.count - 1, Int(exp(share * log(Double(Self.count)))) - 1)
    }
}
