internal import Messages
internal import Responders
internal import Tracker

/// What has become of a wish to report something.
struct IssueOutcome: Sendable, Hashable {
    /// For the text of whoever asked: `id`, `number`, `reference`, `url` where there is an issue.
    var values: [String: String] = [:]
    /// For the visitor.
    var reply: Reply?
}

/// Leads a report from the visitor's words to an issue.
struct IssueIntake: Sendable {
    private let issues: Issues
    private let route: IssueRoute

    init(_ issues: Issues, _ route: IssueRoute) {
        self.issues = issues
        self.route = route
    }

    // MARK: Wishes

    /// Takes a wish to report something.
    ///
    /// - Parameters:
    ///   - draft: What is to be reported, with the session.
    ///   - key: One for each wish; the same again changes nothing.
    ///   - lang: The language of the page.
    ///   - isSeen: Whether the visitor is shown the reply right away.
    /// - Returns: An issue, or a question for the visitor.
    /// - Throws: What the file can't do, or `too-many-drafts`.
    func take(
        _ draft: IssueDraft,
        key: DedupeKey,
        lang: String?,
        isSeen: Bool = true
    ) async throws(TrackerError) -> IssueOutcome {
        let file = self.route.file
        if let known = try await self.route.known(key) { return IssueOutcome(values: self.values(of: known)) }
        let similar = try await self.offerable(like: draft).first
        if similar == nil, !self.issues.confirms {
            return IssueOutcome(values: self.values(of: try await self.route.send(draft, key, lang)))
        }
        let phase: PendingIssue.Phase = !isSeen ? .unseen : similar == nil ? .shown : .offered
        let pending = try await file.keep(draft, as: key, lang: lang, similar: similar, phase: phase)
        return IssueOutcome(reply: self.question(of: pending))
    }

    /// Issues that are like a draft and that its visitor may be told of, the likeliest first.
    func offerable(like draft: IssueDraft, from threshold: Double? = nil) async throws(TrackerError) -> [SimilarIssue] {
        let least = threshold ?? self.issues.threshold
        return try await self.similar(to: draft).filter {
            ($0.isPublic || $0.isOwn) && $0.score >= least
        }
    }

    /// How long a visitor waits for the search of a tracker on another machine.
    private static let searchLimit = Duration.milliseconds(1_500)

    private func similar(to draft: IssueDraft) async throws(TrackerError) -> [SimilarIssue] {
        let tracker = self.route.tracker
        guard self.route.outbox != nil else { return try await tracker.similar(to: draft, limit: 50) }
        let clock = self.issues.services.clock
        // A report without the question is better than none.
        return await withTaskGroup(of: [SimilarIssue]?.self) { group in
            group.addTask { try? await tracker.similar(to: draft, limit: 50) }
            group.addTask {
                try? await clock.sleep(for: Self.searchLimit)
                return nil
            }
            defer { group.cancelAll() }
            return (await group.next() ?? nil) ?? []
        }
    }

    /// How the reports of a session stand.
    func standing(of session: SessionID, at site: SiteID, lang: String?) async throws(TrackerError) -> IssueOutcome {
        let texts = IssueTexts.of(lang)
        let watched = try await self.route.file.watched(by: session, at: site)
        guard let newest = watched.first else {
            return IssueOutcome(values: ["count": "0"], reply: self.reply(texts.none, texts))
        }
        let lines = watched.prefix(5).map { issue in
            "\(issue.ref.shownName): \(texts.phases[issue.phase] ?? issue.phase.rawValue)"
        }
        var values = self.values(of: newest.ref)
        values["count"] = "\(watched.count)"
        values["state"] = texts.phases[newest.phase]
        let text = ([texts.standing] + lines).joined(separator: "\n")
        return IssueOutcome(values: values, reply: self.reply(text, texts, watched.prefix(5).map(\.ref)))
    }

    // MARK: Answers of the visitor

    /// Takes the press of a button; the same press again gives the same answer and does nothing.
    ///
    /// - Returns: Nothing where the button isn't one of what waits.
    func take(_ press: IssueTexts.Press, of pending: PendingIssue) async throws(TrackerError) -> Reply? {
        let texts = IssueTexts.of(pending.lang)
        switch (pending.phase, press) {
        case (.offered, .same), (.joined, .same): return try await self.join(pending, texts)
        case (.unseen, .send) where pending.similar != nil:
            try await self.route.file.move(pending.id, to: .offered)
            return self.question(of: pending)
        case (.unseen, .send), (.offered, .other), (.offered, .send):
            guard self.issues.confirms else { return try await self.send(pending, texts) }
            try await self.route.file.move(pending.id, to: .shown)
            return self.preview(of: pending)
        case (.shown, .send), (.declined, .send), (.sent, .send): return try await self.send(pending, texts)
        case (.shown, .other): return self.preview(of: pending)
        case (.unseen, .notNow), (.offered, .notNow), (.shown, .notNow), (.declined, .notNow):
            try await self.route.file.move(pending.id, to: .declined)
            return self.reply(texts.declined, texts)
        default: return nil
        }
    }

    private func send(_ pending: PendingIssue, _ texts: IssueTexts) async throws(TrackerError) -> Reply {
        let ref = try await self.route.send(pending.draft, pending.id, pending.lang)
        try await self.route.file.move(pending.id, to: .sent, issue: ref)
        return self.reply(self.named(ref.isNamed ? texts.noted : texts.queued, ref), texts, [ref])
    }

    /// Adds the visitor's words to what is known, once, and has the session hear of it.
    private func join(_ pending: PendingIssue, _ texts: IssueTexts) async throws(TrackerError) -> Reply? {
        guard let similar = pending.similar, let session = pending.draft.session else { return nil }
        try await self.route.join(similar.ref, pending, by: session)
        try await self.route.file.move(pending.id, to: .joined, issue: similar.ref)
        return self.reply(self.named(texts.joined, similar.ref), texts, [similar.ref])
    }

    // MARK: Texts

    private func question(of pending: PendingIssue) -> Reply? {
        switch pending.phase {
        case .shown: return self.preview(of: pending)
        case .offered, .unseen:
            guard let similar = pending.similar else { return self.preview(of: pending) }
            let texts = IssueTexts.of(pending.lang)
            // The reference first: a title that has such words in it is a stranger's.
            let text = texts.known.replacing("{reference}", with: similar.ref.shownName)
                .replacing("{title}", with: similar.title)
            return self.reply(text, texts, [similar.ref], choices: [.same, .other])
        case .declined, .sent, .joined: return nil
        }
    }

    /// Everything that will be sent, as it will be sent.
    private func preview(of pending: PendingIssue) -> Reply {
        let texts = IssueTexts.of(pending.lang)
        let page = pending.draft.page.map { texts.page.replacing("{page}", with: $0) }
        let whole = [texts.preview, pending.draft.title, pending.draft.body, page].compactMap { $0 }
            .filter { !$0.isEmpty }.joined(separator: "\n\n")
        return self.reply(whole, texts, choices: [.send, .notNow])
    }

    private func reply(
        _ text: String,
        _ texts: IssueTexts,
        _ refs: [IssueRef] = [],
        choices: [IssueTexts.Press] = []
    ) -> Reply {
        Reply(
            text,
            // Markup in a stranger's words stays what it is.
            format: .plain,
            choices: choices.map { Reply.Choice(texts.label($0)) },
            links: self.issues.showsLinks
                ? refs.compactMap { ref in ref.url.map { Reply.Link(title: ref.reference ?? ref.number, url: $0) } }
                : [],
            lang: texts.lang
        )
    }

    private func named(_ text: String, _ ref: IssueRef) -> String {
        text.replacing("{reference}", with: ref.shownName).replacing("{number}", with: ref.number)
    }

    /// How many were found, and the likeliest.
    func values(of found: [SimilarIssue]) -> [String: String] {
        var values = found.first.map { self.values(of: $0.ref) } ?? [:]
        values["count"] = "\(found.count)"
        values["title"] = found.first?.title
        return values
    }

    private func values(of ref: IssueRef) -> [String: String] {
        var values: [String: String] = [:]
        if ref.isNamed { values = ["id": ref.id, "number": ref.number] }
        values["reference"] = ref.reference
        if self.issues.showsLinks { values["url"] = ref.url }
        return values
    }
}
