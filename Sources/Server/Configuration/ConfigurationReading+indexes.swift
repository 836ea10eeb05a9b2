internal import Diagnostics
internal import FoundationEssentials
internal import Plugins
internal import Responders

extension ConfigurationReading {
    /// Refuses two entries of docs that have one index and not the same documents: each would throw the other's away.
    ///
    /// - Parameters:
    ///   - chains: The chains, by their names.
    ///   - entries: Where they are written, in order.
    mutating func refuseSharedIndexes(of chains: [String: Chain], _ entries: [YAMLNode.Entry]) {
        var known: [String: Docs] = [:]
        for written in entries {
            for entry in chains[written.key]?.entries ?? [] where entry.isEnabled {
                guard let docs = entry.responder as? Docs, !docs.sources.isEmpty else { continue }
                // However it is written.
                let file = URL(fileURLWithPath: docs.path).standardizedFileURL.resolvingSymlinksInPath().path
                let other = known.updateValue(docs, forKey: file) ?? docs
                guard Set(other.sources) != Set(docs.sources) || other.synonyms != docs.synonyms else { continue }
                self.refuse(
                    "same-index",
                    at: written.place,
                    "two entries of docs have the index \"\(docs.path)\", and other sources or synonyms",
                    hint: "give \"\(entry.name)\" one of its own: index: data/\(entry.name).sqlite"
                )
            }
        }
    }
}
