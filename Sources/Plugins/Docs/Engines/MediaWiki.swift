internal import Tracker

/// MediaWiki's search, by one of its two APIs.
///
/// | API | call | answer |
/// | --- | --- | --- |
/// | `…/api.php` | `?action=query&list=search&srsearch=WORDS` | `query.search[]`: `title`, `pageid`, `snippet`; `error.code` with 200 |
/// | `…/rest.php` | `/v1/search/page?q=WORDS` | `pages[]`: `id`, `key`, `title`, `excerpt` |
///
/// <https://www.mediawiki.org/wiki/API:Search>, <https://www.mediawiki.org/wiki/API:REST_API/Reference>
struct MediaWiki: SearchDialect {
    let headers: [(String, String)]
    let isREST: Bool
    /// The address of a page, by `{id}`, `{key}` or `{title}`.
    let link: TemplateText

    static let names: Set<String> = ["id", "key", "title"]

    func call(_ words: [String], limit: Int) -> SearchCall {
        let text = words.joined(separator: " ")
        guard !self.isREST else {
            return SearchCall(path: "/v1/search/page", query: [("q", text), ("limit", "\(limit)")])
        }
        return SearchCall(
            query: [
                ("action", "query"), ("list", "search"), ("srsearch", text), ("srlimit", "\(limit)"),
                ("srprop", "snippet"), ("format", "json"), ("formatversion", "2"),
            ]
        )
    }

    func hits(_ answer: TrackerDocument) -> [SearchHit]? {
        guard case .list(let pages)? = self.isREST ? answer["pages"] : answer["query"]?["search"] else { return nil }
        return pages.compactMap { page in
            guard let title = page["title"]?.text, let id = page[self.isREST ? "id" : "pageid"]?.text else {
                return nil
            }
            let key = page["key"]?.text ?? title.replacing(" ", with: "_")
            let url = self.link.filled(["id": id, "key": key, "title": title], escape: \.percentEncoded)
            let text = page[self.isREST ? "excerpt" : "snippet"]?.text ?? page["description"]?.text
            // A title is text: its angle brackets are no tags.
            return SearchHit(title: title.escapedHTML, text: text ?? "", url: url)
        }
    }

    func failure(_ answer: TrackerDocument) -> (code: String, kind: TrackerError.Kind)? {
        guard let code = answer["error"]?["code"]?.text else { return nil }
        let kind: TrackerError.Kind =
            switch code {
            case "ratelimited", "maxlag", "readonly": .busy
            case "readapidenied", "permissiondenied", "mustbeloggedin", "assertuserfailed", "badtoken": .denied
            case _ where code.hasPrefix("internal_api_error"): .broken
            default: .invalid
            }
        return ("wiki-error", kind)
    }
}

extension String {
    /// The text as HTML without any markup.
    var escapedHTML: String { self.replacing("&", with: "&amp;").replacing("<", with: "&lt;") }
}
