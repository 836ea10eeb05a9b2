internal import Responders
internal import Tracker

extension Issues {
    /// Between two looks whether an issue should be looked at.
    private static let lookInterval = Duration.seconds(2)

    /// Asks a tracker how the issues stand for which sessions wait, until the task is cancelled.
    ///
    /// One call at a time; a tracker that fails is left alone for minutes.
    func look(at remote: RemoteTracker) async {
        guard remote.tracker.features.contains(.status) else { return }
        let clock = self.services.clock
        var pause = Self.lookInterval
        while (try? await clock.sleep(for: pause)) != nil {
            do throws(TrackerError) {
                let file = try self.file()
                pause = Self.lookInterval
                guard let ref = try await file.nextLook(at: remote.name) else { continue }
                do throws(TrackerError) {
                    try await file.learned(try await remote.tracker.issue(ref), of: ref.id, at: remote.name)
                } catch {
                    // An issue that isn't there any more says nothing about the others.
                    pause = error.kind == .absent ? Self.lookInterval : Self.pause(after: error)
                }
            } catch {
                pause = Self.pause(after: error)
            }
        }
    }

    private static func pause(after error: TrackerError) -> Duration {
        min(max(error.retryAfter ?? .seconds(60), .seconds(1)), .seconds(3_600))
    }
}
