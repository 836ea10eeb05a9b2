internal import Diagnostics
internal import FoundationEssentials
package import Responders

/// Tries a plugin of this server: its sample is a configuration, what is not in it is refused, and its examples hold.
package struct SampleCheck: Sendable {
    private let registry: PluginRegistry
    private let manifest: PluginManifest
    private let clock: TurnClock

    /// - Parameters:
    ///   - manifest: Of the plugin.
    ///   - registry: Knows the plugin.
    ///   - clock: The plugin's.
    package init(_ manifest: PluginManifest, of registry: PluginRegistry, clock: TurnClock = .continuous) {
        self.clock = clock
        self.manifest = manifest
        self.registry = registry
    }

    /// Runs all cases.
    ///
    /// - Parameter report: Told how each went, in order.
    /// - Returns: Whether all are as they must be.
    /// - Throws: What the file system says; the files that the sample names are written into a folder for a while.
    package func run(_ report: (PluginCheck.Outcome) -> Void) async throws -> Bool {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("claude-chat-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        for (path, text) in self.manifest.sampleFiles.merging(["": ""], uniquingKeysWith: { first, _ in first }) {
            let file = folder.appendingPathComponent(path)
            let parent = path.isEmpty ? folder : file.deletingLastPathComponent()
            try FileManager.default.createDirectory(at: parent, withIntermediateDirectories: true)
            guard !path.isEmpty else { continue }
            try Data(text.utf8).write(to: file)
            // Some are secrets, which nobody else may read.
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file.path)
        }
        var isFine = true
        for (name, run) in self.cases {
            let outcome = await run(folder.path)
            isFine = isFine && outcome.fault == nil
            report(PluginCheck.Outcome(name: name, detail: outcome.detail, fault: outcome.fault))
            if name == "sample", outcome.fault != nil { break }
        }
        return isFine
    }

    private typealias Found = (detail: String, fault: PluginCheck.Fault?)

    private var cases: [(name: String, run: (_ folder: String) async -> Found)] {
        [("sample", self.sample), ("unknown key", self.unknownKey), ("examples", self.examples)]
    }

    private func responder(_ sample: String, in folder: String) throws(Rejection) -> any Responder {
        let settings: Settings
        do throws(Diagnostic) {
            settings = try Settings(yaml: sample, file: "sample.yaml", keyPath: self.manifest.name)
        } catch {
            throw Rejection([error])
        }
        return try self.registry.makeResponder(
            named: self.manifest.name,
            at: Place(file: "sample.yaml"),
            settings: settings,
            services: PluginServices(baseFolder: folder, clock: self.clock).reachingServices()
        )
    }

    private func sample(in folder: String) async -> Found {
        do throws(Rejection) {
            let responder = try self.responder(self.manifest.sample, in: folder)
            return (responder.contents ?? "is a configuration", nil)
        } catch {
            return ("", Self.fault(of: error))
        }
    }

    private static func fault(of rejection: Rejection) -> PluginCheck.Fault {
        let text = DiagnosticReport(rejection.diagnostics).text.split(separator: "\n").joined(separator: " | ")
        return PluginCheck.Fault("bad-sample", text, hint: "write a sample that is a whole configuration")
    }

    private func unknownKey(in folder: String) async -> Found {
        let key = "no_such_key_anywhere"
        do throws(Rejection) {
            _ = try self.responder("\(self.manifest.sample)\n\(key): 1", in: folder)
        } catch {
            guard error.diagnostics.map(\.code) == ["unknown-key"] else { return ("", Self.fault(of: error)) }
            return ("refused", nil)
        }
        let hint = "leave openKeys to mappings whose keys are free"
        return ("", PluginCheck.Fault("takes-any-key", "a key that is not in the sample is taken", hint: hint))
    }

    private func examples(in folder: String) async -> Found {
        guard !self.manifest.examples.isEmpty else { return ("none written", nil) }
        do {
            let responder = try self.responder(self.manifest.sample, in: folder)
            let parts = [responder as? any RunningResponder].compactMap(\.self)
            return try await running(parts) { () async throws -> Found in
                for example in self.manifest.examples {
                    if let fault = try await Self.fault(of: responder, to: example) { return ("", fault) }
                }
                return ("\(self.manifest.examples.count) of \(self.manifest.examples.count)", nil)
            }
        } catch {
            return ("", PluginCheck.Fault("example-failed", "an example throws \(error)"))
        }
    }

    private static func fault(
        of responder: any Responder,
        to example: PluginManifest.Example
    ) async throws -> PluginCheck.Fault? {
        guard let time = TimeOfDay(example.time) else {
            return PluginCheck.Fault("example-failed", "\"\(example.time)\" is no time", hint: "write HH:MM")
        }
        let turn = Turn(
            id: TurnID("t_check"),
            message: Incoming(id: "m1", text: example.text, lang: example.lang),
            conversation: Conversation(sessionID: "check"),
            localTime: time
        )
        let verdict = try await responder.respond(to: turn).whole()
        guard !verdict.looks(like: example.verdict) else { return nil }
        let hint = "mend the plugin, or the example"
        return PluginCheck.Fault(
            "example-failed",
            "\"\(example.text)\" at \(example.time): expected \(example.verdict.shown), got \(verdict.shown)",
            hint: hint
        )
    }
}

extension Verdict {
    /// For people: `reply "Hi!"`.
    fileprivate var shown: String {
        switch self {
        case .reply(let reply, _, _, _): "reply \"\(reply.text)\""
        case .pass(let reason?): "pass with \(reason)"
        case .suppress(let reason, _): "suppress with \(reason)"
        case .fail(let failure): "fail with \(failure.code)"
        case .pass, .augment, .stream, .handoff: self.word
        }
    }
}
