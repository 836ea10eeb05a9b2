internal import Responders

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// What a command sees of the outside: the plugins, the clock, and where it writes.
struct Terminal: Sendable {
    var registry: PluginRegistry
    var clock = TurnClock.continuous
    /// Takes a line, or several, of the command's output.
    var write: @Sendable (String) -> Void = { writeAll($0 + "\n", to: STDOUT_FILENO) }
    /// Takes a line, or several, about what went wrong.
    var complain: @Sendable (String) -> Void = { writeAll($0 + "\n", to: STDERR_FILENO) }
    /// Shows how far long work is, in place of what it showed before; nothing where no person looks.
    var progress: (@Sendable (String) -> Void)? = Self.overwriting

    /// That of the running command.
    @TaskLocal static var current = Terminal(registry: PluginRegistry())

    /// Writes over the last line of the error output, where that is a terminal.
    private static var overwriting: (@Sendable (String) -> Void)? {
        guard isatty(STDERR_FILENO) == 1 else { return nil }
        return { writeAll("\r\u{1B}[K" + $0, to: STDERR_FILENO) }
    }
}

/// Ends the process.
///
/// What was printed is written before.
func endProcess(with status: Int32) -> Never { exit(status) }

/// Writes at once: a service's output is read while it runs, also through a pipe.
private func writeAll(_ text: String, to descriptor: Int32) {
    var text = text
    text.withUTF8 { bytes in
        var rest = UnsafeRawBufferPointer(bytes)
        while !rest.isEmpty {
            let count = write(descriptor, rest.baseAddress, rest.count)
            guard count > 0 else { return }
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
        }
    }
}
