import Messages

/// A JSON Web Signature in its compact form (RFC 7515 section 3.1), taken apart and not yet believed.
///
/// Reads stricter than the RFC: 8 KiB at most, one text for one sequence of bytes, no key twice in an object. Of the
/// header nothing but the algorithm and the name of the key is used: a key or an address of a key that a token brings
/// along (`jwk`, `jku`, `x5u`, `x5c`) is never looked at.
struct CompactToken {
    /// The longest token, in bytes.
    static let maximumBytes = 8_192

    /// The `alg` that the header claims.
    let algorithm: String
    /// The `kid`, where the header has one.
    let keyID: String?
    /// What the signature is over.
    let signed: ArraySlice<UInt8>
    let signature: [UInt8]
    private let encodedPayload: ArraySlice<UInt8>

    /// Takes a token apart.
    ///
    /// - Throws: ``AccessDenied/malformed``.
    init(_ text: String) throws(AccessDenied) {
        guard text.utf8.count <= Self.maximumBytes else { throw .malformed }
        let bytes = Array(text.utf8)
        let dots = bytes.indices.filter { bytes[$0] == UInt8(ascii: ".") }
        guard dots.count == 2, let header = Base64URL.decode(bytes[..<dots[0]]),
            let signature = Base64URL.decode(bytes[(dots[1] + 1)...])
        else { throw .malformed }
        self.signed = bytes[..<dots[1]]
        self.encodedPayload = bytes[(dots[0] + 1)..<dots[1]]
        self.signature = signature
        let members = try ClaimReader(header)
        // RFC 7515 section 4.1.11: whoever doesn't know an extension that is critical must refuse.
        guard !members.has("crit") else { throw .malformed }
        do {
            self.algorithm = try members.text("alg")
            self.keyID = try members.textIfPresent("kid")
        } catch { throw .malformed }
    }

    /// The claims; asked for only after the signature was found good.
    ///
    /// - Throws: ``AccessDenied/malformed``.
    func claims() throws(AccessDenied) -> ClaimReader {
        guard let payload = Base64URL.decode(self.encodedPayload) else { throw .malformed }
        return try ClaimReader(payload)
    }
}
