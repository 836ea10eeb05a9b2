import Testing

@testable import Transport

@Suite("the files of the widget")
struct WidgetBundleTests {
    @Test("private names become short ones, the same everywhere and each another")
    func privateNames() {
        let source = "class A { #position = 1; #posit\n#step() { this.#position += '#' + this.#step`#${1}` } }"
        let short = "class A { #a = 1; #b\n#c() { this.#a += '#' + this.#c`#${1}` } }"
        #expect(WidgetBundle.withShortPrivateNames(source) == short)
        let many = (0..<800).map { number in "#\(String(repeating: "x", count: number + 1))" }
        let names = WidgetBundle.withShortPrivateNames(many.joined(separator: " ")).split(separator: " ")
        #expect(Set(names).count == 800)
        #expect([names[25], names[26], names[701], names[702]] == ["#z", "#aa", "#zz", "#aaa"])
    }

    @Test("a style sheet keeps the spaces that mean something")
    func style() {
        let source = """
            /* Why. */
            .a, .b :is(p, li) > i { width: calc(1px + 2px); margin: 0 1px }
            @media (max-width: 480px) {
              .c { color: red; }
            }
            """
        let style = ".a,.b :is(p,li) > i{width:calc(1px + 2px);margin:0 1px}@media (max-width:480px){.c{color:red;}}"
        #expect(WidgetBundle.style(Array(source.utf8)) == style)
    }
}
