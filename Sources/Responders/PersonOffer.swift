/// A responder by which visitors may ask for a person with a button.
public protocol PersonOffer: Responder {
    /// Where a press of the button leads; nothing where there is no button.
    var offered: Handoff? { get }
    /// Whether that needs somebody who is there.
    var needsStaff: Bool { get }
}

extension Chain {
    /// The first responder that offers a person by a button.
    public var personOffer: (any PersonOffer)? {
        self.entries.lazy.filter(\.isEnabled).compactMap { $0.responder as? any PersonOffer }.first {
            $0.offered != nil
        }
    }
}
