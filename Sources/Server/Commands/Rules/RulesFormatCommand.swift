internal import ArgumentParser
internal import Diagnostics
internal import FoundationEssentials
internal import Rules

/// The command `claude-chat rules fmt`.
struct RulesFormatCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fmt",
        abstract: "Put the rule files into their one form.",
        discussion: """
            Sorts the keys into the order of the reference and writes patterns in single \
            quotes. Comments, blank lines and line breaks stay, nothing is aligned, and \
            what the files mean doesn't change. Prints the names of the files that it \
            wrote.

              claude-chat rules fmt
              claude-chat rules fmt --check || echo 'run claude-chat rules fmt'

            Exit status: 0 fine, 1 a file isn't YAML, or with --check isn't in form; 2 \
            wrong usage.
            """
    )

    @OptionGroup var options: RulesOptions
    @Flag(help: "Write nothing; name the files that are not in form.") var check = false

    func run() async throws {
        let files: [RuleFormat.File]
        do throws(Rejection) {
            files = try RuleFormat.files(of: self.options.folder)
        } catch {
            throw self.options.rejected(error, "nothing was written")
        }
        let changed = files.filter(\.isChanged)
        for file in changed {
            if !self.check { try Self.write(file) }
            let line: JSONValue = .object([("file", .text(file.path)), ("written", .bool(!self.check))])
            Terminal.current.write(self.options.json ? line.description : file.path)
        }
        if self.check, !changed.isEmpty {
            let are = changed.count == 1 ? "is" : "are"
            Terminal.current.complain(
                "\(grouped(changed.count)) of \(counted(files.count, "file")) \(are) not in form; run claude-chat rules fmt"
            )
            throw ExitCode(ExitStatus.findings)
        }
    }

    /// Replaces a file in one step, so that a server that watches the folder never sees half of it.
    private static func write(_ file: RuleFormat.File) throws {
        do {
            // A link stays one: what it points to is replaced.
            let url = URL(fileURLWithPath: file.path).resolvingSymlinksInPath()
            try Data(file.after.utf8).write(to: url, options: .atomic)
        } catch {
            Terminal.current.complain(
                "\(file.path):1:1: the file can't be written; check the mode of the file and of its folder [unwritable-file]"
            )
            throw ExitCode(ExitStatus.findings)
        }
    }
}
