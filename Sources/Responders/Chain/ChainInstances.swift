public import Diagnostics

/// The responders of a configuration, so that the next one takes over those that stay as they are: with their breakers,
/// their queues and their child processes.
public struct ChainInstances: Sendable {
    /// A responder, and what stands in front of it.
    struct Instance: Sendable {
        let responder: any Responder
        let gate: CallGate?
        /// What it was made from, beside its settings.
        let files: FileRecord
        /// Where its first entry stands.
        var place: Place
    }

    private let instances: [String: Instance]

    public init() { self.init([:]) }

    init(_ instances: [String: Instance]) { self.instances = instances }

    /// The responder of the same plugin with the same settings, limits and files; nothing where there is none.
    ///
    /// One that reads its files anew by itself stays in any case.
    func unchanged(_ key: String) -> Instance? {
        guard let instance = self.instances[key] else { return nil }
        return instance.responder is any ReloadableResponder || instance.files.isCurrent ? instance : nil
    }

    /// Where the entry of a part stands in the file.
    public func place(of part: any RunningPart) -> Place? {
        self.instances.values.first { ($0.responder as? any RunningPart) === part }?.place
    }
}
