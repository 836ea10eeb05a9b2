public import ArgumentParser
public import Responders

/// The command `claude-chat`, and that of anybody's own server.
///
/// ```swift
/// var registry = try PluginRegistry.builtin()
/// try registry.register(OrderStatus.self)
/// await ClaudeChatCommand.main(registry: registry)
/// ```
public struct ClaudeChatCommand: AsyncParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "claude-chat",
        abstract: "A chat server that a site embeds with one script tag.",
        discussion: """
            Who answers is written in claude-chat.yaml: chains of responders that are \
            asked in order. What they answer is written in rule files, rules/*.yaml.

              claude-chat serve --insecure-dev    on http://127.0.0.1:8080, to try it
              claude-chat check                   every mistake in the configuration
              claude-chat explain "hello"         who answers a message, and why
            """,
        version: "0.1.0",
        subcommands: [
            ServeCommand.self, CheckCommand.self, StatusCommand.self, ExplainCommand.self, TestCommand.self,
            TraceCommand.self,
            CompareCommand.self,
            RulesCommand.self,
            PluginsCommand.self,
            ConnectionsCommand.self, RevokeCommand.self, TokenCommand.self, StoreCommand.self, AuditCommand.self,
            IssuesCommand.self, OutboxCommand.self, DocsCommand.self, CodeCommand.self, TryCommand.self,
            StubCommand.self,
        ]
    )

    public init() {}

    /// Runs the command that the process was started with, and ends the process.
    ///
    /// Exit status: 0 fine, 1 findings, 2 wrong usage, 78 a configuration that can't be started.
    ///
    /// - Parameter registry: The plugins that a configuration may name.
    public static func main(registry: PluginRegistry) async -> Never {
        let terminal = Terminal(registry: registry)
        endProcess(with: await Self.run(Array(CommandLine.arguments.dropFirst()), in: terminal))
    }

    /// Runs one command.
    ///
    /// - Parameters:
    ///   - arguments: What stands behind the command's name.
    ///   - terminal: What the command sees of the outside.
    /// - Returns: The exit status.
    static func run(_ arguments: [String], in terminal: Terminal) async -> Int32 {
        await Terminal.$current.withValue(terminal) {
            do {
                var command = try Self.parseAsRoot(arguments)
                do {
                    if var command = command as? any AsyncParsableCommand {
                        try await command.run()
                    } else {
                        try command.run()
                    }
                } catch let error as ValidationError {
                    // The parser knows no more which command it was, and would show the usage of all.
                    terminal.complain("Error: \(error.message)\nSee '\(Self.name(in: arguments)) --help'")
                    return ExitStatus.wrongUsage
                }
                return ExitStatus.fine
            } catch {
                return Self.report(error, in: terminal)
            }
        }
    }

    /// The name of the command that the arguments start with: `claude-chat rules test`.
    private static func name(in arguments: [String]) -> String {
        var names = ["claude-chat"]
        var commands = Self.configuration.subcommands
        for argument in arguments {
            guard let command = commands.first(where: { $0._commandName == argument }) else { break }
            names.append(argument)
            commands = command.configuration.subcommands
        }
        return names.joined(separator: " ")
    }

    private static func report(_ error: any Error, in terminal: Terminal) -> Int32 {
        let code = Self.exitCode(for: error)
        let message = Self.fullMessage(for: error)
        if !message.isEmpty { code.isSuccess ? terminal.write(message) : terminal.complain(message) }
        // 64 is what the argument parser means by wrong usage.
        return code == .validationFailure ? ExitStatus.wrongUsage : code.rawValue
    }
}

/// How a command ends.
enum ExitStatus {
    static let fine: Int32 = 0
    /// `check` found mistakes, or `explain` has no chain to ask.
    static let findings: Int32 = 1
    static let wrongUsage: Int32 = 2
    /// The person ended it: 128 and SIGINT, as shells have it.
    static let interrupted: Int32 = 130
    /// `serve` has a configuration that it can't start with: `EX_CONFIG` of sysexits.h.
    static let badConfiguration: Int32 = 78
}
