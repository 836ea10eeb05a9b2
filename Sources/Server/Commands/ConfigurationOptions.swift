internal import ArgumentParser
internal import Diagnostics
internal import Responders

/// The options of every command that reads a configuration.
struct ConfigurationOptions: ParsableArguments {
    @Option(name: .customLong("config"), help: ArgumentHelp("The configuration file.", valueName: "file"))
    var file = "claude-chat.yaml"

    /// Reads the configuration with the plugins of the running command.
    ///
    /// - Parameters:
    ///   - report: Told of what happens in plugins while they work.
    ///   - metrics: Where plugins count.
    /// - Returns: The configuration, ready to serve.
    /// - Throws: Every mistake, as ``Configuration/load(file:registry:clock:report:metrics:)`` does.
    func load(
        report: @escaping @Sendable (Incident) -> Void = { _ in },
        metrics: PluginMetrics = PluginMetrics()
    ) throws(Rejection) -> Configuration {
        let (registry, clock) = (Terminal.current.registry, Terminal.current.clock)
        return try Configuration.load(
            file: self.file,
            registry: registry,
            clock: clock,
            report: report,
            metrics: metrics
        )
    }
}
