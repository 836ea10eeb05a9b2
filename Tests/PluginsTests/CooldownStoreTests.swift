import Responders
import Testing

@testable import Plugins

@Suite("the store of cooldowns")
struct CooldownStoreTests {
    private static func key(_ id: String, visitor: String? = nil) -> CooldownStore.Key {
        CooldownStore.Key(id: id, site: "shop", visitor: visitor)
    }

    @Test("tells how long a rule stays out, for whom it was said and for nobody else")
    func left() {
        let store = CooldownStore()
        store.start(Self.key("news", visitor: "anna"), until: 5_000, at: 1_000)
        #expect(store.left(of: Self.key("news", visitor: "anna"), at: 2_000) == .seconds(3))
        #expect(store.left(of: Self.key("news", visitor: "anna"), at: 5_000) == nil)
        #expect(store.left(of: Self.key("news", visitor: "bert"), at: 2_000) == nil)
        #expect(store.left(of: Self.key("news"), at: 2_000) == nil)
    }

    @Test("tells the same after a restart, and what it keeps names nobody")
    func restart() {
        let state = PluginState(now: { 1_000 })
        CooldownStore(state: state).start(Self.key("news", visitor: "anna"), until: 5_000, at: 1_000)
        let store = CooldownStore(state: state)
        #expect(store.left(of: Self.key("news", visitor: "anna"), at: 2_000) == .seconds(3))
        #expect(store.left(of: Self.key("news", visitor: "anna"), at: 5_000) == nil)
        #expect(store.left(of: Self.key("news", visitor: "bert"), at: 2_000) == nil)
        #expect(store.left(of: Self.key("news"), at: 2_000) == nil)
        #expect(state.entries.count == 1 && state.entries.keys.allSatisfy { !$0.contains("anna") })
    }

    @Test("never holds more than it may, and forgets what has ended or ends first")
    func bounded() {
        let store = CooldownStore(capacity: 100)
        for number in 0..<1_000 {
            store.start(Self.key("news", visitor: "\(number)"), until: Int64(10_000 + number), at: 0)
            #expect(store.count <= 100)
        }
        #expect(store.left(of: Self.key("news", visitor: "999"), at: 0) != nil)
        for number in 0..<100 { store.start(Self.key("late", visitor: "\(number)"), until: 90_000, at: 50_000) }
        #expect(store.left(of: Self.key("late", visitor: "0"), at: 50_000) == .seconds(40))
    }
}
