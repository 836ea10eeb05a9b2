import Crypto
import FoundationEssentials

/// The widget's files as browsers get them, put together from its sources: see `Widget/panel-start.js`.
///
/// Names of the panel and of the texts hold a part of the hash of their contents, so browsers may keep them for ever; the
/// loader knows these names. Comment lines and indentation stay behind.
struct WidgetBundle: Sendable {
    /// The loader, as `claude-chat.js`.
    let loader: [UInt8]
    /// The panel, as `claude-chat-panel.js`.
    let panel: [UInt8]
    /// The panel's name with the hash of its contents.
    let panelName: String
    /// Texts of the panel by language, but for English, which is part of it; each with its name.
    let texts: [(name: String, contents: [UInt8])]

    /// The sources of the panel, in the order in which they make one module.
    private static let panelParts = [
        PackageResources.panel_start_js, PackageResources.panel_texts_js, PackageResources.panel_session_js,
        PackageResources.panel_delivery_js, PackageResources.panel_websocket_js, PackageResources.panel_http_js,
        PackageResources.panel_tabs_js, PackageResources.panel_connection_js, PackageResources.panel_markdown_js,
        PackageResources.panel_ratings_js,
        PackageResources.panel_messages_js, PackageResources.panel_composer_js, PackageResources.panel_person_js,
        PackageResources.panel_frame_js, PackageResources.panel_back_js, PackageResources.panel_context_js,
        PackageResources.panel_picker_js, PackageResources.panel_sound_js, PackageResources.panel_attention_js,
        PackageResources.panel_chat_js,
    ]

    private static let languages = [
        "ar": PackageResources.texts_ar_json, "de": PackageResources.texts_de_json,
        "en": PackageResources.texts_en_json,
        "es": PackageResources.texts_es_json, "fr": PackageResources.texts_fr_json,
    ]

    init() {
        let all = Self.languages.mapValues { Texts(json: $0) }
        let panel = Self.withShortPrivateNames(Self.panelParts.map(Self.withoutComments).joined(separator: "\n"))
            .replacing("__PANEL_STYLE__", with: Self.literal(Self.style(PackageResources.panel_css)))
            .replacing("__ENGLISH__", with: Self.literal(all["en"]?.ofPanel))
        self.panel = Array(panel.utf8)
        self.panelName = "claude-chat-panel.\(Self.hash(of: self.panel)).js"
        var names = ["panel": self.panelName]
        var texts: [(name: String, contents: [UInt8])] = []
        for (language, known) in all.sorted(by: { $0.key < $1.key }) where language != "en" {
            let contents = Array(Self.literal(known.ofPanel).utf8)
            let name = "claude-chat-texts.\(language).\(Self.hash(of: contents)).json"
            names[language] = name
            texts.append((name, contents))
        }
        self.texts = texts
        let loader = Self.withoutComments(PackageResources.loader_js)
            .replacing("__FILES__", with: Self.literal(names))
            .replacing("__LAUNCHER_TEXTS__", with: Self.literal(all.mapValues(\.ofLauncher)))
            .replacing("__LAUNCHER_STYLE__", with: Self.literal(Self.style(PackageResources.launcher_css)))
        self.loader = Array(loader.utf8)
    }

    /// A source without its comment lines, empty lines and indentation.
    ///
    /// A comment stands on lines of its own in every source; one behind code travels along.
    static func withoutComments(_ source: [UInt8]) -> String {
        var isComment = false
        var kept: [Substring] = []
        for line in String(decoding: source, as: UTF8.self).split(separator: "\n") {
            let line = line.drop { $0 == " " }
            if !isComment, line.hasPrefix("/*") { isComment = true }
            if isComment {
                isComment = !line.contains("*/")
            } else if !line.isEmpty, !line.hasPrefix("//") {
                kept.append(line)
            }
        }
        return kept.joined(separator: "\n")
    }

    /// A script whose private names, as `#position`, are a letter or two: nobody outside of its classes can use them.
    ///
    /// - Parameter source: Has a number sign before a letter nowhere else, neither in a text.
    /// - Returns: What does the same.
    static func withShortPrivateNames(_ source: String) -> String {
        var rest = Array(source.utf8)[...]
        var script: [UInt8] = []
        var names: [ArraySlice<UInt8>: [UInt8]] = [:]
        while let sign = rest.firstIndex(of: UInt8(ascii: "#")) {
            let name = rest[(sign + 1)...].prefix { UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0 | 0x20 }
            script += rest[...sign]
            rest = rest[name.endIndex...]
            if name.isEmpty { continue }
            let short = names[name] ?? Self.letters(names.count)
            names[name] = short
            script += short
        }
        return String(decoding: script + rest, as: UTF8.self)
    }

    /// `a` to `z`, `aa` to `zz`, and so on.
    private static func letters(_ number: Int) -> [UInt8] {
        (number < 26 ? [] : Self.letters(number / 26 - 1)) + [UInt8(ascii: "a") + UInt8(number % 26)]
    }

    /// A style sheet without its comments and the spaces that only people need.
    ///
    /// Texts in a sheet would lose such spaces as well; ours have none.
    static func style(_ source: [UInt8]) -> String {
        var style = Self.withoutComments(source).replacing("\n", with: "")
        // A space before a colon is part of a selector.
        for sign in ["{", "}", ":", ";", ","] { style = style.replacing("\(sign) ", with: sign) }
        for sign in ["{", "}"] { style = style.replacing(" \(sign)", with: sign) }
        return style
    }

    /// A value as JSON, which is an expression of JavaScript as well.
    private static func literal(_ value: (some Encodable)?) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Texts of the widget's own files can always be written; a test reads every one.
        guard let value, let json = try? encoder.encode(value) else { return "{}" }
        return String(decoding: json, as: UTF8.self)
    }

    /// Twelve hexadecimal digits, which is plenty to tell versions apart.
    private static func hash(of contents: [UInt8]) -> String {
        let digits = Array("0123456789abcdef")
        return SHA256.hash(data: contents).prefix(6).map { byte in
            "\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
        }.joined()
    }

    /// The texts of a language: a key's text, or its forms by the names of `Intl.PluralRules`.
    private struct Texts {
        private let texts: [String: Text]

        init(json: [UInt8]) {
            self.texts = (try? JSONDecoder().decode([String: Text].self, from: Data(json))) ?? [:]
        }

        /// What every page needs.
        var ofLauncher: [String: Text] { self.texts.filter { $0.key.hasPrefix("launcher") } }
        var ofPanel: [String: Text] { self.texts.filter { $0.key != "launcherFailed" } }
    }

    private enum Text: Codable {
        case text(String)
        case forms([String: String])

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let text = try? container.decode(String.self) {
                self = .text(text)
            } else {
                self = .forms(try container.decode([String: String].self))
            }
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .text(let text): try container.encode(text)
            case .forms(let forms): try container.encode(forms)
            }
        }
    }
}
