import Responders

// Each verdict once. Documentation/Plugins.md shows these types, and the tests talk with them.

/// Leaves everything but orders to the next responder.
struct Orders: ImmediateResponder {
    func respond(to turn: Turn) -> Verdict {
        guard turn.message.text.contains("order") else { return .pass(reason: "no-order") }
        return .reply("Your order is on its way.")
    }
}

/// Finds the visitor's plan out for those who answer.
struct Plans: ImmediateResponder {
    func respond(to turn: Turn) -> Verdict {
        .augment(Augmentation(note: ["plan": "gold"], tags: ["customer"]))
    }
}

/// Answers, with what `plans` found and a button under the reply.
struct Account: ImmediateResponder {
    func respond(to turn: Turn) -> Verdict {
        let plan = turn.notes["plans"]?["plan"]?.text ?? "free"
        return .reply(Reply("Your plan: \(plan).", choices: [.init("Change it", send: "change my plan")]))
    }
}

/// Says something first, and has the next responder answer.
struct Notice: ImmediateResponder {
    func respond(to turn: Turn) -> Verdict {
        .reply("Deliveries take a day longer this week.", then: .continue)
    }
}

/// Tells its reply piece by piece.
struct Story: Responder {
    func respond(to turn: Turn) async throws -> Verdict {
        .stream(
            StreamedReply { output in
                let pieces = ["Once ", "upon ", "a time."]
                for piece in pieces { try output.write(piece) }
                return Reply(pieces.joined())
            }
        )
    }
}

/// Leaves thanks without an answer.
struct Thanks: ImmediateResponder {
    func respond(to turn: Turn) -> Verdict {
        turn.message.text == "thanks" ? .suppress(reason: "thanks") : .pass()
    }
}

/// Calls a person where money goes back.
struct Refunds: ImmediateResponder {
    func respond(to turn: Turn) -> Verdict {
        guard turn.message.text.contains("refund") else { return .pass() }
        return .handoff(Handoff(queue: "billing", note: "wants a refund", text: "I am calling a colleague."))
    }
}

/// Can't tell what is in stock today.
struct Stock: Responder {
    func respond(to turn: Turn) async throws -> Verdict {
        throw Failure("stock-down", "the warehouse answered 503")
    }
}

/// Books a return where a rule asks for it.
struct Returns: ActionPerformer {
    let operations = ["book"]

    func respond(to turn: Turn) async -> Verdict { .pass() }

    func perform(_ action: Action, in turn: Turn) async throws -> ActionResult {
        guard let order = action.fields["order"] else { throw Failure("no-order") }
        return ActionResult(["number": "R-\(order)"])
    }
}
