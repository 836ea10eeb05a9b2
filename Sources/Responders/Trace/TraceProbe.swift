public import Diagnostics
internal import Synchronization

/// Something that might have decided about a message, and did not: a rule.
public struct TraceCandidate: Sendable, Hashable {
    /// Its full name, `ui/admin-control`.
    public var name: String
    /// Where it stands.
    public var place: Place?
    /// Why it lost, in a few words and never the visitor's: `condition: page.path`.
    public var lost: String

    public init(_ name: String, at place: Place? = nil, lost: String) {
        self.name = name
        self.place = place
        self.lost = lost
    }

    /// How many of one responder are kept.
    public static let maximumCount = 16
}

/// What else might have decided in a step, told when somebody wants to know.
///
/// Equal where there are as many.
public struct TraceCandidates: Sendable, Hashable {
    /// How many there are.
    public let count: Int
    private let make: @Sendable () -> [TraceCandidate]

    init(_ count: Int, _ make: @escaping @Sendable () -> [TraceCandidate]) {
        self.count = count
        self.make = make
    }

    /// All of them, at most ``TraceCandidate/maximumCount``; made anew each time.
    public var list: [TraceCandidate] { Array(self.make().prefix(TraceCandidate.maximumCount)) }

    public static func == (left: TraceCandidates, right: TraceCandidates) -> Bool { left.count == right.count }
    public func hash(into hasher: inout Hasher) { hasher.combine(self.count) }
}

extension Turn {
    /// Whether somebody keeps what a responder says about itself.
    public var isTraced: Bool { self.probe != nil }

    /// Says which other things of the responder might have decided.
    ///
    /// For the record of the turn alone; called before the verdict is returned.
    ///
    /// - Parameters:
    ///   - count: How many there are; of none nothing is noted.
    ///   - make: Makes them; called on any thread, perhaps long after the turn, perhaps never, so it must hold no text of
    ///     the visitor.
    public func noteCandidates(_ count: Int, _ make: @escaping @Sendable () -> [TraceCandidate]) {
        guard count > 0, let probe else { return }
        let candidates = TraceCandidates(min(count, TraceCandidate.maximumCount), make)
        probe.note(at: self.place) { $0.candidates = candidates }
    }

    /// Says which content the responder has decided by, as ``ContentState/generation`` counts it.
    ///
    /// For the record of the turn alone; called before the verdict is returned.
    public func noteContent(generation: Int) { self.probe?.note(at: self.place) { $0.generation = generation } }

    /// Says that somebody outside has answered after the call was given up.
    ///
    /// For the record of the turn alone. Any thread, also long after the turn has ended.
    package func noteLateResult() { self.probe?.noteLate() }
}

/// What a responder says about itself in a turn.
struct TraceNotes: Sendable {
    var candidates: TraceCandidates?
    /// Of its content.
    var generation: Int?
}

/// Where responders say what they have to say about themselves, until their step is recorded.
///
/// Any thread: a responder that was given up may still talk.
final class TraceProbe: Sendable {
    private struct Noted {
        let stage: Stage
        let position: Int
        var notes = TraceNotes()

        init(at place: TurnPlace, _ change: (inout TraceNotes) -> Void) {
            (self.stage, self.position) = (place.stage, place.position)
            change(&self.notes)
        }

        func isAt(_ place: TurnPlace) -> Bool { self.stage == place.stage && self.position == place.position }
    }

    private struct State {
        /// Most often one responder alone has something to say.
        var first: Noted?
        var others: [Noted] = []
    }

    private let state = Mutex(State())
    private let late = Atomic<Int>(0)

    /// How many results came after their calls were given up, until now.
    var lateCount: Int { self.late.load(ordering: .relaxed) }

    func noteLate() { self.late.wrappingAdd(1, ordering: .relaxed) }

    func note(at place: TurnPlace, _ change: (inout TraceNotes) -> Void) {
        self.state.withLock { state in
            guard let first = state.first else {
                state.first = Noted(at: place, change)
                return
            }
            if first.isAt(place) {
                var noted = first
                change(&noted.notes)
                state.first = noted
            } else if let index = state.others.firstIndex(where: { $0.isAt(place) }) {
                change(&state.others[index].notes)
            } else {
                state.others.append(Noted(at: place, change))
            }
        }
    }

    /// What was said at this place of the chain, the last where it was said twice.
    func take(at place: TurnPlace) -> TraceNotes? {
        self.state.withLock { state in
            if let first = state.first, first.isAt(place) {
                state.first = nil
                return first.notes
            }
            guard let index = state.others.firstIndex(where: { $0.isAt(place) }) else { return nil }
            return state.others.remove(at: index).notes
        }
    }
}
