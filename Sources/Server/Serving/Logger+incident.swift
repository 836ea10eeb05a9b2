internal import Logging
internal import Responders

extension Logger {
    /// Notes what happened in a plugin.
    func log(_ incident: Incident) {
        let level: Level =
            switch incident.level {
            case .notice: .notice
            case .error: .error
            }
        self.log(level: level, "\(incident.message)", metadata: incident.details.mapValues { "\($0)" })
    }
}
