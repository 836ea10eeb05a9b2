internal import Diagnostics
internal import Responders

extension Configuration {
    /// Runs the conversations that the chains name as their tests.
    ///
    /// - Parameters:
    ///   - registry: The plugins that the configuration may name.
    ///   - files: Gets the files of the conversations.
    /// - Returns: How many there are.
    /// - Throws: What is wrong in them.
    func runTranscripts(
        with registry: PluginRegistry,
        _ files: FileRecord = FileRecord()
    ) async throws(Rejection) -> (conversations: Int, messages: Int) {
        var (mistakes, conversations, messages) = ([Diagnostic](), 0, 0)
        for (chain, patterns) in self.transcripts.sorted(by: { $0.key < $1.key }) {
            let suite = TranscriptSuite(configuration: self.file, registry: registry, chain: chain)
            for (pattern, place) in patterns {
                let names = Transcript.files(matching: pattern)
                if names.isEmpty {
                    let hint = "paths start at the configuration's folder; a star stands in their last part"
                    mistakes.append(Diagnostic("no-file", at: place, "no file is \"\(pattern)\"", hint: hint))
                }
                for name in names {
                    files.note(name)
                    let outcome = try await suite.run(name)
                    mistakes += outcome.problems
                    (conversations, messages) = (conversations + 1, messages + outcome.exchanges.count)
                }
            }
        }
        guard mistakes.isEmpty else { throw Rejection(mistakes) }
        return (conversations, messages)
    }
}
