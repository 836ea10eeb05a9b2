#!/bin/sh
# A plugin in one line: sed answers each kind of object. JSON keeps a quote in a text escaped, so that no message can look
# like an object of its own.
#
#   claude-chat plugins check -- sh Examples/shell-plugin/plugin.sh
exec sed -u -n -e 's/^{.*"type":"hello".*}$/{"type":"ready","protocol":1,"name":"hello-sed","stages":["answer"]}/p' -e 's/^{.*"type":"ping","n":\([0-9]*\)}$/{"type":"pong","n":\1}/p' -e 's/^{.*"type":"turn","id":"\([^"]*\)".*}$/{"type":"verdict","id":"\1","verdict":"reply","text":"Hello from a shell."}/p'
