import Foundation
import Testing

@testable import Rules

@Suite("the normal form of messages")
struct EngineNormalFormTests {
    private static func form(of text: String) -> NormalForm {
        var text = text
        return text.withUTF8(normalForm(of:))
    }

    @Test("is known at once for what most people write, whatever their language")
    func known() {
        for text in [
            "hello", "größe “ok” – 5 €", "Ошибка", "αργός", "lỗi", "错误", "エラー", "오류", "שגיאה", "خطأ", "👋🏽 ❤️", "",
        ] {
            #expect(Self.form(of: text) == .composed, "\(text)")
        }
        #expect(Self.form(of: "the des\u{212A}") == .withSigns)
        #expect(Self.form(of: "cafe\u{301}") == .unknown)
    }

    @Test("is left as it is only where Unicode leaves it so, behind any letter")
    func inert() {
        var text = ""
        var count = 0
        for value in UInt32(0x80)..<0x2_0000 {
            guard let scalar = Unicode.Scalar(value), Self.form(of: String(scalar)) == .composed else { continue }
            // Letters that marks, voice signs and Korean consonants would join.
            for base in ["e", "ο", "か", "가", "ا"] { text += base + String(scalar) }
            count += 1
        }
        #expect(count > 30_000)
        let composed = text.precomposedStringWithCanonicalMapping
        let difference = zip(text.unicodeScalars, composed.unicodeScalars).first { $0.0 != $0.1 }
        #expect(difference == nil && text.utf8.count == composed.utf8.count)
    }

    @Test(
        "is found for every text",
        arguments: ["\u{212A}elvin \u{212B} \u{2126}", "cafe\u{301} \u{212A}", "\u{1100}\u{1161}", "a\u{323}\u{302}"]
    )
    func composes(text: String) {
        #expect(Array(normalized(text).utf8) == Array(text.precomposedStringWithCanonicalMapping.utf8))
    }
}
