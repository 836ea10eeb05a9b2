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
    /// Writes bytes of the command's output as they are; whether they could be written.
    ///
    /// On a terminal what would move its cursor is replaced: anybody may have written it.
    var writeBytes: @Sendable ([UInt8]) -> Bool = { bytes in
        let bytes = isatty(STDOUT_FILENO) == 1 ? harmless(bytes) : bytes
        return bytes.withUnsafeBytes { writeAll($0, to: STDOUT_FILENO) }
    }
    /// Asks the person a question and gives the line that is typed; nothing where no person can answer.
    var ask: (@Sendable (String) -> String?)? = Self.asking
    /// An element each time that the person wants the command to end.
    var interruptions: @Sendable () async -> AsyncStream<Void> = { await Interruptions.signals() }

    /// That of the running command.
    @TaskLocal static var current = Terminal(registry: PluginRegistry())

    private static var asking: (@Sendable (String) -> String?)? {
        guard isatty(STDIN_FILENO) == 1, isatty(STDERR_FILENO) == 1 else { return nil }
        return { question in
            writeAll(question, to: STDERR_FILENO)
            return readLine()
        }
    }

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

/// A text without the characters that a terminal would act on, but for line breaks and tabs.
func harmless(_ bytes: [UInt8]) -> [UInt8] {
    var text = String.UnicodeScalarView()
    for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
        let isHarmful =
            switch scalar.properties.generalCategory {
            case .control: !["\n", "\r", "\t"].contains(scalar)
            case .format, .lineSeparator, .paragraphSeparator: scalar != "\u{200D}"
            default: false
            }
        text.append(isHarmful ? "\u{FFFD}" : scalar)
    }
    return Array(String(text).utf8)
}

/// Writes at once: a service's output is read while it runs, also through a pipe.
private func writeAll(_ text: String, to descriptor: Int32) {
    var text = text
    text.withUTF8 { bytes in _ = writeAll(UnsafeRawBufferPointer(bytes), to: descriptor) }
}

private func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Bool {
    var rest = bytes
    while !rest.isEmpty {
        let count = write(descriptor, rest.baseAddress, rest.count)
        guard count > 0 else { return false }
        rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
    }
    return true
}
