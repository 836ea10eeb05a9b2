internal import Diagnostics

/// `mode` of an entry.
enum WrittenMode: String, Decodable, CaseIterable { case live, shadow, canary }

extension EntryReading.CommonKeys {
    /// Which conversations the entry answers.
    var chainMode: Chain.Mode {
        switch (self.mode, self.share) {
        case (.shadow?, _): .shadow
        case (.canary?, let share?): .canary(share)
        case (.canary?, nil), (.live?, _), (nil, _): .live
        }
    }

    /// What is wrong with `mode` and `share` together.
    ///
    /// - Parameters:
    ///   - item: The entry.
    ///   - stage: Where it stands.
    /// - Returns: None where they fit.
    func modeMistakes(in item: YAMLNode, _ stage: Stage) -> [Diagnostic] {
        func place(_ key: String) -> Place { item.entries?.first { $0.key == key }?.place ?? item.place }
        if self.share != nil, self.mode != .canary {
            let problem = "a share of what?"
            return [Diagnostic("wrong-value", at: place("share"), problem, hint: "write mode: canary beside it")]
        }
        if self.mode == .canary, self.share == nil, item.entries?.contains(where: { $0.key == "share" }) != true {
            let problem = "a canary needs its share of the conversations"
            return [Diagnostic("missing-key", at: place("mode"), problem, hint: "write share: 10% beside it")]
        }
        if self.mode == .shadow, stage != .answer {
            let problem = "only an entry of answer can be a shadow"
            return [Diagnostic("stage-not-allowed", at: place("mode"), problem, hint: "write enabled: false")]
        }
        return []
    }
}
