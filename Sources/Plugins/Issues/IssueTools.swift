internal import Messages
internal import Responders
internal import Tracker

/// Lets the model look for issues that are known.
struct FindIssue: Tool {
    struct Input: ToolInput {
        var words: String
        static let descriptions = ["words": "What is broken, in a few words: \"checkout fails error 502\"."]
    }

    let issues: Issues
    let name = "find_issue"
    let description = """
        Looks for known problems of this site that are like what the visitor describes, and says how they stand. Use it \
        before a problem is reported.
        """

    func call(_ input: Input, in turn: Turn) async throws -> String {
        guard self.issues.isRunning else { throw ToolError("the tracker is not running") }
        do {
            let intake = IssueIntake(self.issues, try self.issues.route())
            let draft = try IssueDraft(of: turn, title: input.words)
            // Less is asked than for an offer to the visitor: the model judges.
            let found = try await intake.offerable(like: draft, from: 0.2).prefix(5)
            guard !found.isEmpty else { return "nothing like it is known" }
            return found.map { "\($0.ref.shownName): \($0.title)" }.joined(separator: "\n")
        } catch {
            throw self.issues.toolError(error)
        }
    }
}

/// Lets the model prepare a report, which the visitor decides about.
struct CreateIssue: Tool {
    struct Input: ToolInput {
        var title: String
        var text: String
        static let descriptions = [
            "title": "What is broken, in one line.",
            "text": "What the visitor did, what happened and what was expected, in the visitor's own words.",
        ]
    }

    let issues: Issues
    let name = "create_issue"
    let description = """
        Prepares a report of a problem for the people who run this site. The visitor sees it and decides whether it is sent. \
        Use it once the visitor wants something reported and has said what happened.
        """

    func call(_ input: Input, in turn: Turn) async throws -> String {
        guard self.issues.isRunning, !turn.isRehearsal else { throw ToolError("nothing can be reported here") }
        do {
            let intake = IssueIntake(self.issues, try self.issues.route())
            let draft = try IssueDraft(of: turn, title: input.title, text: input.text, labels: self.issues.labels)
            // One report for each message, however often a model asks.
            let key = DedupeKey("\(turn.id)/tool")
            let lang = turn.message.lang
            let outcome = try await intake.take(draft, key: key, lang: lang, isSeen: false)
            if let reference = outcome.values["reference"] { return "It was sent as \(reference)." }
            let word = IssueTexts.of(lang).send
            return "It is prepared and not sent. Tell the visitor to write \"\(word)\" to see it and to send it."
        } catch {
            throw self.issues.toolError(error)
        }
    }
}

extension Issues {
    /// What a model is told of an error.
    func toolError(_ error: any Error) -> ToolError {
        if let error = error as? TrackerError, error.code == .invalidIssue || error.code == .tooManyDrafts {
            return ToolError("\(error.place): \(error.explanation)")
        }
        self.report(error)
        return ToolError("reports can't be taken at the moment")
    }
}
