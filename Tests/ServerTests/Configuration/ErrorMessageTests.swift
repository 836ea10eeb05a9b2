import Testing

/// What people read who have made a mistake: each line word by word, and its code stays.
@Suite("mistakes of a configuration")
struct ErrorMessageTests {
    private static let broken = """
        version: 1
        default_chain: dmeo
        chains:
          demo:
            deadline: 8
            guard:
              - claude: {endpoint: 'https://api.anthropic.com', model: m, key: {env: NO_SUCH_KEY}, max_tokens: 100}
            answer:
              - away-notice: {opens_at: '18:00', closes_at: '08:00', text: Back at 8.}
              - rules: {path: rules/}
              - isues: {file: data/issues.sqlite}
              - rules: {path: rules/}
                timout: 2s
              - claude-stub: {}
              - webhook: {url: 'https://10.20.0.1/chat', secret: {env: NO_SUCH_SECRET}}
              - webhook: {url: 'https://orders.example/chat', secret: {env: NO_SUCH_SECRET}}
                as: orders
              - claude: {endpoint: 'https://api.anthropic.com', model: m, key: sk-ant-1, max_tokens: many}
                as: claude-next
                enabled: off
        """

    private static let expected = """
        claude-chat.yaml:2:1: default_chain: unknown chain "dmeo"; did you mean "demo"? [unknown-chain]
        claude-chat.yaml:5:5: chains.demo.deadline: expected a duration, found "8"; write a number and a unit, longer than \
        250ms and at most 1h: 8s [bad-duration]
        claude-chat.yaml:7:9: chains.demo.guard[0]: "claude" can't run in guard; it allows answer [stage-not-allowed]
        claude-chat.yaml:7:9: chains.demo.guard[0].claude: "system" is missing [missing-key]
        claude-chat.yaml:9:42: chains.demo.answer[0].away-notice.closes_at: the desk opens at 18:00 and closes at 08:00; \
        write opens_at before closes_at; hours past midnight go into sites.NAME.opening_hours [invalid-hours]
        claude-chat.yaml:11:9: chains.demo.answer[2]: unknown plugin "isues"; did you mean "issues"? [unknown-plugin]
        claude-chat.yaml:12:9: chains.demo.answer[3]: a second entry is called "rules"; give one of them another name: \
        as: rules-2 [duplicate-instance]
        claude-chat.yaml:13:9: chains.demo.answer[3].timout: unknown key "timout"; did you mean "timeout"? [unknown-key]
        claude-chat.yaml:14:9: chains.demo.answer[4].claude-stub: "script" is missing [missing-key]
        claude-chat.yaml:15:19: chains.demo.answer[5].webhook.url: "10.20.0.1" is no address of the public network; where \
        it is meant, allow its network: allow: ['10.20.0.1'] [private-target]
        claude-chat.yaml:16:55: chains.demo.answer[6].webhook.secret: the environment has no NO_SUCH_SECRET; set it before \
        the server starts [missing-secret]
        claude-chat.yaml:18:9: chains.demo.answer[7].claude: "system" is missing [missing-key]
        claude-chat.yaml:18:67: chains.demo.answer[7].claude.key: a secret stands in the file; write {env: NAME} \
        [secret-in-file]
        claude-chat.yaml:18:82: chains.demo.answer[7].claude.max_tokens: expected a whole number, found "many" [wrong-type]
        claude-chat.yaml:20:9: chains.demo.answer[7].enabled: expected true or false, found "off" [wrong-type]
        claude-chat.yaml:4:3: chains.demo.fallback: empty; the built-in sentence will answer; add "- fallback" [no-fallback]
        """

    @Test("are all told at once, each with its place, what is wrong and what to write")
    func broken() async throws {
        let rules = "version: 1\nrules: [{id: hello, match: hello, reply: Hi, tests: [{say: hello}, {not: help}]}]\n"
        let run = try await CommandRun(["check"], files: ["claude-chat.yaml": Self.broken, "rules/a.yaml": rules])
        let lines = run.output.split(separator: "\n").filter { $0.hasPrefix("claude-chat.yaml:") }.map(String.init)
        #expect(run.status == 1)
        #expect(lines.joined(separator: "\n") == Self.expected)
    }
}
