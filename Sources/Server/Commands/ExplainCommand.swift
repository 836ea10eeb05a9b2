internal import ArgumentParser
internal import Diagnostics
internal import Messages
internal import Responders
internal import Rules
internal import Synchronization

/// The command `claude-chat explain`.
struct ExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "See who answers a message, and why the others do not.",
        discussion: """
            Runs one message through a chain, as the first one of a conversation. Nothing \
            is stored and no server is needed. The first line says which responder and \
            which rule answered; then come the chain's steps, the rules that were looked \
            at and why they did not answer, and the reply.

              claude-chat explain "the checkout is broken" --page /shop/cart
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
    @Option(help: ArgumentHelp("The chain, if not that of the site.", valueName: "name")) var chain: String?
    @Option(help: ArgumentHelp("The time at the site, today.", valueName: "HH:MM")) var time = "12:00"
    @Flag(help: "Somebody is there to whom the conversation can be handed over.") var staffed = false
    @Flag(help: "Also ask responders that reach beyond the server; without it they are not asked (offline).")
    var live = false
    @Flag(help: "Also list the rules that lack a word of the message.") var all = false
    @Flag(help: "Print the record of the turn as JSON, as claude-chat trace does.") var json = false
    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
        let incidents = Mutex<[Incident]>([])
        let configuration: Configuration
        do throws(Rejection) {
            configuration = try self.options.load { incident in incidents.withLock { $0.append(incident) } }
            incidents.withLock { $0 = [] }
        } catch {
            Terminal.current.complain(DiagnosticReport(error.diagnostics).text)
            Terminal.current.complain("\(DiagnosticReport(error.diagnostics).count); there is no chain to ask")
            throw ExitCode(ExitStatus.findings)
        }
        let site = configuration.sites.first { $0.name == self.site }
        let chain = try Self.chain(named: self.chain ?? site?.chain(on: self.page), of: configuration)
        let turn = try self.turn(at: site)
        let parts = self.live ? chain.runningResponders : []
        let clock = Terminal.current.clock
        let (result, problems) = await running(parts) {
            // What a program takes to start is no part of its first call.
            let problems = await waitUntilStarted(parts, within: ConfigurationReloader.startTime, on: clock)
            return (await chain.run(turn), problems)
        }
        // What a program wrote to its error output, and how it ended, says more than that it did.
        for incident in incidents.withLock(\.self) {
            let details = incident.details.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
            Terminal.current.complain("\(incident.message): \(printable(details.joined(separator: " "), limit: 1_000))")
        }
        for problem in problems {
            Terminal.current.complain("\(problem.problem)\(problem.hint.map { "; \($0)" } ?? "") [\(problem.code)]")
        }
        guard !self.json else {
            let record = TurnTrace(result, keepsContent: true).json
            return Terminal.current.write(String(decoding: record, as: UTF8.self))
        }
        Terminal.current.write(try ExplainReport(result, showsAll: self.all).text())
    }

    private static func chain(named name: String?, of configuration: Configuration) throws -> Chain {
        guard let chain = configuration.chain(named: name) else {
            let hint = suggestion(for: name ?? "", among: configuration.chains.keys)
            throw ValidationError("unknown chain \"\(name ?? "")\"; \(hint)")
        }
        return chain
    }

    private func siteValues() throws -> [String: String] {
        do throws(RuleContext.ArgumentProblem) {
            return try RuleContext.vars(self.vars)
        } catch {
            throw ValidationError("\(error)")
        }
    }

    private func turn(at site: Site?) throws -> Turn {
        guard let localTime = TimeOfDay(self.time) else {
            throw ValidationError("\"\(self.time)\" is not a time like \"09:00\"")
        }
        return Turn(
            id: TurnID("t_explain"),
            message: Incoming(id: "explain", text: self.text, lang: self.lang),
            conversation: Conversation(sessionID: "explain", site: self.site, topic: self.topic, said: [:]),
            page: Page(path: self.page, title: self.title, vars: try self.siteValues()),
            localTime: localTime,
            isOpen: site?.isOpen(at: localTime, onDayOf: SystemClocks().timestamp().milliseconds),
            isStaffed: self.staffed,
            texts: site?.texts ?? SiteTexts()
        )
    }
}

extension Chain {
    /// Runs a turn to its end and traces it.
    fileprivate func run(_ turn: Turn) async -> ChainResult {
        switch self.begin(turn, tracing: true) {
        case .finished(let result): result
        case .waiting(let run): await self.finish(run)
        }
    }
}
