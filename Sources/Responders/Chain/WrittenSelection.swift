internal import Diagnostics

/// How the entries of a chain are asked: `select`, `best` and `parallel`.
struct WrittenSelection {
    static let keys = ["select", "best", "parallel"]

    private var isBest = false
    private var best: Best?
    private(set) var asksEnrichTogether = false

    /// `best` of a chain.
    private struct Best: Decodable {
        var budget: Duration?
        var minConfidence: Double?
        var noRepeat: Duration?
    }

    /// How the reply is found; nothing where entries are asked in order.
    var election: Election? {
        guard self.isBest else { return nil }
        var election = Election()
        if let budget = self.best?.budget { election.budget = budget }
        if let confidence = self.best?.minConfidence { election.minimumConfidence = confidence }
        if let pause = self.best?.noRepeat { election.noRepeat = pause }
        return election
    }

    /// Takes a key of a chain.
    ///
    /// - Returns: Whether it is one of ``keys``.
    mutating func take(_ key: YAMLNode.Entry, into diagnostics: inout [Diagnostic]) -> Bool {
        switch key.key {
        case "select":
            guard let word = key.value.text, ["first", "best"].contains(word) else {
                let problem = "expected first or best, found \(key.value.written)"
                diagnostics.append(Diagnostic("wrong-value", at: key.place, problem))
                // Whatever was meant, it was not what is without the key.
                self.isBest = true
                return true
            }
            self.isBest = word == "best"
        case "parallel":
            guard let word = key.value.text, ["true", "false"].contains(word) else {
                let problem = "expected true or false, found \(key.value.written)"
                diagnostics.append(Diagnostic("wrong-type", at: key.place, problem))
                return true
            }
            self.asksEnrichTogether = word == "true"
        case "best": self.takeBest(key, into: &diagnostics)
        default: return false
        }
        return true
    }

    private mutating func takeBest(_ key: YAMLNode.Entry, into diagnostics: inout [Diagnostic]) {
        let settings = Settings(key.value, at: key.place)
        do {
            let schema = try SettingsSchema(sample: Self.sample, name: "best")
            self.best = try settings.decode(Best.self, like: schema)
        } catch let rejection as Rejection {
            diagnostics += rejection.diagnostics
        } catch let diagnostic as Diagnostic {
            diagnostics.append(diagnostic)
        } catch {}
        if let confidence = self.best?.minConfidence, !(0...1).contains(confidence) {
            let hint = "write a number from 0 to 1"
            let problem = ConfigurationProblem(
                "out-of-range",
                key: "min_confidence",
                "\(confidence) is out of range",
                hint: hint
            )
            diagnostics += settings.diagnostics(of: problem)
        }
    }

    private static let sample = "{budget: 2s, min_confidence: 0.5, no_repeat: 20s}"

    /// The keys that mean nothing where entries are asked in order.
    func warnings(for node: YAMLNode) -> [Diagnostic] {
        guard !self.isBest else { return [] }
        let ofChain = (node.entries ?? []).filter { $0.key == "best" }
        let ofEntries = (node[Stage.answer.rawValue]?.items ?? []).flatMap { $0.entries ?? [] }
            .filter { ["priority", "weight"].contains($0.key) }
        return (ofChain + ofEntries).map { key in
            let problem = "the entries are asked in order, so \"\(key.key)\" means nothing"
            let hint = "leave it out, or write select: best"
            return Diagnostic("needless-key", at: key.place, problem, hint: hint, severity: .warning)
        }
    }
}
