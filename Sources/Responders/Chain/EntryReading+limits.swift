internal import Diagnostics

extension EntryReading {
    /// `breaker` of an entry.
    struct WrittenBreaker: Decodable {
        var enabled: Bool?
        var failures: Int?
        var wait: Duration?
    }
}

extension EntryReading.CommonKeys {
    /// How many calls there may be; what isn't written is as by default.
    var limits: CallLimits {
        var limits = CallLimits()
        if let concurrency { limits.concurrency = concurrency }
        if let queue { limits.queue = queue }
        if let enabled = self.breaker?.enabled { limits.breaker.isEnabled = enabled }
        if let failures = self.breaker?.failures { limits.breaker.failures = failures }
        if let wait = self.breaker?.wait { limits.breaker.wait = wait }
        return limits
    }

    /// The numbers that can't be meant.
    var problems: [ConfigurationProblem] {
        let limits = self.limits
        var problems: [ConfigurationProblem] = []
        func check(_ key: String, _ number: Int, _ range: ClosedRange<Int>) {
            guard !range.contains(number) else { return }
            let hint = "write a number from \(range.lowerBound) to \(range.upperBound)"
            problems.append(ConfigurationProblem("out-of-range", key: key, "\(number) is out of range", hint: hint))
        }
        check("concurrency", limits.concurrency, 1...1_000)
        check("queue", limits.queue, 0...10_000)
        check("breaker.failures", limits.breaker.failures, 1...1_000)
        check("priority", self.priority ?? Election.defaultPriority, -1_000...1_000)
        if let weight, !(0...100).contains(weight) {
            let hint = "write a number from 0 to 100"
            problems.append(
                ConfigurationProblem("out-of-range", key: "weight", "\(weight) is out of range", hint: hint)
            )
        }
        for (key, time) in [
            ("timeout", self.timeout), ("first_chunk", self.firstPiece), ("next_chunk", self.nextPiece),
        ] {
            guard let time, !(Chain.shortestLimit...Chain.longestLimit ~= time) else { continue }
            let problem = "\(time.written) is out of range"
            problems.append(ConfigurationProblem("out-of-range", key: key, problem, hint: "write 1ms to 1h"))
        }
        if !(.seconds(1)...CircuitBreaker.longestWait).contains(limits.breaker.wait) {
            let problem = "the wait is out of range"
            problems.append(
                ConfigurationProblem("out-of-range", key: "breaker.wait", problem, hint: "write 1s to 5m")
            )
        }
        return problems
    }
}

extension ChainLoader {
    /// What means nothing for a responder that answers at once: it can't be interrupted, and nobody waits for it.
    static func warnings(ofImmediate name: String, in item: YAMLNode) -> [Diagnostic] {
        let problems = [
            "timeout": ("needless-timeout", "\(name) answers at once and has no time limit"),
            "concurrency": ("needless-limit", "\(name) answers at once, so nobody waits for it"),
            "queue": ("needless-limit", "\(name) answers at once, so nobody waits for it"),
            "breaker": ("needless-limit", "\(name) answers at once, so it is always asked"),
        ]
        return (item.entries ?? []).compactMap { entry in
            guard let (code, problem) = problems[entry.key] else { return nil }
            return Diagnostic(code, at: entry.place, problem, hint: "leave it out", severity: .warning)
        }
    }
}
