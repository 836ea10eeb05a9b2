internal import ArgumentParser
internal import Responders
internal import Rules

/// The command `claude-chat rules explain`.
struct RulesExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "See which rule answers a message, and why the others do not.",
        discussion: """
            Runs one message against the files on disk, as the first one of a \
            conversation; nothing is changed. The first line is the rule that wins, with \
            what it matched; then come the rules that match too, or would but for a \
            condition, each with the reason why it lost. The files' tests need not hold.

              claude-chat rules explain 'the checkout hangs' --page /shop/cart
              claude-chat rules explain 'still broken' --topic bug --vars plan=pro
            """
    )

    @Argument(help: "The message.") var text: String
    @Option(help: ArgumentHelp("The page on which it was written.", valueName: "path")) var page = "/"
    @Option(help: ArgumentHelp("The title of that page.", valueName: "text")) var title: String?
    @Option(help: ArgumentHelp("What the conversation is about.", valueName: "name")) var topic: String?
    @Option(help: ArgumentHelp("The language that the page reports.", valueName: "tag")) var lang: String?
    @Option(help: ArgumentHelp("The site of the page.", valueName: "name")) var site = "default"
    @Option(help: ArgumentHelp("A value that the site sets, once for each.", valueName: "name=text"))
    var vars: [String] = []
    @Flag(help: "List every rule, also those whose pattern does not match.") var all = false
    @OptionGroup var options: RulesOptions

    func validate() throws {
        do throws(RuleContext.ArgumentProblem) {
            _ = try RuleContext.vars(self.vars)
        } catch {
            throw ValidationError("\(error)")
        }
    }

    func run() async throws {
        let book = try self.options.load(or: "there is no rule to ask")
        let context = RuleContext(
            page: RuleContext.Page(path: self.page, title: self.title),
            lang: self.lang,
            site: self.site,
            vars: try RuleContext.vars(self.vars),
            topic: self.topic,
            session: "explain"
        )
        let explanation = book.set.explain(self.text, in: context)
        let report = RuleExplanationReport(explanation, time: self.time(of: book.set, in: context), showsAll: self.all)
        if self.options.json {
            for line in report.json { Terminal.current.write(line.description) }
        } else {
            Terminal.current.write(report.text)
        }
    }

    /// What one answer costs: the median of several, the first of which warm up.
    private func time(of set: RuleSet, in context: RuleContext) -> Duration {
        var scanner = Rules.Scanner()
        let clock = Terminal.current.clock
        let times = (0..<101).map { _ in
            let start = clock.now
            _ = set.answer(to: self.text, in: context, using: &scanner)
            return clock.now - start
        }
        return times.sorted()[times.count / 2]
    }
}
