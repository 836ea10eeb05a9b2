internal import Crypto
internal import FoundationEssentials
internal import NIOPosix
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
        var files: [KeptState] = []
    }

    private let state = Mutex(State())
    private let report: @Sendable (Incident) -> Void

    /// - Parameter report: Told where one can't be kept.
    init(report: @escaping @Sendable (Incident) -> Void = { _ in }) { self.report = report }

    /// Has them kept beyond the process, those that will be known later among them.
    ///
    /// Reads the disk.
    ///
    /// - Parameter folder: Made when the first one has something to keep.
    func keep(in folder: String) {
        let known = self.state.withLock { state in
            state.folder = folder
            return state.known
        }
        for (name, state) in known { self.keep(state, of: name, in: folder) }
    }

    /// The store of entries of a name; reads the disk where it is a new one.
    func state(of name: String) -> PluginState {
        let (found, folder, isNew) = self.state.withLock { state in
            if let known = state.known[name] { return (known, state.folder, false) }
            let made = PluginState()
            state.known[name] = made
            return (made, state.folder, true)
        }
        if isNew, let folder { self.keep(found, of: name, in: folder) }
        return found
    }

    private func keep(_ state: PluginState, of name: String, in folder: String) {
        let file = KeptState("\(folder)/\(Self.fileName(name)).sqlite") { [report = self.report] problem in
            let details = ["responder.name": name, "store.problem": "\(problem)"]
            report(Incident(.error, "What a plugin keeps can't be kept", details: details))
        }
        self.state.withLock { $0.files.append(file) }
        state.keep(in: file)
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

/// A file as a ``PluginState`` sees it: made when there is something to be kept, by a thread that may wait for the disk.
private final class KeptState: PluginStateFile {
    private struct Writing {
        var file: StateFile?
        /// What waits for the file.
        var changes: [String: PluginState.Entry?] = [:]
        /// Whether somebody has begun to open it.
        var isBegun = false
    }

    private let path: String
    private let failed: @Sendable (StoreError) -> Void
    /// Held while the file is opened.
    private let opened = Mutex<StateFile?>(nil)
    private let writing = Mutex(Writing())

    init(_ path: String, failed: @escaping @Sendable (StoreError) -> Void) {
        self.path = path
        self.failed = failed
    }

    func entries() -> [String: PluginState.Entry] {
        guard FileManager.default.fileExists(atPath: self.path), let file = self.open() else { return [:] }
        let now = Int64(Date().timeIntervalSince1970 * 1_000)
        do throws(StoreError) {
            return try file.entries(after: now, atMost: PluginState.maximumCount).mapValues {
                PluginState.Entry($0.value, until: $0.end)
            }
        } catch {
            self.failed(error)
            return [:]
        }
    }

    func write(_ key: String, _ entry: PluginState.Entry?) {
        let begins = self.writing.withLock { writing in
            guard writing.file?.write(key, entry) == nil else { return false }
            writing.changes[key] = .some(entry)
            defer { writing.isBegun = true }
            return !writing.isBegun
        }
        if begins { NIOThreadPool.singleton.submit { _ in self.open() } }
    }

    /// Opens the file, which waits for the disk, and gives it what waits.
    @discardableResult
    private func open() -> StateFile? {
        self.opened.withLock { opened in
            if let opened { return opened }
            do throws(StoreError) {
                opened = try StateFile.openOrReplace(self.path, failed: self.failed)
            } catch {
                self.failed(error)
            }
            let file = opened
            self.writing.withLock { writing in
                writing.isBegun = true
                for (key, entry) in writing.changes { file?.write(key, entry) }
                (writing.changes, writing.file) = ([:], file)
            }
            return file
        }
    }

    /// Writes what waits; nothing is kept any more.
    func close() {
        let waits = self.writing.withLock { !$0.changes.isEmpty }
        let file = waits ? self.open() : self.opened.withLock(\.self)
        file?.close()
    }
}

extension StateFile {
    fileprivate func write(_ key: String, _ entry: PluginState.Entry?) {
        self.write(key, entry.map { StateFile.Entry($0.value, until: $0.end) })
    }
}
