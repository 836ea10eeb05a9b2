/// A path as a part of an address: everything but unreserved characters and slashes is a percent sign and two digits.
package func percentEncoded(_ path: some StringProtocol) -> String {
    var result: [UInt8] = []
    for byte in path.utf8 {
        let isKept =
            0x30...0x39 ~= byte || 0x41...0x5A ~= byte || 0x61...0x7A ~= byte
            || "-._~/!$&'()*+,;=:@".utf8.contains(byte)
        if isKept {
            result.append(byte)
        } else {
            let digits = Array("0123456789ABCDEF".utf8)
            result += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
    }
    return String(decoding: result, as: UTF8.self)
}
