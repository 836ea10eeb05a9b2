import Foundation
import Messages

/// A JSON value as `JSONDecoder` reads it.
private enum Reference: Decodable {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([Reference])
    case object([String: Reference])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([Reference].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: Reference].self))
        }
    }
}

/// Compares one text; the server checks UTF-8 before it scans, so only valid UTF-8 is compared.
private func compare(_ bytes: UnsafeBufferPointer<UInt8>) {
    guard String(validating: bytes, as: UTF8.self) != nil else { return }
    // JSONDecoder takes a byte order mark and guesses UTF-16 from zero bytes; the wire has neither.
    guard !bytes.contains(0), !bytes.starts(with: [0xEF, 0xBB, 0xBF]) else { return }
    var scanner = JSONScanner()
    let failure: JSONScanner.Failure?
    do throws(JSONScanner.Failure) {
        try scanner.scan(bytes)
        failure = nil
    } catch {
        failure = error
    }
    let reference = try? JSONDecoder().decode(Reference.self, from: Data(bytes))
    switch (failure, reference) {
    case (nil, .object(let members)?): compareMembers(scanner, members, bytes)
    case (nil, _): fatalError("accepted what JSONDecoder refuses: \(String(decoding: bytes, as: UTF8.self))")
    case (.syntax?, .some) where hasTrailingComma(bytes): break  // Foundation takes one; RFC 8259 doesn't
    case (.syntax?, .some):
        fatalError("refused what JSONDecoder accepts: \(String(decoding: bytes, as: UTF8.self))")
    case (.notAnObject?, .object?): fatalError("an object taken for none: \(String(decoding: bytes, as: UTF8.self))")
    default: break  // stricter by intention: depth, members, duplicates, long or infinite numbers, lone surrogates
    }
}

/// Whether a comma outside of a string stands before the end of its array or object.
private func hasTrailingComma(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    var isInString = false
    var isEscaped = false
    var followsComma = false
    for byte in bytes {
        if isInString {
            if isEscaped {
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: "\"") {
                isInString = false
            }
            continue
        }
        switch byte {
        case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"): continue
        case UInt8(ascii: "]"), UInt8(ascii: "}"):
            if followsComma { return true }
        case UInt8(ascii: "\""): isInString = true
        default: break
        }
        followsComma = byte == UInt8(ascii: ",")
    }
    return false
}

private func compareMembers(
    _ scanner: JSONScanner,
    _ members: [String: Reference],
    _ bytes: UnsafeBufferPointer<UInt8>
) {
    let text = String(decoding: bytes, as: UTF8.self)
    for member in scanner.members {
        let key = scanner.key(of: member, in: bytes)
        guard let reference = members[key] else {
            // Keys that Unicode holds equal are one key for a dictionary and two for the scanner.
            precondition(scanner.members.count > members.count, "key \(key) is not in \(text)")
            continue
        }
        guard scanner.members.count == members.count else { continue }
        switch (member.value.kind, reference) {
        case (.string, .string(let expected)):
            let found = scanner.text(of: member.value, in: bytes)
            precondition(found.utf8.elementsEqual(expected.utf8), "\(found) is not \(expected) in \(text)")
        case (.number, .number(let expected)):
            let found = Double(String(decoding: bytes[member.value.start..<member.value.end], as: UTF8.self))
            precondition(found == expected, "\(String(describing: found)) is not \(expected) in \(text)")
        case (.bool, .bool), (.null, .null), (.array, .array), (.object, .object): break
        default: fatalError("\(member.value.kind) is not \(reference) in \(text)")
        }
    }
}

/// Reads the text as a frame: nothing that `JSONScanner` refuses comes through, and nothing crashes.
private func read(_ bytes: UnsafeBufferPointer<UInt8>) {
    guard String(validating: bytes, as: UTF8.self) != nil, let session = SessionID("fuzz") else { return }
    var scanner = JSONScanner()
    let isObject = (try? scanner.scan(bytes)) != nil
    for mode in [ProtocolMode.v1, .seed] {
        var reader = ClientFrameReader()
        let frame = try? reader.read(bytes, session: session, mode: mode)
        precondition(frame == nil || isObject, "read a frame from \(String(decoding: bytes, as: UTF8.self))")
    }
}

/// Any bytes: no crash, the same verdict as `JSONDecoder`, and the same values.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzEnvelope(_ data: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = UnsafeBufferPointer(start: data, count: count)
    compare(bytes)
    read(bytes)
    return 0
}
