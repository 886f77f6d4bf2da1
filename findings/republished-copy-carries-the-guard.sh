#!/usr/bin/env bash
# A message that was published with a guard is missing from every stream that stores what its stream republishes.
#
# Software: nats-server {2.14.9, 2.15.2} (the same on both), @nats-io/jetstream 3.4.0.
# Guessed:  a guard (expected stream or last sequence) is a question to the stream that was published to. What it republishes is what it stored, and a stream over those subjects holds all of it.
# Seen:     the republished copy still has the headers of the guard, so that the second stream holds them against itself: what names the first stream, or a sequence that isn't the second's own, is
#           refused there. Nobody asked for an acknowledgement, so nobody is told: no advisory, no count, the first stream's publisher hears that it is stored.
# Matters:  who keeps a feed that is republished loses exactly what its writers were most careful about. Subscribers who need no stream get everything.
# Source:   server/stream.go strips headers that begin with Nats-Expected- where it stores what it sources or mirrors, and not where it republishes (end of processJetStreamMsg).
#
# Needs npm and Go. Installs into a temporary folder, runs one server on the loopback interface, and ends with code 1 once the behaviour is another.

source "$(dirname "${BASH_SOURCE[0]}")/jetstream.bash"
look_at_jetstream <<'JS'
await jsm.streams.add({ name: "STOCK", subjects: ["stock.>"], republish: { src: "stock.>", dest: "feed.>" } })
await jsm.streams.add({ name: "KEPT", subjects: ["feed.>"] })
await jsm.streams.add({ name: "SOURCED", sources: [{ name: "STOCK" }] })
const heard = []
link.subscribe("feed.>", { callback: (_, message) => heard.push(message.string()) })
await link.flush()

await js.publish("stock.A", "plain")
// A message for the second stream alone, so that its sequences are not the first one's.
await js.publish("feed.own", "of the second stream")
const guarded = await js.publish("stock.A", "guarded by the last sequence", { expect: { lastSequence: 1 } })
await js.publish("stock.A", "guarded by the stream's name", { expect: { streamName: "STOCK" } })
await js.publish("stock.A", "plain again")
see("the guarded one is stored as", guarded.seq, 2)

const bodies = async (stream) => {
  const { first_seq, last_seq } = await state(stream)
  const read = []
  for (let seq = Math.max(1, first_seq); seq <= last_seq; seq += 1) read.push((await jsm.streams.getMessage(stream, { seq })).string())
  return read
}
await until("the last is everywhere", async () => (await bodies("KEPT")).includes("plain again") && (await bodies("SOURCED")).includes("plain again"))
const all = ["plain", "guarded by the last sequence", "guarded by the stream's name", "plain again"]
see("in the first stream", await bodies("STOCK"), all)
see("in a stream that sources it", await bodies("SOURCED"), all)
see("heard by a subscriber", heard.filter((body) => body !== "of the second stream"), all)
see("in a stream over what it republishes", await bodies("KEPT"), ["plain", "of the second stream", "plain again"])
JS
