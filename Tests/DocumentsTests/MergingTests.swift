import Documents
import Testing

@Suite("what several engines find")
struct MergingTests {
    private static let words = QuestionWords("How do I return \"goods\"? intitle:-goods OR returning")

    private static func hit(_ url: String, title: String = "T") -> DocumentHit {
        DocumentHit(title: title, text: "", url: url, foundBy: words)
    }

    @Test("the words of a question are letters and digits, each once, without those that say nothing")
    func questionWords() {
        #expect(Self.words.words == ["return", "goods", "intitle"])
        #expect(QuestionWords("thank you, and hello").words == [])
        #expect(QuestionWords("Rücknahme {\"query\":{\"match_all\":{}}}").words == ["Rücknahme", "query", "match"])
        #expect(QuestionWords((0..<99).map { "word\($0)" }.joined(separator: " ")).words.count == 16)
        #expect(QuestionWords(String(repeating: "x", count: 100_000)).words == [])
    }

    @Test("a hit's score is the share of the question that it has, titles most; markup of others is none")
    func scores() {
        let words = QuestionWords("return goods")
        let full = DocumentHit(title: "Returning <em>good</em>", text: "", url: "/", foundBy: words)
        #expect(full.score == 1 && full.heading == "Returning good")
        let half = DocumentHit(
            title: "Other",
            text: "a good <script>return</script>&lt;i&gt;",
            url: "/",
            foundBy: words
        )
        #expect(half.score == 0.375 && half.snippet.plain == "a good <i>")
        #expect(half.snippet.html == "a good &lt;i&gt;")
        #expect(DocumentHit(title: "x", text: "return goods", url: "/", foundBy: words).score == 0.75)
    }

    @Test("results are merged by their places; what several have found is first")
    func order() {
        let lists = [["/a", "/b", "/c"], ["/d", "/c"], [], ["/e", "/e", "/a"]].map { $0.map { Self.hit($0) } }
        #expect(DocumentHit.merged(lists, limit: 9).map(\.url) == ["/a", "/c", "/d", "/e", "/b"])
        #expect(DocumentHit.merged(lists, limit: 2).count == 2)
        #expect(DocumentHit.merged([lists[0]], limit: 9) == lists[0])
        #expect(DocumentHit.merged([], limit: 9) == [])
    }

    @Test("merging keeps each address once, loses none, and is that of the plain formula")
    func property() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<200 {
            let lists = (0..<Int.random(in: 0...4, using: &random)).map { _ in
                (0..<8).shuffled(using: &random).prefix(Int.random(in: 0...8, using: &random)).map {
                    Self.hit("/\($0)")
                }
            }
            let merged = DocumentHit.merged(lists, limit: .max).map(\.url)
            #expect(Set(merged).count == merged.count && Set(merged) == Set(lists.joined().map(\.url)))
            let ranks = merged.map { url in
                lists.reduce(0.0) { sum, list in
                    sum + (list.firstIndex { $0.url == url }.map { 1 / Double(61 + $0) } ?? 0)
                }
            }
            #expect(zip(ranks, ranks.dropFirst()).allSatisfy { $0 >= $1 - 1e-12 })
        }
    }
}
