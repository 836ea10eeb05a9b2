internal import ArgumentParser
internal import Diagnostics
internal import Responders

/// The command `claude-chat plugins`.
struct PluginsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plugins",
        abstract: "See the responders that a chain can name.",
        discussion: """
            Start a chain with the sample of a plugin: it has every key, with a comment.

              claude-chat plugins list
              claude-chat plugins sample rules

            A plugin may be a program in any language; check tries it.

              claude-chat plugins check -- python3 plugins/returns.py
            """,
        subcommands: [List.self, Sample.self, Check.self]
    )

    /// The command `claude-chat plugins list`.
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the plugins: name, stages, what it does.",
            discussion: """
                A plugin is named in a stage of a chain of claude-chat.yaml, and only in a \
                stage that its line lists:

                  chains:
                    demo:
                      answer:
                        - rules: {path: rules/}
                      fallback:
                        - fallback
                """
        )

        func run() async throws {
            let manifests = Terminal.current.registry.manifests
            let width = manifests.map(\.name.count).max() ?? 0
            let stages = manifests.map(\.stageList.count).max() ?? 0
            for manifest in manifests {
                let name = manifest.name.padding(to: width)
                Terminal.current.write("\(name)  \(manifest.stageList.padding(to: stages))  \(manifest.summary)")
            }
        }
    }
}

extension String {
    func padding(to width: Int) -> String {
        self + String(repeating: " ", count: Swift.max(0, width - self.count))
    }
}
