import Testing

@testable import Messages

@Suite("the end of plain text in a JSON string")
struct PlainTextTests {
    @Test("eight bytes at a time find what one at a time finds, wherever it stands and whatever stands before it")
    func sameAsByteByByte() {
        var generator = SplitMix64(state: 11)
        let special: [UInt8] = [
            0x00, 0x01, 0x1F, 0x20, 0x21, 0x22, 0x23, 0x5B, 0x5C, 0x5D, 0x7F, 0x80, 0xA2, 0xDC, 0xFF,
        ]
        for length in 0..<40 {
            for _ in 0..<200 {
                let bytes = (0..<length).map { _ in
                    generator.next() % 4 == 0
                        ? special.randomElement(using: &generator) ?? 0
                        : UInt8.random(in: 0x23...0x5B, using: &generator)
                }
                for start in 0...min(length, 9) {
                    let expected = bytes[start...].firstIndex { $0 < 0x20 || $0 == 0x22 || $0 == 0x5C } ?? length
                    let found = bytes.withUnsafeBufferPointer { endOfPlainText($0, from: start) }
                    #expect(found == expected, "\(bytes) from \(start)")
                }
            }
        }
    }

    @Test("a writer grows, and what it writes is what was given to it")
    func growth() throws {
        for length in [0, 1, 15, 16, 17, 200, 5_000] {
            var writer = JSONWriter(reserving: 0)
            let text = String(repeating: "a\"\\\n\u{1}é", count: length)
            writer.object { $0.text("text", text) }
            let bytes = writer.bytes
            let read = try bytes.withUnsafeBufferPointer { buffer in
                var scanner = JSONScanner()
                try scanner.scan(buffer)
                return scanner.value(of: "text", in: buffer).map { scanner.text(of: $0, in: buffer) }
            }
            #expect(read == text)
            #expect(writer.text == String(decoding: bytes, as: UTF8.self))
        }
    }
}
