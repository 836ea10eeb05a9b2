internal import Documents
internal import Responders

/// Where the documents of a search engine have what is shown: names of fields, which are the site's own.
struct HitFields: Sendable {
    let title: String
    let text: String
    private let link: TemplateText
    /// The fields that the address is made of.
    private let linkNames: [String]
    /// The field that is the whole address.
    private let wholeLink: String?

    /// - Throws: What is wrong with the address.
    init(title: String, text: String, link: String, key: String) throws(ConfigurationProblem) {
        self.title = title
        self.text = text
        let names = link.split(separator: "{", omittingEmptySubsequences: false).dropFirst().compactMap { piece in
            piece.firstIndex(of: "}").map { String(piece[..<$0]) }
        }
        self.linkNames = names
        self.link = try TemplateText(link, known: Set(names), key: key)
        self.wholeLink = names.count == 1 && link == "{\(names[0])}" ? names[0] : nil
        let isAddress =
            self.wholeLink != nil || DocumentSource.isAddress(String(self.link.filled([:]).prefix { $0 != "#" }))
        guard isAddress, !names.isEmpty else {
            let hint = "write {FIELD}, or https://HOST/PATH/{FIELD}"
            throw ConfigurationProblem("bad-link", key: key, "\"\(link)\" is no address for visitors", hint: hint)
        }
    }

    /// The names of all fields that are needed.
    var names: [String] {
        var seen: Set<String> = []
        return ([self.title, self.text] + self.linkNames).filter { seen.insert($0).inserted }
    }

    /// - Parameters:
    ///   - document: As it was indexed.
    ///   - passage: HTML or text of it.
    /// - Returns: The hit; nothing without a title, or an address that a link may have.
    func hit(_ document: TrackerDocument, passage: String?) -> SearchHit? {
        guard let title = document.field(self.title), let url = self.url(document) else { return nil }
        return SearchHit(title: title, text: passage ?? document.field(self.text) ?? "", url: url)
    }

    private func url(_ document: TrackerDocument) -> String? {
        if let wholeLink {
            guard let url = document.field(wholeLink) else { return nil }
            let (page, place) = (url.prefix { $0 != "#" }, url.drop { $0 != "#" }.dropFirst())
            guard DocumentSource.isAddress(String(page)) else { return nil }
            return place.isEmpty ? String(page) : "\(page)#\(String(place.prefix(200)).percentEncoded)"
        }
        var values: [String: String] = [:]
        for name in self.linkNames {
            guard let value = document.field(name), value.utf8.count <= 500 else { return nil }
            values[name] = value
        }
        return self.link.filled(values, escape: \.percentEncoded)
    }
}

extension TrackerDocument {
    /// A field by its name, or by the way to it with dots; the first one of several values.
    fileprivate func field(_ name: String) -> String? {
        var value = self[name]
        if value == nil {
            value = name.split(separator: ".").reduce(self as TrackerDocument?) { $0?[String($1)] }
        }
        let text = value?.text ?? value?.items.first?.text
        return text.flatMap { $0.isEmpty ? nil : $0 }
    }
}
