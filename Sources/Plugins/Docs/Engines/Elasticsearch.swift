/// Elasticsearch and OpenSearch.
///
/// Never `query_string`, whose syntax visitors could write.
///
/// | call | answer |
/// | --- | --- |
/// | `POST /INDEX/_search` `{size, query: {multi_match}, highlight, _source, timeout}` | `hits.hits[]`: `_source`, `highlight`; `timed_out` where it didn't look everywhere |
///
/// <https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-search>
struct Elasticsearch: SearchDialect {
    let headers: [(String, String)]
    let index: String
    let fields: HitFields
    /// How long the engine may look, in milliseconds.
    let milliseconds: Int

    func call(_ words: [String], limit: Int) -> SearchCall {
        let names: JSONValue = [.text("\(self.fields.title)^4"), .text(self.fields.text)]
        let words = JSONValue.text(words.joined(separator: " "))
        return SearchCall(
            path: "/\(self.index.percentEncoded)/_search",
            body: [
                "size": JSONValue(limit), "query": ["multi_match": ["query": words, "fields": names]],
                "highlight": ["encoder": "html", "fields": .object([.init(self.fields.text, .object([]))])],
                "_source": .list(self.fields.names.map { .text($0) }), "timeout": .text("\(self.milliseconds)ms"),
            ]
        )
    }

    func hits(_ answer: TrackerDocument) -> [SearchHit]? {
        guard case .list(let hits)? = answer["hits"]?["hits"] else { return nil }
        return hits.compactMap { hit in
            guard let source = hit["_source"] else { return nil }
            let pieces = hit["highlight"]?[self.fields.text]?.items.compactMap(\.text) ?? []
            return self.fields.hit(source, passage: pieces.isEmpty ? nil : pieces.joined(separator: " … "))
        }
    }

    func isPartial(_ answer: TrackerDocument) -> Bool {
        let failed = answer["_shards"]?["failed"]?.text ?? "0"
        return answer["timed_out"] == .flag(true) || failed != "0"
    }
}
