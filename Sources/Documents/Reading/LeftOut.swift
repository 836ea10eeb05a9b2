/// An element that is open and whose content isn't shown.
struct LeftOut {
    let name: String
    /// How many of that name are open.
    private var depth = 1
    /// How many others are open within, without those whose end may be left out.
    private var inner = 0

    /// Elements whose end may be left out, and which ones that begin imply it (HTML, section "Optional tags").
    private static let ends: [String: Set<String>] = [
        "p": [
            "address", "article", "aside", "blockquote", "details", "div", "dl", "fieldset", "figure", "footer", "form",
            "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "main", "nav", "ol", "p", "pre", "section", "table",
            "ul",
        ], "li": ["li"], "dt": ["dt", "dd"], "dd": ["dt", "dd"], "td": ["td", "th", "tr"], "th": ["td", "th", "tr"],
        "tr": ["tr", "tbody", "tfoot"], "option": ["option", "optgroup"],
    ]
    /// Elements whose content nobody reads as text of the page.
    private static let names: Set<String> = [
        "script", "style", "nav", "template", "noscript", "svg", "math", "iframe", "head", "xmp", "noembed", "textarea",
        "select", "button", "footer",
    ]
    /// Elements that have no end.
    private static let void: Set<String> = [
        "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr",
    ]

    /// Nothing where the element's content is shown, or it has none.
    init?(_ name: String, _ attributes: [String: String], isSelfClosing: Bool) {
        guard !Self.void.contains(name), !(isSelfClosing && (name == "svg" || name == "math")) else { return nil }
        // Sphinx and others put a sign behind each heading that leads to it.
        let classes = attributes["class"]?.split(separator: " ") ?? []
        let isHidden = attributes["hidden"] != nil || attributes["aria-hidden"] == "true"
        guard
            isHidden || Self.names.contains(name) || classes.contains("headerlink")
                || classes.contains("toctree-wrapper")
        else { return nil }
        self.name = name
    }

    /// Whether an element that begins is behind it.
    mutating func ends(before name: String) -> Bool {
        if self.inner == 0, Self.ends[self.name]?.contains(name) == true { return true }
        if name == self.name {
            if !HTMLScanner.rawElements.contains(name) { self.depth += 1 }
        } else if !Self.void.contains(name), Self.ends[name] == nil {
            self.inner += 1
        }
        return false
    }

    /// Whether it ends with the end of an element: its own, or that of one around it where its own is left out.
    mutating func ends(with name: String) -> Bool {
        if name == self.name {
            self.depth -= 1
            return self.depth == 0
        }
        let isWithin = name == "p" || self.name == "tr" && (name == "td" || name == "th")
        if self.inner == 0 { return Self.ends[self.name] != nil && !isWithin }
        if Self.ends[name] == nil { self.inner -= 1 }
        return false
    }
}
