#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// Everything that a file holds, or that comes through a pipe.
///
/// - Parameters:
///   - path: Of a file, of a pipe such as a shell's `<(...)`, or `-` for the standard input.
///   - limit: The most bytes that are read.
/// - Returns: Nothing where it can't be read, or is longer.
func inputBytes(of path: String, atMost limit: Int = .max) -> [UInt8]? {
    let descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { if descriptor != STDIN_FILENO { close(descriptor) } }
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 65_536)
    while true {
        let count = read(descriptor, &piece, piece.count)
        if count == 0 { return bytes }
        if count < 0 {
            guard errno == EINTR else { return nil }
            continue
        }
        bytes += piece[..<count]
        guard bytes.count <= limit else { return nil }
    }
}
