#!/usr/bin/env bash
# The client's atomic batch sends the guard and the TTL of its first message alone; those of the others are dropped without a word, and the batch commits.
#
# Software: @nats-io/jetstream 3.4.0, nats-server {2.14.9, 2.15.2} (the same on both).
# Guessed:  `add` takes a guard and a TTL, as its types and comments say. A batch is atomic, so that one stale guard in it refuses all of it (the server does that: see the last lines).
# Seen:     `add` passes on headers and time-out. `expect` and `ttl` are neither sent nor refused: a price that was changed meanwhile is overwritten by a batch that names the sequence it had read. And where
#           the server does refuse a batch, the client says that it "didn't contain number of published messages": the number that tells a conflict from a full stream is lost.
# Matters:  the guard is what such a batch is for. Written as a header it is sent.
# Source:   jetstream/lib/jsclient.js, BatchPublisherImpl: add and commit build the options that they hand on from two fields, and commit reads every answer as an acknowledgement.
#
# Needs npm and Go. Installs into a temporary folder, runs one server on the loopback interface, and ends with code 1 once the behaviour is another.

source "$(dirname "${BASH_SOURCE[0]}")/jetstream.bash"
look_at_jetstream <<'JS'
await jsm.streams.add({ name: "SHOP", subjects: ["shop.>"], allow_atomic: true, allow_msg_ttl: true })
const read = (await js.publish("shop.price", "10.00")).seq
await js.publish("shop.price", "12.00")
const stale = () => ({ expect: { lastSubjectSequence: read } })
const current = async () => (await jsm.streams.getMessage("SHOP", { last_by_subj: "shop.price" })).string()
const said = (work) => work.then(() => "accepted", (error) => `${error.code ?? error.constructor.name}: ${error.message}`)
see("a stale guard on one message", await said(js.publish("shop.price", "9.00", stale())), "10071: wrong last sequence: 2")

const batch = await js.startBatch("shop.order", "an order")
await batch.add("shop.price", "9.00", { ack: true, ttl: "1s", ...stale() })
see("a batch with a stale guard on its second message", await said(batch.commit("shop.order", "its end")), "accepted")
see("the price now", await current(), "9.00")
await pause(2_500)
see("the price, after its TTL", await current(), "9.00")

const first = await js.startBatch("shop.price", "8.00", stale())
see("a stale guard on the first message", await said(first.commit("shop.order", "its end")), "Error: batch didn't contain number of published messages")
const inHeaders = await js.startBatch("shop.order", "an order")
const guard = headers()
guard.set("Nats-Expected-Last-Subject-Sequence", String(read))
await inHeaders.add("shop.price", "7.00", { headers: guard })
see("on the second, as a header", await said(inHeaders.commit("shop.order", "its end")), "Error: batch didn't contain number of published messages")
see("the price at the end", await current(), "9.00")
JS
