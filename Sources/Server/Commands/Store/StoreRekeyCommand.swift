internal import ArgumentParser
internal import Rules
internal import Store

/// The command `claude-chat store rekey`.
struct StoreRekeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rekey",
        abstract: "Encrypt everything with the first key of the configuration.",
        discussion: """
            First start the server with the new key as the first one and the old ones \
            beside it. Then this goes on beside traffic, in small steps, and ends with \
            writing the file anew, for which messages wait and which takes the size of the \
            store twice, once of it in SQLITE_TMPDIR; when it is done, take the old keys out.

              store: {keys: {s2: {env: CHAT_STORE_KEY_2}, s1: {env: CHAT_STORE_KEY}}}
              systemctl restart claude-chat && claude-chat store rekey

            Exit status: 0 done, 1 not possible, 2 wrong usage, 130 ended by Ctrl+C: call it \
            again to go on.
            """
    )

    @OptionGroup var access: StoreAccess
    @Flag(help: "Print JSON.") var json = false

    func run() async throws {
        let settings = try self.access.settings()
        let stopped = "what was encrypted so far stays so, and all keys are needed still; begin again to go on"
        let key = settings.options.keys?.active.id
        let act = AuditedAct("rekeyed", begun: "rekey-begun", [("key", key)])
        let count = try await StoreAccess.work(on: settings, noting: act, "encrypting", stopped: stopped) {
            store,
            report in
            try await store.rekey(progress: report)
        }
        try StoreAccess.note(act.done, act.details + [("records", "\(count)")], on: settings)
        let json = JSONValue.object([("key", .text(key)), ("records", .integer(count))])
        let text =
            "\(counted(count, "record")) encrypted anew; everything is encrypted with \(key ?? ""), "
            + "and no other key is needed"
        Terminal.current.write(self.json ? json.description : text)
    }
}
