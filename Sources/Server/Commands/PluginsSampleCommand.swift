internal import ArgumentParser
internal import Diagnostics
internal import Foundation
internal import Responders

extension PluginsCommand {
    /// The command `claude-chat plugins sample`.
    struct Sample: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print a complete configuration of a plugin, or of all of them.",
            discussion: """
                Every key that the plugin knows, with a comment. Put it under the plugin's \
                name in a chain:

                  answer:
                    - rules:
                        path: rules/

                With --all it is a whole claude-chat.yaml, with every plugin; --files writes \
                the files that it names, where they aren't yet:

                  claude-chat plugins sample --all --files . | claude-chat check -
                """
        )

        @Argument(help: "The plugin's name.") var name: String?
        @Flag(help: "Print a configuration with all plugins.") var all = false
        @Option(help: ArgumentHelp("Write the files that the samples name into this folder.", valueName: "folder"))
        var files: String?

        func validate() throws {
            guard self.all == (self.name == nil) else { throw ValidationError("write the name of a plugin, or --all") }
        }

        func run() async throws {
            let registry = Terminal.current.registry
            let manifests = try self.name.map { [try Self.manifest(named: $0, of: registry)] } ?? registry.manifests
            if let files { for manifest in manifests { try Self.write(manifest.sampleFiles, into: files) } }
            Terminal.current.write(self.all ? Self.configuration(of: manifests) : manifests[0].commentedSample)
        }

        private static func manifest(named name: String, of registry: PluginRegistry) throws -> PluginManifest {
            guard let manifest = registry.manifest(named: name) else {
                throw ValidationError("unknown plugin \"\(name)\"; \(suggestion(for: name, among: registry.names))")
            }
            return manifest
        }

        private static func write(_ files: [String: String], into folder: String) throws {
            for (name, text) in files.sorted(by: { $0.key < $1.key }) {
                let file = URL(fileURLWithPath: folder).appendingPathComponent(name)
                guard !FileManager.default.fileExists(atPath: file.path) else { continue }
                try FileManager.default.createDirectory(
                    at: file.deletingLastPathComponent(),
                    withIntermediateDirectories: true
                )
                // A file may stand for a secret, which nobody else may read.
                let rights: [FileAttributeKey: Any] = [.posixPermissions: 0o600]
                guard FileManager.default.createFile(atPath: file.path, contents: Data(text.utf8), attributes: rights)
                else { throw ValidationError("\"\(file.path)\" can't be written") }
            }
        }

        /// A configuration whose one chain has each plugin once: in `answer` where it may stand there.
        private static func configuration(of manifests: [PluginManifest]) -> String {
            var lines = ["version: 1", "default_chain: samples", "chains:", "  samples:"]
            for stage in Stage.allCases {
                let inStage = manifests.filter { manifest in
                    let usual =
                        manifest.stages.contains(.answer)
                        ? .answer : Stage.allCases.first(where: manifest.stages.contains)
                    return usual == stage
                }
                guard !inStage.isEmpty else { continue }
                lines.append("    \(stage):")
                for manifest in inStage {
                    lines += ["      # \(manifest.summary)", "      - \(manifest.name):"]
                    lines += manifest.sample.split(separator: "\n", omittingEmptySubsequences: false).map { line in
                        line.isEmpty ? "" : "          \(line)"
                    }
                }
            }
            return lines.joined(separator: "\n")
        }
    }
}

extension PluginManifest {
    fileprivate var commentedSample: String { "# \(self.name): \(self.summary)\n\(self.sample)" }
}
