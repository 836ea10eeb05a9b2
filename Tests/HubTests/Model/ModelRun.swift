/// Runs schedules and makes a report of the first that breaks a promise.
struct ModelRun {
    let profile: Profile

    /// Runs schedules of consecutive seeds.
    ///
    /// - Parameters:
    ///   - count: How many.
    ///   - first: The first seed.
    /// - Returns: A report of the first failure, or nothing.
    func firstFailure(of count: Int, from first: UInt64) -> String? {
        for seed in first..<first + UInt64(count) {
            let schedule = Schedule(seed: seed, self.profile)
            if self.violation(of: schedule) != nil { return self.report(schedule, seed, ran: seed - first + 1) }
        }
        return nil
    }

    private func violation(of schedule: Schedule) -> Violation? { self.run(schedule, isTracing: false).violation }

    private func run(_ schedule: Schedule, isTracing: Bool) -> (violation: Violation?, trace: [String]) {
        let world = World(schedule, isTracing: isTracing)
        do {
            for step in schedule.steps { try world.perform(step) }
            try world.finish()
            return (nil, world.trace)
        } catch {
            return (error as? Violation ?? Violation("test", "\(error)"), world.trace)
        }
    }

    private func report(_ schedule: Schedule, _ seed: UInt64, ran count: UInt64) -> String {
        let smallest = self.shrink(schedule)
        let (violation, trace) = self.run(smallest, isTracing: true)
        return """
            \(violation.map { "\($0)" } ?? "the failure didn't come back")
            seed \(seed), found by schedule \(count) of "\(self.profile.rawValue)"; run it alone with
            CLAUDE_CHAT_MODEL_SEED=\(seed) swift test --filter ModelTests/\(self.profile.rawValue)
            \(smallest.steps.count) of its \(schedule.steps.count) steps are enough:
            \(trace.joined(separator: "\n"))
            """
    }

    /// Leaves out steps for as long as the schedule still fails: half of them at once, then fewer and fewer.
    private func shrink(_ schedule: Schedule) -> Schedule {
        var smallest = schedule
        var size = max(1, schedule.steps.count / 2)
        var runsLeft = 2_000
        while runsLeft > 0 {
            var start = 0
            var hasShrunk = false
            while start < smallest.steps.count, runsLeft > 0 {
                var candidate = smallest
                candidate.steps.removeSubrange(start..<min(start + size, candidate.steps.count))
                runsLeft -= 1
                if self.violation(of: candidate) != nil {
                    smallest = candidate
                    hasShrunk = true
                } else {
                    start += size
                }
            }
            if size == 1, !hasShrunk { break }
            if !hasShrunk { size = max(1, size / 2) }
        }
        return smallest
    }
}
