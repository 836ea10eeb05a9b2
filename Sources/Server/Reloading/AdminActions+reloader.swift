internal import Access
internal import Transport

extension AdminActions {
    /// What the server does when it is asked to reload its files.
    init(_ reloader: ContentReloader, token: AdminToken?) {
        self.init(
            token: token,
            content: { reloader.status },
            reload: {
                _ = try await reloader.reload()
                return reloader.status
            }
        )
    }
}
