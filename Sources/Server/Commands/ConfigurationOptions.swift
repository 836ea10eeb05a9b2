internal import ArgumentParser
internal import Diagnostics

/// The options of every command that reads a configuration.
struct ConfigurationOptions: ParsableArguments {
    @Option(name: .customLong("config"), help: ArgumentHelp("The configuration file.", valueName: "file"))
    var file = "claude-chat.yaml"

    /// Reads the configuration with the plugins of the running command.
    func load() throws(Rejection) -> Configuration {
        try Configuration.load(file: self.file, registry: Terminal.current.registry, clock: Terminal.current.clock)
    }
}
