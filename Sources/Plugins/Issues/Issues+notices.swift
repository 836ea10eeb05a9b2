internal import Messages
public import Responders
internal import Tracker

extension Issues: NoticeSource {
    /// A longer comment loses its end, in characters.
    private static let longestComment = 2_000

    public func notices() async throws -> [Notice] {
        guard self.isRunning else { return [] }
        let tracker = try self.tracker()
        try await tracker.file.collectNews(of: tracker, named: tracker.name)
        return try await tracker.file.news().map(self.notice(of:))
    }

    public func delivered(_ notice: Notice) async throws {
        let tracker = try self.tracker()
        for news in try await tracker.file.news() where self.notice(of: news) == notice {
            try await tracker.file.told(news)
        }
    }

    private func notice(of news: IssueNews) -> Notice {
        let texts = IssueTexts.of(news.lang)
        let reference = news.ref.reference ?? "#\(news.ref.number)"
        let text: String
        switch news.kind {
        case .state(let state):
            text = texts.news.replacing("{reference}", with: reference)
                .replacing("{state}", with: texts.phases[state.phase] ?? state.word)
        case .comment(let comment):
            let shown = comment.count > Self.longestComment ? comment.prefix(Self.longestComment) + "…" : comment[...]
            text = texts.comment.replacing("{reference}", with: reference) + "\n\n" + shown
        }
        return Notice(
            id: "issue-\(news.ref.id)-\(news.change)",
            site: news.site.rawValue,
            sessionID: news.session.rawValue,
            text: text
        )
    }
}
