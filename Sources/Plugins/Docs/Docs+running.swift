internal import Diagnostics
internal import Documents
internal import Indexing
public import Responders
internal import Synchronization

/// The index is made and kept up with its documents while the server runs.
extension Docs {
    public func prepareToRun() { self.live.prepareToRun() }

    public func run() async {
        await self.live.run { self.reload() }
        for engine in self.engines { await engine.close() }
        self.state.withLock { $0 = State() }
    }

    // MARK: Content

    public var contentFolders: [String] {
        let found = self.state.withLock { $0.update?.folders ?? [] }
        // More can't be watched on most systems; the others are looked at every now and then.
        return Array(Set(found + self.sources.map(\.folder)).sorted().prefix(4_096))
    }

    public var contentID: ObjectIdentifier { ObjectIdentifier(self) }

    public var content: ContentState {
        self.state.withLock { state in
            let (files, sections) = (state.update?.files ?? 0, state.update?.sections ?? 0)
            return ContentState(
                generation: state.generation,
                digest: "\(state.generation)",
                summary: "\(files) documents, \(sections) sections",
                loadTime: state.loadTime,
                rejected: state.rejected
            )
        }
    }

    public func reload(whenDone: @escaping @Sendable () -> Void) { self.live.ask(whenDone: whenDone) }

    public func reload() {
        guard self.live.goesOn, !self.sources.isEmpty else { return }
        let start = self.services.clock.now
        do throws(DocumentError) {
            let index = try self.live.opened { () throws(DocumentError) in
                try DocumentIndex.open(self.path, synonyms: self.synonyms, now: self.services.wallClock)
            }
            // What is there from an earlier run answers while it is brought up to date.
            if try index.size().files > 0 { self.live.beReady() }
            let update = try index.update(
                self.sources.filter(\.isThere),
                progress: { _, _ in self.live.goesOn },
                waiting: { self.live.waits(since: start) }
            )
            self.state.withLock { state in
                if state.update == nil || update.changed + update.removed > 0 { state.generation += 1 }
                state.update = update
                state.loadTime = self.services.clock.now - start
                state.rejected = update.problems.prefix(20).map(Diagnostic.leftOut)
            }
            self.live.beReady()
        } catch {
            guard self.live.goesOn else { return }
            if error.code == "broken-index" { self.live.forget() }
            self.report(error)
            self.state.withLock {
                $0.rejected = [Diagnostic(error.code, at: Place(file: error.place), error.explanation)]
            }
        }
    }
}

extension DocumentIndex: FiledIndex {}
