internal import Diagnostics
internal import Indexing
public import Responders
internal import SourceCode
internal import Synchronization

/// The index is made and kept up with its roots while the server runs.
extension Code {
    public func prepareToRun() { self.live.prepareToRun() }

    public func run() async {
        await self.live.run({ self.reload() }, followUp: { await self.tag() })
        self.state.withLock { $0 = State() }
    }

    /// Has what changed files define said by a parser.
    private func tag() async {
        guard let tagger, let index = await self.live.ready() else { return }
        do {
            try await tagger.tag(index)
            let size = try index.size()
            self.state.withLock { $0.update?.symbols = size.symbols }
        } catch {
            self.report(error)
        }
    }

    // MARK: Content

    public var contentFolders: [String] {
        let found = self.state.withLock { $0.update?.folders ?? [] }
        // More can't be watched on most systems; the others are looked at every now and then.
        return Array(Set(found + self.roots.map(\.path) + self.reports).sorted().prefix(4_096))
    }

    public var contentID: ObjectIdentifier { ObjectIdentifier(self) }

    public var content: ContentState {
        self.state.withLock { state in
            ContentState(
                generation: state.generation,
                digest: "\(state.generation)",
                summary:
                    "\(counted(state.update?.files ?? 0, "file")), \(counted(state.update?.symbols ?? 0, "symbol"))",
                loadTime: state.loadTime,
                rejected: state.rejected
            )
        }
    }

    public func reload(whenDone: @escaping @Sendable () -> Void) { self.live.ask(whenDone: whenDone) }

    public func reload() {
        guard self.live.goesOn else { return }
        let start = self.services.clock.now
        do throws(CodeError) {
            let index = try self.live.opened { () throws(CodeError) in
                try CodeIndex.open(self.path, roots: self.roots, reports: self.reports, now: self.services.wallClock)
            }
            // What is there from an earlier run answers while it is brought up to date.
            if try index.size().files > 0 { self.live.beReady() }
            let update = try index.update(
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

extension CodeIndex: FiledIndex {}
