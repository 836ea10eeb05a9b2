import Diagnostics
import Responders
import RespondersTesting
import Synchronization
import Testing

@testable import Plugins

/// What rules have plugins in other languages do.
@Suite("actions of programs and services", .timeLimit(.minutes(2)))
struct ForeignActionTests {
    private static let rules = """
        version: 1
        rules:
          - id: book
            match: '\\breturn (?<order>[a-z]-\\d+)'
            actions: [{responder: returns, op: book, as: ticket, fields: {order: '{{order}}'}}]
            reply:
              variants:
                - {when: ticket, text: 'Booked as {{ticket.number}}.'}
                - {text: 'Noted.'}
            tests: [{say: return a-17, reply: Noted.}, {not: returned}]
          - id: cancel
            match: '\\bcancel\\b'
            actions: [{responder: returns, op: cancel, as: ticket}]
            reply: {variants: [{when: ticket, text: 'Cancelled.'}, {text: 'Can not.'}]}
            tests: [{say: cancel, reply: Can not.}, {not: cancelled}]
        """

    /// A program that does what it is asked for, once for each key.
    private static let program = """
        import json, sys
        done = {}
        def write(**frame): print(json.dumps(frame), flush=True)
        for line in sys.stdin:
            frame = json.loads(line)
            if frame["type"] == "hello":
                write(type="ready", protocol=1, name="returns", stages=["answer"], actions=["book"])
            elif frame["type"] == "turn":
                write(type="verdict", id=frame["id"], verdict="pass")
            elif frame["type"] == "action":
                order = frame["fields"]["order"]
                if order == "a-1": write(type="result", id=frame["id"], code="no-order", reason="no order a-1")
                elif order == "a-2": write(type="verdict", id=frame["id"], verdict="pass")
                elif order == "a-3": write(type="result", id=frame["id"], values={"number": [1]})
                elif order == "a-4": write(type="result", id=frame["id"], values={"number": 4}, text="One more thing.")
                else:
                    number = done.setdefault(frame["key"], len(done) + 1)
                    write(type="result", id=frame["id"], values={"number": frame["action"] + " %d" % number})
        """

    private static func run(_ body: (inout ChainDesk) async throws -> Void) async throws {
        var desk = try ChainDesk(
            """
            answer: [{rules: {path: rules/}}, {process: {command: [python3, returns.py]}, as: returns, timeout: 90s}]
            deadline: 100s
            fallback: [fallback: {text: No idea.}]
            """,
            plugins: .builtin(),
            files: ["rules/returns.yaml": Self.rules, "returns.py": Self.program],
            clock: TurnClock(ManualClock())
        )
        #expect(desk.warnings.isEmpty)
        let parts = desk.chain.runningParts
        for part in parts { part.prepareToRun() }
        let runs = Task {
            await withDiscardingTaskGroup { group in
                for part in parts { group.addTask { await part.run() } }
            }
        }
        do { try await body(&desk) } catch {
            runs.cancel()
            await runs.value
            throw error
        }
        runs.cancel()
        await runs.value
    }

    @Test("a program does what a rule asks for, and the reply has its values")
    func booked() async throws {
        try await Self.run { desk in
            let first = try await desk.say("I return a-17").expectReply("Booked as book 1.", from: "rules")
            #expect(first.steps[0].actions.map(\.operation) == ["book"] && first.steps[0].actions[0].reason == nil)
            let more = try await desk.say("I return a-4")
            #expect(more.replies.map(\.text) == ["Booked as 4.", "One more thing."])
        }
    }

    @Test(
        "the reply does without the values where the program fails, or answers what can't be read",
        arguments: [("a-1", "no-order"), ("a-2", "bad-frame"), ("a-3", "bad-frame")] as [(String, TraceReason)]
    )
    func failed(order: String, code: TraceReason) async throws {
        try await Self.run { desk in
            let result = try await desk.say("I return \(order)").expectReply("Noted.", from: "rules")
            #expect(result.steps[0].actions.map(\.reason) == [code])
            #expect(result.failures.map(\.failure.code) == [code])
            // What it says is for the operator's log, without what the visitor wrote.
            #expect(!result.failures.contains { $0.failure.problem?.contains("a-1") == true })
        }
    }

    @Test("what the program doesn't offer fails by a name of its own")
    func unknown() async throws {
        try await Self.run { desk in
            let result = try await desk.say("please cancel").expectReply("Can not.", from: "rules")
            #expect(result.steps[0].actions.map(\.reason) == [.unknownOperation])
        }
    }

    @Test("a message that is only explained has nothing done")
    func rehearsal() async throws {
        try await Self.run { desk in
            desk.isRehearsing = true
            let result = try await desk.say("I return a-17").expectReply("Noted.", from: "rules")
            #expect(result.steps[0].actions.map(\.reason) == [.rehearsal])
        }
    }

    @Test("a service is sent a signed action with its key, and each status means what it means")
    func service() async throws {
        try await WebhookDesk.run(
            """
            READY["actions"] = ["book"]
            def turn(request, frame):
                order = frame["fields"]["order"]
                code = hmac.new(
                    SECRET, request.headers["X-Claude-Chat-Timestamp"].encode() + b"." + request.body, hashlib.sha256
                ).hexdigest()
                signed = request.headers["X-Claude-Chat-Signature"] == "v1=" + code
                key = request.headers["Idempotency-Key"]
                if order == "204": request.answer(204)
                elif order.isdigit(): request.answer(int(order), {"reason": "no-order"})
                elif order == "verdict": request.reply(frame, "x")
                elif order == "foreign": request.answer(200, {"type": "result", "id": "x"})
                elif order == "failed": request.answer(200, {"type": "result", "id": frame["id"], "code": "no-order"})
                else:
                    values = {"said": " ".join([frame["type"], frame["action"], order, frame["key"], key, str(signed)])}
                    request.answer(200, {"type": "result", "id": frame["id"], "values": values})
            """
        ) { desk async throws in
            let turn = ProcessDesk.turn("hello")
            func perform(_ order: String, _ operation: String = "book") async throws -> ActionResult {
                let action = Action(key: "t_test/1", operation: operation, fields: ["order": order])
                return try await desk.webhook.perform(action, in: turn)
            }
            #expect(try await perform("a-17").values == ["said": "action book a-17 t_test/1 t_test/1 True"])
            #expect(try await perform("204") == ActionResult())
            for (order, code) in [
                ("422", "no-order"), ("500", "bad-status"), ("503", "bad-status"), ("verdict", "bad-frame"),
                ("foreign", "bad-frame"), ("failed", "no-order"),
            ] {
                let failure = await #expect(throws: Failure.self, "\(order)") { try await perform(order) }
                #expect(failure?.code.rawValue == code, "\(order): \(String(describing: failure))")
            }
            let unknown = await #expect(throws: Failure.self) { try await perform("a-17", "cancel") }
            #expect(unknown?.code == .unknownOperation)
            await #expect(throws: RetryAfter.self) { try await perform("429") }
            // It wants to be left alone for now.
            let busy = await #expect(throws: Failure.self) { try await perform("a-17") }
            #expect(busy?.code == .busy)
        }
    }
}
