internal import ArgumentParser
internal import Messages
internal import Plugins
internal import Rules
internal import SourceCode

/// The command `claude-chat code search`.
struct CodeSearchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "search",
        abstract: "See which places of the code a text finds, and why.",
        discussion: """
            Looks for the text as it stands, and for what looks like code in it: names, quoted \
            texts, stack traces, parts of errors. Changes nothing: claude-chat code index brings \
            the index up to date.

              claude-chat code search 'the basket has no items'
              claude-chat code search 'Basket.total' --json
            """
    )

    @Argument(help: "The text.") var text: String
    @Option(help: ArgumentHelp("How many places at most, 1 to 100.", valueName: "n")) var limit = 10
    @Flag(help: "Print JSON, one object a line.") var json = false
    @OptionGroup var options: ConfigurationOptions

    func validate() throws {
        guard 1...100 ~= self.limit else { throw ValidationError("--limit takes 1 to 100") }
        guard self.text.utf8.count >= 3 else { throw ValidationError("write three letters or more") }
    }

    func run() async throws {
        for code in try self.options.code() {
            let answer: CodeAnswer
            do {
                let index = try CodeIndex.open(
                    code.path,
                    roots: code.roots,
                    now: { SystemClocks().timestamp().milliseconds }
                )
                defer { index.close() }
                answer = try await index.search(CodeQuery(self.text, limit: self.limit, isLiteral: true))
            } catch {
                Terminal.current.complain("\(error)")
                throw ExitCode(ExitStatus.findings)
            }
            for place in answer.places { Terminal.current.write(self.json ? Self.json(place) : Self.text(place)) }
            if answer.places.isEmpty, !self.json { Terminal.current.write("nothing has it") }
            if answer.isPartial {
                Terminal.current.complain("there may be more: the search has read as much as it may")
            }
        }
    }

    private static func text(_ place: CodePlace) -> String {
        let symbol = place.symbol.map { "  \($0.shown)" } ?? ""
        let head = "\(place.name)  \(place.reason.word)\(symbol)"
        let lines =
            place.excerpt?.numbered.split(separator: "\n").map { "    \(printable(String($0), limit: 500))" } ?? []
        return ([printable(head, limit: 500)] + lines).joined(separator: "\n")
    }

    private static func json(_ place: CodePlace) -> String {
        JSONValue.object([
            ("path", .text(place.path)), ("line", .number(Double(place.line))), ("reason", .text(place.reason.word)),
            ("symbol", place.symbol.map { .text($0.shown) } ?? .null),
            ("text", place.excerpt.map { .text($0.numbered) } ?? .null), ("url", place.url.map { .text($0) } ?? .null),
        ]).description
    }
}
