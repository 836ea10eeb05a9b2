internal import Responders

extension ConfigurationReading {
    /// Finds chains that have nothing to redact with, where what they redact is to be stored.
    mutating func checkRedaction(_ written: WrittenConfiguration, _ chains: [String: Chain]) {
        guard written.store?.redact == true else { return }
        let sites = (written.sites ?? [:]).values.map { $0.chain ?? written.defaultChain }
        for name in Set(sites + [written.defaultChain]).sorted() {
            guard let chain = chains[name], chain.redactors.isEmpty else { continue }
            let problem = "the chain \"\(name)\" has nothing that redacts"
            let hint = "write guard: [redact] into chains.\(name)"
            self.refuse("no-redact", at: self.place("store", "redact"), problem, hint: hint)
        }
    }
}
