/// What visitors read around lines of code, by language.
struct CodeTexts {
    let found: String
    let partial: String

    private static let english = CodeTexts(found: "This is the place in the code:", partial: "There may be more.")
    private static let others = [
        "de": CodeTexts(found: "Das ist die Stelle im Code:", partial: "Es kann noch mehr geben."),
        "fr": CodeTexts(found: "Voici l'endroit dans le code :", partial: "Il peut y en avoir d'autres."),
        "es": CodeTexts(found: "Este es el lugar en el código:", partial: "Puede haber más."),
        "ar": CodeTexts(found: "هذا هو الموضع في الشيفرة:", partial: "قد يكون هناك المزيد."),
    ]

    /// The texts of a language; English where there is none.
    static func of(_ lang: String?) -> CodeTexts {
        let name = lang?.prefix { $0 != "-" }.lowercased() ?? "en"
        return self.others[name] ?? self.english
    }
}
