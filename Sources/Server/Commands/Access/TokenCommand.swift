internal import ArgumentParser
internal import FoundationEssentials
internal import NIOHTTP1

/// The command `claude-chat token`.
struct TokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "Sign a token for an agent or a program.",
        discussion: """
            A program shows it in the header "Authorization: Bearer TOKEN", and needs no \
            Origin then. It is good for 12 hours; whoever has it has the access, so it is \
            printed once and stored nowhere.

              claude-chat token --site shop --role service --name importer

            Asks the running server, with server.admin_token of the configuration.
            Exit status: 0 printed, 1 no server answers or it refused, 2 wrong usage.
            """
    )

    enum Role: String, ExpressibleByArgument, CaseIterable { case agent, service }

    @OptionGroup var server: RunningServerOptions

    @Option(help: ArgumentHelp("The site that it is for.", valueName: "name"))
    var site: String

    @Option(help: "Who shows it: agent or service.")
    var role: Role

    @Option(help: ArgumentHelp("How it is called, at most 80 bytes; an agent signs with it.", valueName: "text"))
    var name: String?

    @Flag(help: "Print the server's answer as JSON.") var json = false

    private struct Answer: Decodable { var token: String }

    func run() async throws {
        let body = JSONText.object([("site", self.site), ("role", self.role.rawValue), ("name", self.name)])
        let answer = try await self.server.ask(.POST, "/api/admin/tokens", body: body)
        let token = try JSONDecoder().decode(Answer.self, from: Data(answer.utf8)).token
        Terminal.current.write(self.json ? answer : token)
    }
}
