internal import ArgumentParser
internal import Documents
internal import FoundationEssentials
internal import Plugins
internal import Rules

/// The command `claude-chat docs search`.
struct DocsSearchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "search",
        abstract: "See which sections a text finds, and how well.",
        discussion: """
            Prints score, address and title of each page, the best first, and the passage; \
            also what is below min_score, with a note. Changes nothing: claude-chat docs index \
            brings the index up to date.

              claude-chat docs search 'return damaged goods' --lang en
              claude-chat docs search 'return damaged goods' --json
            """
    )

    @Argument(help: "The words.") var text: String
    @Option(help: ArgumentHelp("The language of the visitor's page.", valueName: "tag")) var lang: String?
    @Option(help: ArgumentHelp("The page on which it was asked.", valueName: "path")) var page: String?
    @Option(help: ArgumentHelp("How many pages at most, 1 to 100.", valueName: "n")) var limit = 10
    @Flag(help: "Print JSON, one object a line, with the passage as HTML.") var json = false
    @OptionGroup var options: ConfigurationOptions

    func validate() throws {
        guard 1...100 ~= self.limit else { throw ValidationError("--limit takes 1 to 100") }
    }

    func run() async throws {
        for docs in try self.options.docs() where !docs.sources.isEmpty {
            let hits: [DocumentHit]
            guard FileManager.default.fileExists(atPath: docs.path) else {
                Terminal.current.complain(
                    "\(docs.path): there is no index yet; make it: claude-chat docs index [no-index]"
                )
                throw ExitCode(ExitStatus.findings)
            }
            do {
                let index = try DocumentIndex.open(docs.path, synonyms: docs.synonyms) { 0 }
                defer { index.close() }
                let query = DocumentQuery(self.text, lang: self.lang, page: self.page, limit: self.limit)
                hits = try await index.search(query)
            } catch {
                Terminal.current.complain("\(error)")
                throw ExitCode(ExitStatus.findings)
            }
            for line in self.lines(hits, docs) { Terminal.current.write(line) }
        }
    }

    private func lines(_ hits: [DocumentHit], _ docs: Docs) -> [String] {
        guard !self.json else {
            return hits.map { hit in
                JSONValue.object([
                    ("score", .number(hit.percent / 100)), ("url", .text(hit.url)), ("title", .text(hit.shownTitle)),
                    ("html", .text(hit.snippet.html)),
                ]).description
            }
        }
        guard !hits.isEmpty else { return ["nothing has these words"] }
        return hits.flatMap { hit in
            let note = hit.score < docs.minimumScore ? ", below min_score" : ""
            let head = "\(Int(hit.percent)) %\(note)  \(printable(hit.url, limit: 500))  \(printable(hit.shownTitle))"
            return hit.snippet.isEmpty
                ? [head] : [head, "    \(printable(hit.snippet.text(open: "[", close: "]"), limit: 500))"]
        }
    }
}

extension DocumentHit {
    /// The score in percent.
    fileprivate var percent: Double { (self.score * 100).rounded() }
}
