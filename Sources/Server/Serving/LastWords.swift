internal import ServiceLifecycle

/// Tells visitors, as the first thing when the server stops, that a reply won't come that is promised and kept nowhere.
struct LastWords: Service {
    let followUps: FollowUps

    func run() async throws {
        try? await gracefulShutdown()
        self.followUps.suspendAll()
    }
}
