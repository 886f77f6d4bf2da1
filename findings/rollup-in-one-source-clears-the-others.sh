#!/usr/bin/env bash
# A rollup in one JetStream stream wipes what other streams have put into an aggregate; a mirror without the flag keeps what its origin rolled up.
#
# Software: nats-server {2.14.9, 2.15.2} (the same on both), @nats-io/jetstream 3.4.0.
# Guessed:  a rollup replaces what its own stream holds. In an aggregate it replaces what came from there; a mirror is a copy of its origin, whatever its flags.
# Seen:     the header travels with the copy and is obeyed by the aggregate's own flag, over all it holds: messages of a source whose stream allows no rollup, and of publishers of its own, go too.
#           Without the flag nothing is rolled up: aggregate and mirror keep what the origin dropped, and the mirror has more messages than its origin for good.
# Matters:  one shop that compacts its own log empties the report over all shops; whoever restores from the mirror gets back what was replaced.
# Source:   server/stream.go: processInboundSourceMsg and processInboundMirrorMsg hand headers on to the store, which reads Nats-Rollup by the flag of the stream at hand.
#
# Needs npm and Go. Installs into a temporary folder, runs one server on the loopback interface, and ends with code 1 once the behaviour is another.

source "$(dirname "${BASH_SOURCE[0]}")/jetstream.bash"
look_at_jetstream <<'JS'
await jsm.streams.add({ name: "EAST", subjects: ["east.>"], allow_rollup_hdrs: true })
await jsm.streams.add({ name: "WEST", subjects: ["west.>"], allow_rollup_hdrs: false })
const sources = [{ name: "EAST" }, { name: "WEST" }]
await jsm.streams.add({ name: "WITH", subjects: ["own.>"], sources, allow_rollup_hdrs: true })
await jsm.streams.add({ name: "WITHOUT", sources })
await jsm.streams.add({ name: "MIRROR", mirror: { name: "EAST" } })
for (const n of [1, 2, 3]) {
  await js.publish("east.sales", `east ${n}`)
  await js.publish("west.sales", `west ${n}`)
}
await js.publish("own.note", "published to the aggregate itself")
const count = async (stream) => (await state(stream)).messages
await until("all is copied", async () => (await count("WITH")) === 7 && (await count("WITHOUT")) === 6 && (await count("MIRROR")) === 3)

const rollup = headers()
rollup.set("Nats-Rollup", "all")
await js.publish("east.sales", "east, in one", { headers: rollup })
await until("the rollup is copied", async () => (await state("WITH")).last_seq === 8 && (await count("WITHOUT")) === 7 && (await count("MIRROR")) === 4)
see("messages in the stream that was rolled up", await count("EAST"), 1)
see("in the other one", await count("WEST"), 3)
see("in the aggregate of both that allows rollups, its own message included", await count("WITH"), 1)
see("what that is", (await jsm.streams.getMessage("WITH", { seq: 8 })).string(), "east, in one")
see("in the aggregate without the flag", await count("WITHOUT"), 7)
see("in the mirror of the one that was rolled up", await count("MIRROR"), 4)
JS
