import Messages
import Testing

@testable import Responders

/// What the breaker should do, with nothing but lists of what happened.
private struct BreakerModel {
    var now = Duration.zero
    /// The results that count since the breaker closed the last time, oldest first: true is a failure.
    var failed: [Bool] = []
    /// Until when nobody is asked; nothing while the breaker is closed.
    var openUntil: Duration?
    var isProbing = false
    /// How often the breaker has changed; calls of before don't count.
    var period = 0
    /// The openings by failure since the breaker was closed.
    var openings = 0

    mutating func admits() -> Bool {
        guard let openUntil else { return true }
        guard openUntil <= self.now, !self.isProbing else { return false }
        self.isProbing = true
        return true
    }

    mutating func finish(_ result: CircuitBreaker.Result, of period: Int, isProbe: Bool) {
        guard period == self.period else { return }
        if isProbe {
            self.isProbing = false
            switch result {
            case .success: self.change(openUntil: nil, openings: 0)
            case .failure: self.open()
            case .neutral: break
            }
            return
        }
        guard result != .neutral else { return }
        self.failed.append(result == .failure)
        let last = self.failed.suffix(20)
        let isRow = self.failed.count >= 5 && self.failed.suffix(5).allSatisfy(\.self)
        let isHalf = last.count >= 10 && last.count(where: \.self) * 2 >= last.count
        if result == .failure, isRow || isHalf { self.open() }
    }

    mutating func hold(_ duration: Duration) {
        let end = self.now + duration
        if let openUntil, !self.isProbing {
            self.openUntil = max(openUntil, end)
        } else {
            self.change(openUntil: end, openings: self.openings)
        }
    }

    private mutating func open() {
        let wait = Duration.seconds([15, 30, 60, 120, 240][min(self.openings, 4)])
        let next = self.openings >= 5 ? Duration.seconds(300) : wait
        self.change(openUntil: self.now + next, openings: self.openings + 1)
    }

    private mutating func change(openUntil: Duration?, openings: Int) {
        self.period += 1
        self.isProbing = false
        self.openUntil = openUntil
        self.openings = openings
        if openUntil == nil { self.failed = [] }
    }
}

@Suite("a circuit breaker beside its model")
struct CircuitBreakerModelTests {
    private struct Call {
        let pass: CircuitBreaker.Pass
        let period: Int
    }

    @Test("lets the same calls through, whatever happens in whichever order", arguments: 0..<200)
    func agrees(seed: Int) {
        var random = SplitMix64(state: UInt64(seed))
        var model = BreakerModel()
        var breaker = CircuitBreaker()
        var calls: [Call] = []
        // Some runs fail often, some hardly.
        let failureShare = Int.random(in: 5...95, using: &random)
        for step in 0..<400 {
            switch Int.random(in: 0..<100, using: &random) {
            case ..<40:
                let pass = breaker.admit(at: model.now)
                #expect((pass != nil) == model.admits(), "step \(step)")
                if let pass { calls.append(Call(pass: pass, period: model.period)) }
            case ..<85:
                guard let index = calls.indices.randomElement(using: &random) else { continue }
                let call = calls.remove(at: index)
                let result: CircuitBreaker.Result =
                    switch Int.random(in: 0..<100, using: &random) {
                    case ..<failureShare: .failure
                    case 95...: .neutral
                    default: .success
                    }
                let period = model.period
                model.finish(result, of: call.period, isProbe: call.pass.isProbe)
                let hasOpened = breaker.count(result, of: call.pass, at: model.now)
                #expect(hasOpened == (model.period > period && model.openUntil != nil), "step \(step)")
            case ..<97:
                model.now += .milliseconds(Int.random(in: 0...20_000, using: &random))
            default:
                let duration = Duration.seconds(Int.random(in: 1...40, using: &random))
                model.hold(duration)
                breaker.hold(until: model.now + duration)
            }
            let condition: CallGate.Condition =
                model.openUntil == nil ? .closed : model.isProbing ? .halfOpen : .open
            #expect(breaker.condition == condition, "step \(step)")
        }
    }
}
