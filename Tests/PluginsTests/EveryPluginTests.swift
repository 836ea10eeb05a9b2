import Diagnostics
import Foundation
import Plugins
import Responders
import RespondersTesting
import Testing

/// What every plugin must keep, new ones included: nobody has to remember to write these tests.
@Suite("every plugin")
struct EveryPluginTests {
    /// A responder made of the plugin's sample, with the files that the sample names.
    private func responder(
        of manifest: PluginManifest,
        _ sample: String,
        in folder: ScratchFolder
    ) throws -> any Responder {
        try PluginRegistry.builtin().makeResponder(
            named: manifest.name,
            at: Place(file: "sample.yaml"),
            settings: Settings(yaml: sample, file: "sample.yaml", keyPath: manifest.name),
            services: PluginServices(baseFolder: folder.path, clock: TurnClock(ManualClock()))
        )
    }

    @Test("accepts its own sample and answers its own examples", arguments: try PluginRegistry.builtin().manifests)
    func sampleAndExamples(manifest: PluginManifest) async throws {
        let folder = try ScratchFolder(manifest.sampleFiles)
        let desk = Desk(try self.responder(of: manifest, manifest.sample, in: folder))
        // A web service is nobody's to start, so its plugins have none.
        #expect(!manifest.examples.isEmpty || ["claude", "webhook"].contains(manifest.name))
        for example in manifest.examples {
            try await desk.hears(example.text, at: example.time, lang: example.lang).expect(example.verdict)
        }
    }

    @Test("refuses a key that is not in its sample", arguments: try PluginRegistry.builtin().manifests)
    func unknownKey(manifest: PluginManifest) throws {
        let folder = try ScratchFolder(manifest.sampleFiles)
        let rejection = #expect(throws: Rejection.self) {
            try self.responder(of: manifest, manifest.sample + "\nno_such_key_anywhere: 1", in: folder)
        }
        #expect(rejection?.diagnostics.map(\.code) == ["unknown-key"])
        #expect(rejection?.diagnostics.first?.place.keyPath == "\(manifest.name).no_such_key_anywhere")
    }

    @Test("has the name of its type and folder, in kebab case", arguments: try PluginRegistry.builtin().manifests)
    func name(manifest: PluginManifest) throws {
        let folder = try ScratchFolder(manifest.sampleFiles)
        let responder = try self.responder(of: manifest, manifest.sample, in: folder)
        let type = manifest.name.split(separator: "-").map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
        #expect("\(Swift.type(of: responder))" == type)
        let root = #filePath.components(separatedBy: "/Tests/")[0]
        let file = "\(root)/Sources/Plugins/\(type)/\(type).swift"
        #expect(FileManager.default.fileExists(atPath: file), "\(file)")
    }

    @Test("what it runs beside the turns ends when it is told to", arguments: try PluginRegistry.builtin().manifests)
    func ends(manifest: PluginManifest) async throws {
        let folder = try ScratchFolder(manifest.sampleFiles)
        let responder = try self.responder(of: manifest, manifest.sample, in: folder)
        guard let running = responder as? any RunningResponder else { return }
        // It returns when everything has ended that was started.
        await Responders.running([running]) {}
    }

    @Test("is listed in alphabetical order")
    func order() throws {
        let names = try PluginRegistry.builtin().names
        #expect(names == names.sorted())
    }
}
