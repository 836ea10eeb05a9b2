import Documents
import Foundation
import Testing

@Suite("snippets show text, never markup")
struct SnippetTests {
    private static let hostile = [
        "<img src=x onerror=alert(1)> needle", "</script><script>alert(1)</script> needle",
        "{{x}} [needle](javascript:alert(1))",
        "\u{E000}<b>\u{E001} needle", "&lt;svg onload=alert(1)&gt; needle", "`</mark>` needle <mark>", "\"'><b>needle",
    ]

    @Test("H2: what an index was fed with shows as text, and only <mark> is markup", arguments: Self.hostile)
    func markdown(text: String) throws {
        let folder = try DocumentFolder()
        try folder.write("# \(text)\n\n\(text)\n\n```\n\(text)\n```", to: "a.md")
        try folder.write("\(text)\n====\n\n\(text)", to: "b.rst")
        try folder.write("<h1>&lt;b&gt;needle</h1><p>&lt;img onerror=alert(1)&gt; needle", to: "c.html")
        let index = try folder.indexed()
        let hits = try index.searchNow(DocumentQuery("needle"))
        #expect(hits.count == 3)
        for hit in hits {
            let html = hit.snippet.html
            let rest = html.replacing("<mark>", with: "").replacing("</mark>", with: "")
            #expect(
                !rest.contains("<") && !rest.contains(">") && !rest.contains("\"") && !rest.contains("'"),
                "\(html)"
            )
            #expect(html.contains("<mark>needle</mark>"))
            #expect(!hit.snippet.plain.unicodeScalars.contains { 0xE000...0xF8FF ~= $0.value })
            #expect(!hit.heading.unicodeScalars.contains { 0xE000...0xF8FF ~= $0.value })
        }
    }

    @Test("a snippet is cut at a word and its marks are closed")
    func cut() throws {
        let folder = try DocumentFolder()
        try folder.write("# A\n\n" + String(repeating: "needle-in-a-haystack&straw ", count: 400), to: "a.md")
        let hit = try #require(try folder.indexed().searchNow(DocumentQuery("needle")).first)
        #expect(hit.snippet.plain.count <= Snippet.maximumCharacters)
        #expect(hit.snippet.plain.hasSuffix("…"))
        let html = hit.snippet.html
        #expect(html.split(separator: "<mark>").count - 1 <= html.split(separator: "</mark>").count)
        #expect(html.ranges(of: "<mark>").count == html.ranges(of: "</mark>").count)
        #expect(html.contains("&amp;straw"))
    }
}
