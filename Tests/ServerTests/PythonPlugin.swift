/// Programs of plugins that tests run.
enum PythonPlugin {
    /// A program that answers turns.
    ///
    /// - Parameters:
    ///   - stage: Where it may stand.
    ///   - hello: What it does before it says that it is ready.
    ///   - turn: What it does with `frame`, a turn; `answer(verdict, **more)` answers it.
    /// - Returns: Its text.
    static func program(in stage: String = "answer", hello: String = "pass", turn: String) -> String {
        func indented(_ text: String) -> String { text.replacing("\n", with: "\n        ") }
        return """
            import json, os, sys, time
            def say(**frame): print(json.dumps(frame), flush=True)
            for line in sys.stdin:
                try: frame = json.loads(line)
                except ValueError: continue
                def answer(verdict, **more): say(type="verdict", id=frame["id"], verdict=verdict, **more)
                if frame["type"] == "hello":
                    \(indented(hello))
                    say(type="ready", protocol=1, name="test", stages=["\(stage)"])
                elif frame["type"] == "ping":
                    say(type="pong", n=frame["n"])
                elif frame["type"] == "turn":
                    \(indented(turn))
            """
    }
}
