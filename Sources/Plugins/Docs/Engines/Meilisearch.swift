/// Meilisearch: a key that may search alone is enough.
///
/// | call | answer |
/// | --- | --- |
/// | `POST /indexes/INDEX/search` `{q, limit, attributesToRetrieve, attributesToCrop, cropLength}` | `hits[]`: the fields, and `_formatted` with those that are cropped |
///
/// <https://www.meilisearch.com/docs/reference/api/search>
struct Meilisearch: SearchDialect {
    let headers: [(String, String)]
    let index: String
    let fields: HitFields

    func call(_ words: [String], limit: Int) -> SearchCall {
        SearchCall(
            path: "/indexes/\(self.index.percentEncoded)/search",
            body: [
                "q": .text(words.joined(separator: " ")), "limit": JSONValue(limit),
                "attributesToRetrieve": .list(self.fields.names.map { .text($0) }),
                "attributesToCrop": [.text(self.fields.text)], "cropLength": 40,
            ]
        )
    }

    func hits(_ answer: TrackerDocument) -> [SearchHit]? {
        guard case .list(let hits)? = answer["hits"] else { return nil }
        return hits.compactMap { self.fields.hit($0, passage: $0["_formatted"]?[self.fields.text]?.text) }
    }
}
