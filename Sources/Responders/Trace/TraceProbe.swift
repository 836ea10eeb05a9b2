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
        probe.note(TraceCandidates(min(count, TraceCandidate.maximumCount), make), at: self.place)
    }
}

/// Where responders say what they have to say about themselves, until their step is recorded.
///
/// Any thread: a responder that was given up may still talk.
final class TraceProbe: Sendable {
    private struct Noted {
        let stage: Stage
        let position: Int
        var candidates: TraceCandidates
    }

    private struct State {
        /// Most often one responder alone has something to say.
        var first: Noted?
        var others: [Noted] = []
    }

    private let state = Mutex(State())

    func note(_ candidates: TraceCandidates, at place: TurnPlace) {
        let noted = Noted(stage: place.stage, position: place.position, candidates: candidates)
        self.state.withLock { state in
            if state.first == nil { state.first = noted } else { state.others.append(noted) }
        }
    }

    /// What was said at this place of the chain, the last where it was said twice.
    func take(at place: TurnPlace) -> TraceCandidates? {
        self.state.withLock { state in
            var found: TraceCandidates?
            if let first = state.first, first.stage == place.stage, first.position == place.position {
                (found, state.first) = (first.candidates, nil)
            }
            guard !state.others.isEmpty else { return found }
            for other in state.others where other.stage == place.stage && other.position == place.position {
                found = other.candidates
            }
            state.others.removeAll { $0.stage == place.stage && $0.position == place.position }
            return found
        }
    }
}
