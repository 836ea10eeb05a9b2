internal import Crypto
internal import FoundationEssentials
internal import Responders
internal import Store
internal import Synchronization

/// The small stores of plugins, one for each name of an entry; whoever is called the same after a reload has the same.
///
/// Any thread.
final class PluginStates: Sendable {
    private struct State {
        /// Where they are kept; in memory alone without it.
        var folder: String?
        var known: [String: PluginState] = [:]
        var files: [StateFile] = []
    }

    private let state = Mutex(State())
    private let report: @Sendable (Incident) -> Void

    /// - Parameter report: Told where one can't be kept.
    init(report: @escaping @Sendable (Incident) -> Void = { _ in }) { self.report = report }

    /// Has those that are used from now on kept beyond the process.
    ///
    /// - Parameter folder: Made at the first use.
    func keep(in folder: String) { self.state.withLock { $0.folder = folder } }

    /// The store of entries of a name.
    func state(of name: String) -> PluginState {
        self.state.withLock { state in
            if let known = state.known[name] { return known }
            let made = PluginState(opening: { self.open(name) })
            state.known[name] = made
            return made
        }
    }

    private func open(_ name: String) -> (any PluginStateFile)? {
        guard let folder = self.state.withLock({ $0.folder }) else { return nil }
        let report: @Sendable (StoreError) -> Void = { [report = self.report] problem in
            let details = ["responder.name": name, "store.problem": "\(problem)"]
            report(Incident(.error, "What a plugin keeps can't be kept", details: details))
        }
        do throws(StoreError) {
            let file = try StateFile.openOrReplace("\(folder)/\(Self.fileName(name)).sqlite", failed: report)
            self.state.withLock { $0.files.append(file) }
            return KeptState(file: file, failed: report)
        } catch {
            report(error)
            return nil
        }
    }

    /// A name of an entry may have any character.
    private static func fileName(_ name: String) -> String {
        let isPlain = name.utf8.allSatisfy { byte in
            UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
                || byte == UInt8(ascii: "-")
        }
        guard !isPlain || !(1...64 ~= name.utf8.count) else { return name }
        let digest = SHA256.hash(data: Data(name.utf8)).prefix(16)
        return "x-" + digest.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    /// Writes what waits; nothing is kept any more.
    func close() {
        let files = self.state.withLock { state in
            defer { state.files = [] }
            return state.files
        }
        for file in files { file.close() }
    }
}

/// A file as a ``PluginState`` sees it.
private struct KeptState: PluginStateFile {
    let file: StateFile
    let failed: @Sendable (StoreError) -> Void

    func entries() -> [String: PluginState.Entry] {
        let now = Int64(Date().timeIntervalSince1970 * 1_000)
        do throws(StoreError) {
            return try self.file.entries(after: now, atMost: PluginState.maximumCount).mapValues {
                PluginState.Entry($0.value, until: $0.end)
            }
        } catch {
            self.failed(error)
            return [:]
        }
    }

    func write(_ key: String, _ entry: PluginState.Entry?) {
        self.file.write(key, entry.map { StateFile.Entry($0.value, until: $0.end) })
    }
}
