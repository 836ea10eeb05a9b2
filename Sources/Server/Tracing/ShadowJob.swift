internal import Responders

/// A turn that has ended, for those who are asked beside.
struct ShadowJob: Sendable {
    let result: ChainResult
    let chain: Chain
    /// A whole chain that is run beside.
    let beside: Chain?
    let elapsed: Duration
    /// How much of it the message waited for those before it.
    let waited: Duration

    /// Whether anybody is asked.
    var isNeeded: Bool { !self.chain.shadows.isEmpty || self.beside != nil }

    /// What the chain beside says.
    func askBeside() async -> ShadowedChain? {
        guard let beside else { return nil }
        let began = beside.clock.now
        let result: ChainResult
        switch beside.begin(self.result.turn.restarted, rehearsing: true) {
        case .finished(let finished): result = finished
        case .waiting(let run): result = await beside.finish(run)
        }
        return ShadowedChain(result, took: beside.clock.now - began, beside: self.result)
    }
}
