internal import ArgumentParser
internal import FoundationEssentials
internal import NIOHTTP1

/// The command `claude-chat connections`.
struct ConnectionsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "connections",
        abstract: "Show who is connected to the running server.",
        discussion: """
            What somebody wrote is not shown, and no token.

              claude-chat connections
              claude-chat connections --session s_8QmZ…
              claude-chat connections --disconnect w-0-17

            Asks the running server, with server.admin_token of the configuration.
            Exit status: 0 shown, 1 no server answers or it refused, 2 wrong usage.
            """
    )

    @OptionGroup var server: RunningServerOptions

    @Option(help: ArgumentHelp("Those of one session alone.", valueName: "id"))
    var session: String?

    @Option(help: ArgumentHelp("End this one; its client may come back.", valueName: "id"))
    var disconnect: String?

    @Flag(help: "Print the server's answer as JSON.") var json = false

    func validate() throws {
        for name in [self.session, self.disconnect].compactMap(\.self) {
            guard name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x2F && $0 != 0x26 && $0 != 0x25 }) else {
                throw ValidationError("\"\(printable(name))\" is no name of a session or a connection")
            }
        }
    }

    private struct Page: Decodable {
        var count: Int
        var connections: [Connection]
    }

    private struct Connection: Decodable {
        var id: String
        var transport: String
        var site: String
        var session: String
        var role: String?
        var page: String?
        var queuedBytes: Int?
        var expiresIn: Int?
    }

    func run() async throws {
        if let disconnect {
            _ = try await self.server.ask(.POST, "/api/admin/connections/\(disconnect)/disconnect")
            Terminal.current.write("disconnected")
            return
        }
        let filter = self.session.map { "&session=\($0)" } ?? ""
        let answer = try await self.server.ask(.GET, "/api/admin/connections?limit=1000\(filter)")
        guard !self.json else { return Terminal.current.write(answer) }
        self.show(try JSONDecoder().decode(Page.self, from: Data(answer.utf8)))
    }

    private func show(_ page: Page) {
        var table = TextTable(numeric: [4, 5])
        table.append(["id", "transport", "site", "session", "queued", "expires", "page"])
        for connection in page.connections {
            table.append([
                connection.id, connection.transport, connection.site, connection.session,
                connection.queuedBytes.map { grouped($0) } ?? "", connection.expiresIn.map { "\(grouped($0)) s" } ?? "",
                printable(connection.page ?? "", limit: 60),
            ])
        }
        let lines = page.connections.isEmpty ? [] : table.lines
        Terminal.current.write((lines + [counted(page.count, "connection")]).joined(separator: "\n"))
    }
}
