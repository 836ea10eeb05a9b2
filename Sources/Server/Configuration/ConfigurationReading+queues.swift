internal import Diagnostics
internal import Plugins
internal import Responders

extension ConfigurationReading {
    /// Refuses two trackers on other machines that have one queue, or one name for what they tell: each would get what is
    /// meant for the other.
    ///
    /// - Parameters:
    ///   - chains: The chains, by their names.
    ///   - entries: Where they are written, in order.
    mutating func refuseSharedQueues(of chains: [String: Chain], _ entries: [YAMLNode.Entry]) {
        var targets: [String: String] = [:]
        for written in entries {
            for entry in chains[written.key]?.entries ?? [] where entry.isEnabled {
                guard let issues = entry.responder as? Issues, let queue = issues.queue else { continue }
                let names = ["\(queue.file) \(queue.instance)"] + (issues.hookName.map { ["hook \($0)"] } ?? [])
                let isShared = names.contains {
                    targets.updateValue(queue.target, forKey: $0) ?? queue.target != queue.target
                }
                guard isShared else { continue }
                self.refuse(
                    "same-instance",
                    at: written.place,
                    "two trackers have the instance \"\(queue.instance)\"",
                    hint: "write another instance: NAME for one of them"
                )
            }
        }
    }
}
