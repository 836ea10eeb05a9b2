import Documents
import Testing

@Suite("documents are read as text by heading")
struct ReaderTests {
    @Test("Markdown: front matter, headings of both kinds, code, links as their text, tags dropped")
    func markdown() {
        let page = MarkdownReader.page(
            """
            ---
            title: "Setup"
            lang: de
            ---
            Before *anything*.

            # First `step` #
            See [the guide](https://example.com/(x)) and ![a picture](a.png).<br>Then <b onclick="x">go</b>.
            ```sh
            ## no heading
            run --now
            ```
            Second step
            -----------
            snake_case and _emphasis_ &amp; more

            ### Named {#own-name}
            """
        )
        #expect(page.title == "Setup" && page.lang == "de")
        #expect(page.sections.map(\.heading) == ["Setup", "First step", "Second step", "Named"])
        #expect(page.sections.map(\.anchor) == [nil, "first-step", "second-step", "own-name"])
        #expect(page.sections[1].text.hasPrefix("See the guide) and a picture. Then go."))
        #expect(page.sections[1].text.contains("## no heading run --now"))
        #expect(page.sections[2].text == "snake_case and emphasis & more")
        #expect(page.sections[3].above == ["First step", "Second step"])
    }

    @Test("Markdown: what isn't shown isn't read, whatever empty lines are in it, and what is behind it is")
    func hidden() {
        let page = MarkdownReader.page(
            """
            # Shown
            <!-- draft

            The secret is forty percent.

            ## Hidden heading

            `-->` End.

            <!-- one --><!-- two

            --> Then more.

            <div hidden>

            wholesale <div>inner</div>

            ### No heading

            ```
            code
            ```
            </div>

            <script>
            let a = "<!--"

            let b = 1
            </script>
            > <!-- quoted
            > still
            > -->
            Last.
            <!-- never ends

            gone
            """
        )
        #expect(page.sections.map(\.heading) == ["Shown"])
        #expect(page.sections.map(\.text) == ["End.\nThen more.\nLast."])
    }

    @Test("Markdown: code is kept whole, whatever it looks like, and so is what isn't markup")
    func code() {
        let page = MarkdownReader.page(
            """
            Put the `<script>` tag at `</body>`. Then it appears.

            Use `Array<Int>`, `*.yaml`, ``a `b` c``, `a | b` and `&amp;` with 2 * 3 of `_x_`.

            An open ` tick, *stars*, <nav>menu</nav> and <span hidden>no</span> text.

            * one
            * two <form> field
            """
        )
        #expect(
            page.sections.map(\.text) == [
                "Put the <script> tag at </body>. Then it appears.\n"
                    + "Use Array<Int>, *.yaml, a `b` c, a | b and &amp; with 2 * 3 of _x_.\n"
                    + "An open tick, stars, and text.\none two field"
            ]
        )
        // Each row of another length: time in proportion to the length.
        let ticks = (1...1_500).map { String(repeating: "`", count: $0) }.joined(separator: " ")
        #expect(MarkdownReader.page(ticks + " end").sections.map(\.text) == ["end"])
        let links = String(repeating: "[](", count: 200_000)
        #expect(MarkdownReader.page(links + "end").sections.map(\.text.utf8.count) != [])
        let comments = String(repeating: "<!---->", count: 100_000)
        #expect(MarkdownReader.page(comments + "end").sections.map(\.text) == ["end"])
    }

    @Test("reStructuredText: comments aren't read; directives, targets and footnotes aren't comments")
    func comments() {
        let text = """
            Shown

            .. internal note
               goes on

               and on
            .. note:: Mind this.

               And that.

            ..

               A quote behind an empty comment.

            .. [1] A footnote.
            .. _target:

            End
            """
        #expect(
            PlainTextReader.page(text, hasAnchors: true).sections.map(\.text) == [
                "Shown\n.. note:: Mind this.\nAnd that.\nA quote behind an empty comment.\n.. [1] A footnote.\nEnd"
            ]
        )
        #expect(PlainTextReader.page(text, hasAnchors: false).sections[0].text.contains("internal"))
    }

    @Test("HTML: title, headings with their names, entities, and nothing that isn't shown")
    func html() {
        let page = HTMLReader.page(
            """
            <!DOCTYPE html><html lang="en"><head><title>Shop &mdash; Help</title><style>h1 { color: red }</style></head>
            <body><nav>Menu</nav><p hidden>hidden</p><div aria-hidden="true">invisible</div>
            <script>if (a < b) document.write("<h1>evil</h1>")</script>
            <h2 id="refunds">Refunds &amp; returns<a class="headerlink" href="#refunds">¶</a></h2>
            <p>Within <b>14</b> days&#46; <template>tpl</template>Ask us</p><!-- <h2>no</h2> -->
            <section id="late"><h3>Too late</h3><p>Sorry.</section>
            """
        )
        #expect(page.title == "Shop — Help" && page.lang == "en")
        #expect(page.sections.map(\.heading) == ["Refunds & returns", "Too late"])
        #expect(page.sections.map(\.anchor) == ["refunds", "late"])
        #expect(page.sections.map(\.text) == ["Within 14 days. Ask us", "Sorry."])
    }

    @Test(
        "HTML: an end that is left out hides no more than browsers do",
        arguments: [
            ("<svg class=i/><p>after</p>", "after"), ("<svg><path/></svg>after", "after"),
            ("<p hidden>draft <b>more</b><p>shown</p>", "shown"), ("<div><p hidden>draft</div>shown", "shown"),
            ("<ul><li hidden>a<ul><li>b</ul><li>c</ul>d", "c\nd"),
            ("<table><tr><td hidden>a<td>b<tr hidden><td>c<tr><td>d</table>e", "b\nd\ne"),
            ("<form runat=server><p>field</p></form>", "field"), ("<div hidden/>gone", ""),
            ("<footer>a<footer>b</footer>c</footer>d", "d"), ("<button>a<div>b</button>c", "c"),
        ]
    )
    func impliedEnds(html: String, text: String) {
        #expect(HTMLReader.page(html).sections.map(\.text).joined(separator: "\n") == text)
    }

    @Test("Markdown: indented code and code within a text are no headings and no fences")
    func indentedCode() {
        let page = MarkdownReader.page("# One\n\n    # install\n\n```code``` inline\n\n\t## two\n\n## Two\nend")
        #expect(page.sections.map(\.heading) == ["One", "Two"])
        #expect(page.sections[0].text == "# install\ncode inline\n## two")
    }

    @Test("headings and names of places are bounded in bytes, whatever one character is made of")
    func longHeadings() {
        let marks = String(repeating: "\u{301}", count: 100_000)
        let page = MarkdownReader.page("# a\(marks)\n\ntext\n\n## b {#\(String(repeating: "x", count: 1_000))}")
        #expect(page.title.utf8.count <= 400)
        #expect(page.sections.allSatisfy { $0.heading.utf8.count <= 400 })
        #expect(page.sections.last?.anchor == nil)
    }

    @Test("HTML: where the page marks its main part, only that is read")
    func main() {
        let page = HTMLReader.page("<div>Around</div><div role=main><div><h1>Here</h1>Text</div></div><div>Below</div>")
        #expect(page.sections.map(\.text) == ["Text"])
    }

    @Test("plain text: underlined headings, with names in reStructuredText alone")
    func plainText() {
        let text = "=====\nTitle\n=====\n\nSome :ref:`words` here.\n\nPart\n----\nMore\n"
        let page = PlainTextReader.page(text, hasAnchors: true)
        #expect(page.title == "Title")
        #expect(page.sections.map(\.heading) == ["Title", "Part"])
        #expect(page.sections.map(\.text) == ["Some words here.", "More"])
        #expect(page.sections[1].anchor == "part")
        #expect(PlainTextReader.page(text, hasAnchors: false).sections[1].anchor == nil)
    }

    @Test("MkDocs: sections by their place; a page's own entry is kept where it has none")
    func mkdocs() throws {
        let json = """
            {"config":{},"docs":[
            {"location":"","title":"Home","text":"<p>All of it</p>"},
            {"location":"a/","title":"A","text":"Intro. Part one text"},
            {"location":"a/#one","title":"Part one","text":"<p>one &lt;text&gt;</p>"}]}
            """
        let pages = try SearchIndexReader.pages(Array(json.utf8))
        #expect(pages.map(\.url) == ["", "a/"])
        #expect(pages[0].sections.map(\.text) == ["All of it"])
        #expect(pages[1].title == "A")
        #expect(pages[1].sections.map(\.text) == ["one <text>"])
        #expect(pages[1].sections.map(\.anchor) == ["one"])
        #expect(throws: ReadingProblem.self) { try SearchIndexReader.pages(Array("[]".utf8)) }
    }

    @Test("Sphinx: titles, headings and stems, with quoted and unquoted keys; nothing is evaluated")
    func sphinx() throws {
        let text = """
            Search.setIndex({docnames:["intro","guide/setup"],filenames:['intro.rst','guide/setup.rst'],
            titles:["Intro","Set \\u0022it\\u0022 up"],terms:{run:[0,1],instal:1},
            "alltitles":{"Requirements":[[1,"requirements"]],"Intro":[[0,null]],},envversion:null})
            """
        let pages = try SphinxIndexReader.pages(text) { $0 == "intro" }
        #expect(pages.map(\.url) == ["guide/setup.html"])
        #expect(pages[0].title == "Set \"it\" up")
        #expect(pages[0].sections.map(\.text) == ["instal run", ""])
        #expect(pages[0].sections.map(\.anchor) == [nil, "requirements"])
        for broken in [
            "", "alert(1)", "Search.setIndex({a: alert(1)})", "Search.setIndex({docnames:[",
            "Search.setIndex(\(String(repeating: "[", count: 99)))",
        ] {
            #expect(throws: ReadingProblem.self) { try SphinxIndexReader.pages(broken) { _ in false } }
        }
    }

    @Test("a long section is cut at paragraphs, and nothing of it is lost")
    func longSections() {
        let paragraphs = (0..<400).map { "paragraph \($0) \(String(repeating: "wörd ", count: 20))" }
        let page = MarkdownReader.page("# Long\n\n" + paragraphs.joined(separator: "\n\n"))
        #expect(page.sections.count > 1)
        #expect(page.sections.allSatisfy { $0.text.utf8.count <= SectionBuilder.maximumBytes && $0.heading == "Long" })
        let words = page.sections.flatMap { $0.text.split { $0 == " " || $0 == "\n" } }
        #expect(words.count == 400 * 22)
        let one = PlainTextReader.page(String(repeating: "ü", count: 50_000), hasAnchors: false)
        #expect(one.sections.reduce(0) { $0 + $1.text.count } == 50_000)
    }

    @Test(
        "whatever is cut off, readers end and keep to their bounds",
        arguments: [
            "# a\n[b](c) `d` <e f=\"g\">h</e> &amp;\n\n```\ncode\n",
            "<h1 id=a>b</h1><p>c<!-- d --><script>e</script>&#x41;",
            "Search.setIndex({docnames:[\"a\"],titles:[\"b\"],terms:{c:[0]}})", "Title\n=====\n\n`a`\n",
        ]
    )
    func everyCut(text: String) {
        for end in text.indices {
            let cut = String(text[..<end])
            for page in [MarkdownReader.page(cut), HTMLReader.page(cut), PlainTextReader.page(cut, hasAnchors: true)] {
                #expect(page.sections.allSatisfy { $0.text.utf8.count <= SectionBuilder.maximumBytes })
            }
            _ = try? SphinxIndexReader.pages(cut) { _ in false }
        }
    }
}
