internal import Synchronization

/// Room for code that is made when it is first needed, by whichever thread needs it.
///
/// It owns the code and frees it.
struct CodeSlot: ~Copyable, Sendable {
    /// The address of the code; 0 where there is none.
    ///
    /// Written once, by an atomic exchange, and never again.
    private let address = Atomic<UInt>(0)
    private let isRefused = Atomic<Bool>(false)

    init() {}

    init(_ code: PatternCode) { self.address.store(UInt(bitPattern: code.pointer), ordering: .releasing) }

    deinit { if let code = self.code { code.free() } }

    /// The code, where it was made.
    var code: PatternCode? { Self.code(at: self.address.load(ordering: .acquiring)) }

    /// Whether the code was made, or can't be.
    var isSettled: Bool {
        self.address.load(ordering: .acquiring) != 0 || self.isRefused.load(ordering: .relaxed)
    }

    /// The code, made by `make` where there is none yet.
    ///
    /// Two threads may make it at once; then one of them is thrown away.
    ///
    /// - Returns: Nothing where it can't be made; that isn't tried again.
    func code(made make: () -> PatternCode?) -> PatternCode? {
        if let code = self.code { return code }
        guard !self.isRefused.load(ordering: .relaxed) else { return nil }
        guard let code = make() else {
            self.isRefused.store(true, ordering: .relaxed)
            return nil
        }
        let result = self.address.compareExchange(
            expected: 0,
            desired: UInt(bitPattern: code.pointer),
            ordering: .acquiringAndReleasing
        )
        guard !result.exchanged, let first = Self.code(at: result.original) else { return code }
        code.free()
        return first
    }

    private static func code(at address: UInt) -> PatternCode? {
        OpaquePointer(bitPattern: address).map(PatternCode.init)
    }
}
