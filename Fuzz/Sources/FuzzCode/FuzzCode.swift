@testable import CodeReading

// Two megabytes, which would take most of the time if each input had its own.
private nonisolated(unsafe) var trigrams = TrigramSet()

/// Any bytes as a file of code, a message, a report, and a pattern: every reader ends, and within its bounds.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzCode(_ data: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: data, count: count))
    let text = String(decoding: bytes, as: UTF8.self)
    let frames = StackTrace.frames(in: text)
    precondition(frames.count <= StackTrace.maximumFrames, "there are too many frames")
    for frame in frames {
        precondition(frame.line >= 1 && !frame.path.isEmpty, "a frame is nowhere")
        precondition(!frame.path.split(separator: "/").contains(".."), "a frame leads upwards")
    }
    for result in SARIFReader.results(in: bytes) ?? [] {
        precondition(!result.path.split(separator: "/").contains(".."), "a report leads upwards")
        precondition(!result.finding.message.contains("\n"), "a message has lines")
    }
    let question = CodeQuestion(text, isLiteral: true)
    precondition(question.terms.count <= CodeQuestion.maximumTerms, "there are too many terms")
    precondition(question.terms.allSatisfy { CodeQuestion.termBytes ~= $0.text.utf8.count }, "a term is too long")
    let half = text.prefix { $0 != "\n" }
    _ = PathPattern(half, foldsCase: true).includes(String(text.dropFirst(half.count)))
    if let source = SourceText(bytes) {
        let lines = bytes.count { $0 == 0x0A }
        precondition(source.bytes.count { $0 == 0x0A } == lines, "a line is gone")
        precondition(SourceText(source.bytes)?.bytes.count { $0 == 0x0A } == lines, "a line is gone at the second time")
        for name in ["a.swift", "a.java", "a.js", "a.go"] { _ = SymbolPatterns.symbols(in: source, path: name) }
        for line in source.excerpt(around: lines / 2 + 1)?.lines ?? [] {
            precondition(line.unicodeScalars.allSatisfy { $0.value >= 0x20 }, "a line has control characters")
        }
    }
    precondition(trigrams.trigrams(of: bytes) == trigrams.trigrams(of: bytes), "a set isn't empty again")
    let numbers = PostingList.numbers(in: bytes)
    if zip(numbers, numbers.dropFirst()).allSatisfy({ $0 < $1 }), numbers.first.map({ $0 > 0 }) ?? false {
        precondition(PostingList.numbers(in: PostingList.bytes(of: numbers)) == numbers, "a list is another one")
    }
    return 0
}
