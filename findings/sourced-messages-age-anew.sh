#!/usr/bin/env bash
# A message that is sourced into another JetStream stream begins its age and its TTL anew there.
#
# Software: nats-server {2.14.9, 2.15.2} (the same on both), @nats-io/jetstream 3.4.0.
# Guessed:  a message of four seconds' age with a TTL of six has two left wherever it is copied to; a stream with max_age holds nothing older.
# Seen:     the copy gets the time at which it was copied: it outlives its original by the delay of the copy, and once more with each stream in the chain. After an outage of the source, everything that is caught up on is as if new.
# Source:   server/stream.go, processInboundSourceMsg stores with the present time, unlike a mirror, which keeps the original's.
#
# Needs npm and Go. Installs into a temporary folder, runs one server on the loopback interface, and ends with code 1 once the behaviour is another.

source "$(dirname "${BASH_SOURCE[0]}")/jetstream.bash"
look_at_jetstream <<'JS'
const ttlMs = 6_000
await jsm.streams.add({ name: "HOLDS", subjects: ["hold.>"], allow_msg_ttl: true })
await js.publish("hold.1", "for six seconds", { ttl: "6s" })
const storedAtMs = Date.now()
await pause(4_000)
await jsm.streams.add({ name: "ALL", sources: [{ name: "HOLDS" }], allow_msg_ttl: true })
await jsm.streams.add({ name: "SAME", mirror: { name: "HOLDS" }, allow_msg_ttl: true })
const count = async (stream) => (await jsm.streams.info(stream)).state.messages
await until("both copies are there", async () => (await count("ALL")) === 1 && (await count("SAME")) === 1)
const timeIn = async (stream) => (await jsm.streams.getMessage(stream, { seq: 1 })).time.getTime()
const original = await timeIn("HOLDS")
see("the source's copy is dated at least 3.5 s later than the original", (await timeIn("ALL")) - original > 3_500, true)
see("the mirror's copy has the original's time", (await timeIn("SAME")) === original, true)
await until("the original ends", async () => (await count("HOLDS")) === 0)
see("the source's copy, when the original has ended", await count("ALL"), 1)
await until("the source's copy ends", async () => (await count("ALL")) === 0)
see("it lived more than 3 s longer than its TTL", Date.now() - storedAtMs > ttlMs + 3_000, true)
JS
