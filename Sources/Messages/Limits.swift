/// The bounds of everything that travels between a client and the server.
///
/// They are part of the wire protocol: a client may rely on them, so they are not configuration.
public enum Limits {
    /// The longest text of a message, in bytes of UTF-8.
    public static let messageBytes = 16_384
    /// The longest `context` of a message, in bytes of JSON.
    public static let contextBytes = 4_096
    /// The longest WebSocket message, and the longest HTTP body, in bytes.
    public static let frameBytes = 32_768
    /// How deep the objects and arrays of a client's JSON may nest.
    ///
    /// The outermost object is level 1.
    public static let jsonDepth = 16
    /// How many members one object of a client's JSON may have.
    public static let jsonMembers = 64
    /// The longest literal of a number in a client's JSON, in bytes.
    public static let jsonNumberBytes = 32
    /// The longest identifier that a client may choose for a message or a session, in bytes.
    public static let identifierBytes = 64
    /// The longest id of a message, the server's own among them, in bytes.
    public static let messageIDBytes = 80
    /// The longest comment on a reply, in bytes of UTF-8.
    public static let commentBytes = 2_000
    /// The longest `page` of a handshake, in bytes after percent-decoding.
    public static let pageBytes = 2_048
    /// The largest integer that every JSON reader keeps exact: 2^53 - 1.
    public static let largestInteger = 9_007_199_254_740_991
}
