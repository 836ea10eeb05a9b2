internal import Logging
internal import ServiceLifecycle
internal import UnixSignals

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// Reads everything anew when a file changes, and at SIGHUP.
struct ReloadService: Service {
    let reloader: ConfigurationReloader
    let logger: Logger

    /// Has a signal that comes before the service runs not end the process: what has changed until then is read anyway.
    static func ignoreEarlySignals() { signal(SIGHUP, SIG_IGN) }

    func run() async throws {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.reloadAtSignals() }
            group.addTask { await self.reloadAtChanges() }
        }
        try await self.reloader.stop()
    }

    private func reloadAtSignals() async {
        for await _ in await UnixSignalsSequence(trapping: .sighup).cancelOnGracefulShutdown() {
            await self.reloader.reload()
        }
    }

    private func reloadAtChanges() async {
        #if os(Linux)
            do {
                while try await self.reloadAtChanges(in: self.reloader.folders) {}
            } catch {
                self.logger.error(
                    "Changes of files can't be watched; SIGHUP reloads them",
                    metadata: ["error": "\(error)"]
                )
            }
        #endif
    }

    #if os(Linux)
        /// Watches folders for as long as they are those that matter.
        ///
        /// - Returns: Whether others matter now; not where the server stops.
        private func reloadAtChanges(in folders: [String]) async throws -> Bool {
            let watch = try await FolderWatch(folders)
            // What was saved between the last load and now is told by nobody.
            await self.reloader.reload(isAsked: false)
            var isOutdated = self.reloader.folders != folders
            if !isOutdated {
                for await _ in watch.changes.cancelOnGracefulShutdown() {
                    watch.lookForFolders()
                    await self.reloader.reload(isAsked: false)
                    isOutdated = self.reloader.folders != folders
                    if isOutdated { break }
                }
            }
            await watch.stop()
            return isOutdated
        }
    #endif
}
