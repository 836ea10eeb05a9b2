internal import ArgumentParser
internal import NIOHTTP1

/// The command `claude-chat revoke`.
struct RevokeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke",
        abstract: "Take back what a visitor, an agent or a program may do.",
        discussion: """
            Live connections end within a second, and none of its tokens is accepted any \
            more. A visitor whose session was taken back begins a new one.

              claude-chat revoke --session s_8QmZ…
              claude-chat revoke --subject user:4711 --site shop
              claude-chat revoke --token 1HZaLCZSBaxF8p9muLJ3AI

            Asks the running server, with server.admin_token of the configuration.
            Exit status: 0 taken back, 1 no server answers or it refused, 2 wrong usage.
            """
    )

    @OptionGroup var server: RunningServerOptions

    @Option(help: ArgumentHelp("A visitor's session.", valueName: "id"))
    var session: String?

    @Option(help: ArgumentHelp("Everybody of this name: user:ID, agent:NAME or service:NAME.", valueName: "subject"))
    var subject: String?

    @Option(help: ArgumentHelp("One token, by its \"jti\".", valueName: "jti"))
    var token: String?

    @Option(help: ArgumentHelp("At this site alone.", valueName: "name"))
    var site: String?

    func validate() throws {
        guard [self.session, self.subject, self.token].count(where: { $0 != nil }) == 1 else {
            throw ValidationError("name one of --session, --subject and --token")
        }
    }

    func run() async throws {
        let body = JSONText.object([
            ("session", self.session), ("subject", self.subject), ("jti", self.token), ("site", self.site),
        ])
        _ = try await self.server.ask(.POST, "/api/admin/revoke", body: body)
        Terminal.current.write("taken back")
    }
}
