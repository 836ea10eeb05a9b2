internal import Tracker

/// What has become of what a tracker told.
package enum HookResult: Sendable, Hashable { case taken, refused, unreadable, unavailable }

extension Issues {
    /// The name under which a tracker may tell of changes; nothing where it may not.
    package var hookName: String? { self.remote?.hook == nil ? nil : self.remote?.name }

    /// Takes what a tracker tells of its own accord.
    ///
    /// - Parameters:
    ///   - headers: By their lower-case names.
    ///   - body: Its bytes, over which it is signed.
    /// - Returns: `taken` also for what is nothing to tell anybody.
    package func take(hook headers: [String: String], _ body: [UInt8]) async -> HookResult {
        guard let remote, let hook = remote.hook, hook.isGood(headers, body) else { return .refused }
        guard self.isRunning else { return .unavailable }
        guard let told = TrackerDocument(json: body) else { return .unreadable }
        do throws(TrackerError) {
            let file = try self.file()
            for event in hook.events(headers, told) {
                switch event {
                case .state(let issue, let state): try await file.learned(state, of: issue, at: remote.name)
                case .comment(let issue, let name, let text):
                    // What a visitor said comes back from the tracker, too.
                    guard hook.showsComments, !RemoteText.isOurs(text) else { continue }
                    try await file.learned(comment: text, named: "comment-\(name)", on: issue, at: remote.name)
                }
            }
            return .taken
        } catch {
            self.report(error)
            return .unavailable
        }
    }
}

/// A tracker's way to tell of changes.
struct RemoteHook: Sendable {
    let isGood: @Sendable (_ headers: [String: String], _ body: [UInt8]) -> Bool
    let events: @Sendable (_ headers: [String: String], _ told: TrackerDocument) -> [TrackerHook.Event]
    /// Whether those who wait read the comments of the tracker's people.
    let showsComments: Bool
}
