internal import Logging
internal import ServiceLifecycle
internal import UnixSignals

/// Reloads the files of the chain when they change, and at SIGHUP.
struct ReloadService: Service {
    let reloader: ContentReloader
    let logger: Logger

    func run() async throws {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.reloadAtSignals() }
            group.addTask { await self.reloadAtChanges() }
        }
        try await self.reloader.stop()
    }

    private func reloadAtSignals() async {
        for await _ in await UnixSignalsSequence(trapping: .sighup).cancelOnGracefulShutdown() {
            _ = try? await self.reloader.reload()
        }
    }

    private func reloadAtChanges() async {
        #if os(Linux)
            do {
                let watch = try await FolderWatch(self.reloader.folders)
                // What was saved between the first load and now is told by nobody.
                _ = try? await self.reloader.reload()
                for await _ in watch.changes.cancelOnGracefulShutdown() {
                    watch.lookForFolders()
                    _ = try? await self.reloader.reload()
                }
                await watch.stop()
            } catch {
                self.logger.error(
                    "Changes of files can't be watched; SIGHUP reloads them",
                    metadata: ["error": "\(error)"]
                )
            }
        #endif
    }
}
