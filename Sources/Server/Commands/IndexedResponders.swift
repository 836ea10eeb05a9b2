internal import ArgumentParser
internal import Diagnostics
internal import Indexing
internal import Responders

extension ConfigurationOptions {
    /// The responders of a plugin in the chains, one for each of what tells them apart.
    ///
    /// - Throws: The exit status, after what is wrong was shown.
    func responders<R>(of type: R.Type, named name: String, by path: (R) -> String) throws -> [R] {
        let configuration: Configuration
        do throws(Rejection) { configuration = try self.load() } catch {
            Terminal.current.complain(DiagnosticReport(error.diagnostics).text)
            throw ExitCode(ExitStatus.findings)
        }
        var seen: Set<String> = []
        let responders = configuration.chains.values.flatMap(\.entries).filter(\.isEnabled)
            .compactMap { $0.responder as? R }.sorted { path($0) < path($1) }.filter { seen.insert(path($0)).inserted }
        guard responders.isEmpty else { return responders }
        Terminal.current.complain("\(configuration.file): no chain has the plugin \(name); add it [no-\(name)]")
        throw ExitCode(ExitStatus.findings)
    }
}

/// Runs an update of an index, with a line about how far it is, and ends it with Ctrl+C.
///
/// - Throws: The exit status, after what is wrong was shown.
func indexing<Update: Sendable>(
    _ update: @escaping @Sendable (_ reach: @escaping @Sendable (Int, Int) -> Bool) throws -> Update
) async throws -> Update {
    let line = ProgressLine("indexing")
    do {
        let result = try await interruptible {
            try update { done, total in
                line.reach(done, of: total)
                return !Task.isCancelled
            }
        }
        line.end()
        return result
    } catch let error as IndexError {
        line.end()
        Terminal.current.complain("\(error)")
        throw ExitCode(Task.isCancelled || error.code == "cancelled" ? ExitStatus.interrupted : ExitStatus.findings)
    }
}
