internal import Messages
public import Responders
internal import Tracker

/// What rules ask for: `create`, `find` and `status`.
extension Issues: ActionPerformer {
    public var operations: [String] { ["create", "find", "status"] }

    /// Performs an action.
    ///
    /// | operation | fields | values |
    /// | --- | --- | --- |
    /// | `create` | `title`, `text`, `kind`, `labels` | `id`, `number`, `reference`, `url` of an issue that was made |
    /// | `find` | `text` | `count`; `number`, `reference`, `title`, `url` of the likeliest |
    /// | `status` | none | `count`; `number`, `reference`, `state`, `url` of the newest report |
    ///
    /// With `confirm: true` a `create` shows the visitor what will be sent, and has no values yet.
    public func perform(_ action: Action, in turn: Turn) async throws -> ActionResult {
        guard self.isRunning else { throw Failure(.notRunning) }
        let fields = action.fields
        do {
            let intake = IssueIntake(self, try self.route())
            switch action.operation {
            case "create":
                let written = (fields["labels"] ?? "").split(separator: ",").map(String.init)
                let draft = try IssueDraft(
                    of: turn,
                    title: fields["title"],
                    text: fields["text"],
                    kind: fields["kind"],
                    labels: self.labels + written
                )
                let outcome = try await intake.take(draft, key: DedupeKey(action.key), lang: turn.message.lang)
                return ActionResult(outcome.values, reply: outcome.reply)
            case "find":
                let draft = try IssueDraft(of: turn, title: fields["text"])
                return ActionResult(intake.values(of: try await intake.offerable(like: draft)))
            case "status":
                guard let session = SessionID(turn.conversation.sessionID) else { return ActionResult() }
                let site = SiteID(turn.conversation.site) ?? .default
                let outcome = try await intake.standing(of: session, at: site, lang: turn.message.lang)
                return ActionResult(outcome.values, reply: outcome.reply)
            default: throw Failure("unknown-operation", action.operation)
            }
        } catch let error as TrackerError where error.code == .tooManyDrafts {
            let texts = IssueTexts.of(turn.message.lang)
            return ActionResult(reply: Reply(texts.tooMany, format: .plain, lang: texts.lang))
        } catch let error as TrackerError where error.code == .invalidIssue {
            // A message of nothing to read is nothing to report.
            return ActionResult()
        } catch let error as TrackerError {
            self.report(error)
            return ActionResult(reply: self.failureReply(turn.message.lang))
        }
    }
}
