import Testing

@testable import SourceCode

@Suite("stack traces")
struct StackTraceTests {
    @Test(
        "every form is read, with file, line and function",
        arguments: [
            (#"  File "/app/shop/basket.py", line 12, in total"#, "/app/shop/basket.py:12 total"),
            (#"  File "<stdin>", line 1, in <module>"#, "<stdin>:1 <module> foreign"),
            ("    at total (/app/src/basket.js:12:7)", "/app/src/basket.js:12:7"),
            ("    at async Promise.all (index 0)", ""),
            ("    at file:///app/src/basket.mjs:3:1", "/app/src/basket.mjs:3:1"),
            ("    at total (webpack://shop/./src/basket.ts?a1b2:12:7)", "/src/basket.ts:12:7"),
            ("    at node:internal/process/task_queues.js:95:5", "node:internal/process/task_queues.js:95:5 foreign"),
            ("total@https://shop.example:8443/static/basket.js:12:7", "/static/basket.js:12:7"),
            ("@http://127.0.0.1:8080/a.js:1:2", "/a.js:1:2"),
            ("\tat com.acme.Basket.total(Basket.java:12)", "com/acme/Basket.java:12 Basket.total"),
            (
                "\tat app//com.acme.Basket$Item.get(Basket.java:7) ~[shop.jar:1.0]",
                "com/acme/Basket.java:7 Basket$Item.get"
            ),
            (
                "\tat java.base/java.util.ArrayList.get(ArrayList.java:427)",
                "java/util/ArrayList.java:427 ArrayList.get foreign"
            ),
            ("\tat com.acme.Basket.total(Native Method)", ""),
            ("\tat com.acme.CartKt.sum(Cart.kt:3)", "com/acme/Cart.kt:3 CartKt.sum"),
            ("\t/app/cmd/shop/main.go:12 +0x1d", "/app/cmd/shop/main.go:12"),
            ("\t/go/pkg/mod/github.com/x/y@v1.2.3/z.go:40 +0x5", "/go/pkg/mod/github.com/x/y@v1.2.3/z.go:40 foreign"),
            ("\t/usr/local/go/src/net/http/server.go:2936 +0x316", "/usr/local/go/src/net/http/server.go:2936 foreign"),
            ("Shop/Basket.swift:12: Fatal error: Index out of range", "Shop/Basket.swift:12"),
            ("Fatal error: no items: file Shop/Basket.swift, line 12", "Shop/Basket.swift:12"),
            ("1 [ra] 0x00005 total() + 12 in shop at /app/Sources/Basket.swift:12:5", "/app/Sources/Basket.swift:12:5"),
            (
                #"   at Acme.Basket.Total(String s) in C:\src\Shop\Basket.cs:line 42"#,
                "C:/src/Shop/Basket.cs:42 Acme.Basket.Total(String s)"
            ),
            ("#0 /app/src/basket.php(12): Basket->total()", "/app/src/basket.php:12 Basket->total()"),
            ("PHP Fatal error:  Uncaught Error in /app/src/basket.php on line 9", "/app/src/basket.php:9"),
            ("/app/lib/basket.rb:12:in `total'", "/app/lib/basket.rb:12"),
            ("see src/basket.c:10 and src/basket.h:20:3.", "src/basket.c:10 | src/basket.h:20:3"),
            ("it was 10:30 on 2026-12-01 at shop.example:443/x", ""), ("version 1.2.3:4", ""),
            ("../../../etc/passwd.py:1", "etc/passwd.py:1"), ("a.py:0", ""), ("a.py:99999999", ""),
            ("at x (/app/node_modules/@a/b/c.js:1:1)", "/app/node_modules/@a/b/c.js:1:1 foreign"),
            ("node_modules/x/index.js:1:1", "node_modules/x/index.js:1:1 foreign"),
        ]
    )
    func forms(line: String, expected: String) {
        let frames = StackTrace.frames(in: line).map { frame in
            let column = frame.column.map { ":\($0)" } ?? ""
            let function = frame.function.map { " \($0)" } ?? ""
            return "\(frame.path):\(frame.line)\(column)\(function)\(frame.isForeign ? " foreign" : "")"
        }
        #expect(frames.joined(separator: " | ") == expected)
    }

    @Test("64 places of a text count, and each once")
    func limit() {
        let lines = (1...100).map { "a.py:\($0)" }
        #expect(StackTrace.frames(in: lines.joined(separator: "\n")).count == 64)
        #expect(StackTrace.frames(in: "a.py:1 a.py:1\na.py:1").count == 1)
    }

    @Test("a line of colons is no trace, however long it is")
    func hostile() {
        #expect(StackTrace.frames(in: String(repeating: "a.b:1:", count: 100_000)).isEmpty)
        #expect(StackTrace.frames(in: String(repeating: ":", count: 4_000)).isEmpty)
        #expect(StackTrace.frames(in: String(repeating: "x.y:1x:", count: 500)).isEmpty)
    }
}
