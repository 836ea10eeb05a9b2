/// What visitors read above links, by language.
struct DocsTexts {
    let found: String

    private static let english = DocsTexts(found: "This is what our documents say:")
    private static let others = [
        "de": DocsTexts(found: "Das steht dazu in unserer Dokumentation:"),
        "fr": DocsTexts(found: "Voici ce que dit notre documentation :"),
        "es": DocsTexts(found: "Esto dice nuestra documentación:"),
        "ar": DocsTexts(found: "هذا ما تقوله وثائقنا:"),
    ]

    /// The texts of a language; English where there is none.
    static func of(_ lang: String?) -> DocsTexts {
        let name = lang?.prefix { $0 != "-" }.lowercased() ?? "en"
        return self.others[name] ?? self.english
    }
}
