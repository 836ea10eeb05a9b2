internal import Diagnostics

/// The lines of a rule file, to tell which of its rules an edit has left as they are.
struct SourceLines {
    private let bytes: [UInt8]
    /// Where each line starts; nothing where what a rule is may depend on more than its own lines.
    private let starts: [Int]?

    init(_ text: String) {
        let bytes = Array(text.utf8)
        let newline = UInt8(ascii: "\n")
        self.bytes = bytes
        self.starts =
            Self.isSimple(bytes) ? [0] + bytes.indices.filter { bytes[$0] == newline }.map { $0 + 1 } : nil
    }

    /// Whether a file ends its lines in the common way, and nothing in it looks like an anchor, to which another place
    /// could refer.
    private static func isSimple(_ bytes: [UInt8]) -> Bool {
        func byte(_ index: Int) -> UInt8 { bytes.indices.contains(index) ? bytes[index] : UInt8(ascii: "\n") }
        return bytes.indices.allSatisfy { index in
            switch bytes[index] {
            case UInt8(ascii: "\r"): byte(index + 1) == UInt8(ascii: "\n")
            // U+0085, U+2028 and U+2029 end lines in YAML.
            case 0xC2: byte(index + 1) != 0x85
            case 0xE2: byte(index + 1) != 0x80 || ![0xA8, 0xA9].contains(byte(index + 2))
            case UInt8(ascii: "&"):
                !" \t\r\n[{,:".utf8.contains(byte(index - 1)) || " \t\r\n".utf8.contains(byte(index + 1))
            default: true
            }
        }
    }

    /// Whether the rule at `index` of a file is what it was before an edit: in the same lines, all of them the same.
    func holdSame(_ index: Int, of file: RuleFile, as old: RuleFile, _ oldLines: SourceLines) -> Bool {
        guard file.index == old.index, file.path == old.path, file.defaults == old.defaults,
            old.rules.indices.contains(index), file.rules[index].place == old.rules[index].place,
            let lines = self.lines(of: index, in: file), let others = oldLines.lines(of: index, in: old)
        else { return false }
        return self.bytes[lines].elementsEqual(oldLines.bytes[others])
    }

    /// From the first line of a rule up to that of the next one, or to the end of the file.
    private func lines(of index: Int, in file: RuleFile) -> Range<Int>? {
        guard let starts = self.starts else { return nil }
        let first = file.rules[index].place.line
        let next = index + 1 < file.rules.count ? file.rules[index + 1].place.line : starts.count + 1
        // Two rules may stand in one line.
        guard first >= 1, first < next, next <= starts.count + 1 else { return nil }
        return starts[first - 1]..<(next <= starts.count ? starts[next - 1] : self.bytes.count)
    }
}
