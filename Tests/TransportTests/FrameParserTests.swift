import Messages
import Testing

@testable import Transport

@Suite("frames")
struct FrameParserTests {
    private enum Seen: Equatable {
        case text([UInt8]), binary([UInt8]), ping([UInt8]), pong([UInt8])
        case close(UInt16?), violation(UInt16)

        init(_ event: FrameParser.Event) {
            switch event {
            case .text(let bytes): self = .text(Array(bytes))
            case .binary(let bytes): self = .binary(Array(bytes))
            case .ping(let bytes): self = .ping(Array(bytes))
            case .pong(let bytes): self = .pong(Array(bytes))
            case .close(let code): self = .close(code?.rawValue)
            }
        }
    }

    private static func frame(_ first: UInt8, _ payload: [UInt8], mask: [UInt8] = [0x37, 0xFA, 0x21, 0x3D]) -> [UInt8] {
        let length: [UInt8] =
            payload.count < 126
            ? [0x80 | UInt8(payload.count)] : [0xFE, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)]
        return [first] + length + mask + payload.enumerated().map { $1 ^ mask[$0 % 4] }
    }

    private static func read(_ pieces: [ArraySlice<UInt8>]) -> [Seen] {
        var parser = FrameParser(options: .init(maximumMessageBytes: 1_000, acceptsBinary: true))
        var scratch: [UInt8] = []
        var seen: [Seen] = []
        for piece in pieces {
            let violation = Array(piece).withUnsafeBytes { bytes -> FrameParser.Violation? in
                do throws(FrameParser.Violation) {
                    try parser.consume(bytes, scratch: &scratch) { event in
                        seen.append(Seen(event))
                        return true
                    }
                    return nil
                } catch {
                    return error
                }
            }
            if let violation { return seen + [.violation(violation.code.rawValue)] }
        }
        return seen
    }

    @Test("are the same however the bytes are cut")
    func splits() {
        let long = Array(repeating: UInt8(ascii: "x"), count: 300)
        let stream =
            Self.frame(0x81, Array("héllo".utf8)) + Self.frame(0x01, Array("frag".utf8)) + Self.frame(0x89, [1, 2])
            + Self.frame(0x00, []) + Self.frame(0x80, Array("ment€".utf8)) + Self.frame(0x82, long)
            + Self.frame(0x8A, []) + Self.frame(0x81, []) + Self.frame(0x88, [0x03, 0xE8])
        let whole = Self.read([stream[...]])
        #expect(
            whole == [
                .text(Array("héllo".utf8)), .ping([1, 2]), .text(Array("fragment€".utf8)), .binary(long), .pong([]),
                .text([]), .close(1000),
            ]
        )
        for cut in 0...stream.count { #expect(Self.read([stream[..<cut], stream[cut...]]) == whole, "cut at \(cut)") }
        #expect(Self.read(stream.indices.map { stream[$0...$0] }) == whole)
    }

    @Test("are refused at the first byte that shows what is wrong")
    func violations() {
        #expect(Self.read([[0x81, 0x00]]) == [.violation(1002)])
        #expect(Self.read([[0x81, 0xFE, 0x03, 0xE9]]) == [.violation(1009)])
        #expect(
            Self.read([Self.frame(0x01, Array(repeating: 0x41, count: 600))[...], [0x80, 0xFE, 0x01, 0x91]]) == [
                .violation(1009)
            ]
        )
        // The second byte of the euro sign is missing: found in the next fragment, before it is complete.
        #expect(
            Self.read([Self.frame(0x01, [0xE2])[...], Self.frame(0x00, [0x41, 0x41])[...].dropLast()]) == [
                .violation(1007)
            ]
        )
        #expect(Self.read([Self.frame(0x81, [0xE2, 0x82])[...]]) == [.violation(1007)])
        #expect(Self.read([Self.frame(0x88, [0x03, 0xED])[...]]) == [.violation(1002)])
        #expect(Self.read([Self.frame(0x88, [0x03, 0xE8, 0xFF])[...]]) == [.violation(1007)])
    }
}

@Suite("timing wheel")
struct TimingWheelTests {
    private final class Object: Timed {
        var wheelPlace = TimingWheel.Place()
        func deadlineReached() {}
    }

    @Test("tells each object at its second, also after others were moved and cancelled")
    func deadlines() {
        var wheel = TimingWheel()
        let objects = (0..<200).map { _ in Object() }
        for (index, object) in objects.enumerated() { wheel.set(object, in: 1 + index % 60) }
        for object in objects.prefix(50) { wheel.cancel(object) }
        for object in objects[50..<60] { wheel.set(object, in: 63) }
        var told: [ObjectIdentifier: Int] = [:]
        for second in 1...63 { for object in wheel.tick() { told[ObjectIdentifier(object)] = second } }
        for (index, object) in objects.enumerated() {
            let expected: Int? = index < 50 ? nil : index < 60 ? 63 : 1 + index % 60
            #expect(told[ObjectIdentifier(object)] == expected)
        }
    }
}
