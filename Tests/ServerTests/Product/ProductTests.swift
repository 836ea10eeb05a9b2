import Testing

/// What users do with the program as it is built, one after the other: each is a process, or several.
@Suite("the built program", .serialized)
struct ProductTests {}
