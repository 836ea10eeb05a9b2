internal import Crypto
internal import Messages
public import Responders
internal import Tracker

extension Issues: NoticeSource {
    /// A longer comment loses its end, in characters.
    private static let longestComment = 2_000

    public func notices() async throws -> [Notice] {
        guard self.isRunning else { return [] }
        if let tracker = try self.tracker() { try await tracker.file.collectNews(of: tracker, named: tracker.name) }
        return try await self.file().news().map(self.notice(of:))
    }

    public func delivered(_ notice: Notice) async throws {
        let file = try self.file()
        for news in try await file.news() where self.notice(of: news) == notice { try await file.told(news) }
    }

    private func notice(of news: IssueNews) -> Notice {
        let texts = IssueTexts.of(news.lang)
        let reference = news.ref.shownName
        let text: String
        switch news.kind {
        case .filed:
            let named = texts.filed.replacing("{reference}", with: reference)
                .replacing("{issue}", with: news.ref.shownNumber)
            text = ([named] + (self.showsLinks ? [news.ref.url].compactMap { $0 } : [])).joined(separator: "\n")
        case .state(let state):
            text = texts.news.replacing("{reference}", with: reference)
                .replacing("{state}", with: texts.phases[state.phase] ?? state.word)
        case .comment(let comment):
            let shown = comment.count > Self.longestComment ? comment.prefix(Self.longestComment) + "…" : comment[...]
            text = texts.comment.replacing("{reference}", with: reference) + "\n\n" + shown
        }
        return Notice(
            id: self.id(of: news),
            site: news.site.rawValue,
            sessionID: news.session.rawValue,
            text: text
        )
    }

    /// Unique in a conversation; what a tracker on another machine calls things may have any form.
    private func id(of news: IssueNews) -> String {
        guard self.remote != nil else { return "issue-\(news.ref.id)-\(news.change)" }
        let name = [news.ref.tracker, news.ref.id, news.change].joined(separator: "\0")
        let digest = SHA256.hash(data: Array(name.utf8)).prefix(16)
        return "issue-" + digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
