internal import Diagnostics
internal import Responders
internal import Rules
internal import Synchronization

/// The set of rules that messages are answered by, until a newer one takes its place.
///
/// Any number of threads ask for it at once; a message asks once and keeps what it got.
final class LiveRuleSet: Sendable {
    private struct State: Sendable {
        var ruleSet: RuleSet
        var loadTime: Duration
        var generation = 1
        var rejected: [Diagnostic] = []
    }

    private let folder: String
    private let allowsEmpty: Bool
    private let health: RuleHealth
    private let clock: TurnClock
    private let cache = RuleCache()
    private let state: Mutex<State>

    /// Loads the first set.
    ///
    /// - Parameters:
    ///   - folder: The folder of the files.
    ///   - allowsEmpty: Whether a folder without a rule is taken.
    ///   - health: Knows the rules that are out.
    ///   - clock: Tells how long a load takes.
    /// - Throws: Every mistake of its files.
    init(folder: String, allowsEmpty: Bool, health: RuleHealth, clock: TurnClock) throws(Rejection) {
        self.folder = folder
        self.allowsEmpty = allowsEmpty
        self.health = health
        self.clock = clock
        let start = clock.now
        let ruleSet = try RuleSet.load(folder: folder, health: health, cache: self.cache, allowsEmpty: allowsEmpty)
        self.state = Mutex(State(ruleSet: ruleSet, loadTime: clock.now - start))
    }

    /// The newest set whose files had no mistake.
    var current: RuleSet { self.state.withLock { $0.ruleSet } }

    /// The same, and how many sets there were until it, as ``content`` counts them.
    var currentWithGeneration: (ruleSet: RuleSet, generation: Int) {
        self.state.withLock { ($0.ruleSet, $0.generation) }
    }

    /// What became of its rules since the server started: see ``RuleSet/activity(ofAtMost:)``.
    var activity: [RuleActivity] { self.current.activity() }

    /// The folder, and the one of the site's own rules in it.
    var folders: [String] {
        [self.folder, self.folder.hasSuffix("/") ? "\(self.folder)local" : "\(self.folder)/local"]
    }

    var content: ContentState {
        self.state.withLock { state in
            ContentState(
                generation: state.generation,
                digest: state.ruleSet.digest,
                summary: state.ruleSet.summary,
                loadTime: state.loadTime,
                suspended: state.ruleSet.quarantined,
                rejected: state.rejected
            )
        }
    }

    /// Loads the files again; see ``ReloadableResponder/reload()``.
    func reload() {
        let start = self.clock.now
        do throws(Rejection) {
            // After a rejection everything is looked at again: a file that can't be read is no part of the digest.
            let previous = self.state.withLock { $0.rejected.isEmpty ? $0.ruleSet : nil }
            let ruleSet = try RuleSet.load(
                folder: self.folder,
                health: self.health,
                after: previous,
                cache: self.cache,
                allowsEmpty: self.allowsEmpty
            )
            let loadTime = self.clock.now - start
            self.state.withLock { state in
                state.rejected = []
                guard ruleSet.digest != state.ruleSet.digest else { return }
                ruleSet.replace(state.ruleSet)
                state.ruleSet = ruleSet
                state.loadTime = loadTime
                state.generation += 1
            }
        } catch {
            let diagnostics = error.diagnostics
            self.state.withLock { $0.rejected = diagnostics }
        }
    }
}

extension RuleSet {
    /// `6 files, 40 rules, 130 tests`.
    var summary: String {
        [(self.fileCount, "file"), (self.ruleCount, "rule"), (self.testCount, "test")].map(counted)
            .joined(separator: ", ")
    }
}
