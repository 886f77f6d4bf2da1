#!/usr/bin/env bash
# A guard on the last sequence of a subject accepts an older value again, once the newest message was deleted or its TTL has passed.
#
# Software: nats-server {2.14.9, 2.15.2} (the same on both), @nats-io/jetstream 3.4.0.
# Guessed:  sequences only rise, so a publish that expects a sequence which was overwritten is refused for good.
# Seen:     the subject's last sequence falls back to the message before: a writer that slept through the change is let in as if nothing had happened (and a reader sees the older value as the current one).
# Source:   the guard is compared with the last message of the subject that is still stored (server/jetstream_batching.go, server/stream.go); nothing remembers a higher one. A delete marker (subject_delete_marker_ttl) doesn't help: it stands in for the last message of a subject, and here one is left.
#
# Needs npm and Go. Installs into a temporary folder, runs one server on the loopback interface, and ends with code 1 once the behaviour is another.

source "$(dirname "${BASH_SOURCE[0]}")/jetstream.bash"
look_at_jetstream <<'JS'
await jsm.streams.add({ name: "PRICES", subjects: ["price.>"], allow_msg_ttl: true, allow_direct: true })
const readAt = (await js.publish("price.A", "10.00")).seq
const changed = await js.publish("price.A", "12.00")
const guarded = async (subject, body, expected) => {
  try {
    await js.publish(subject, body, { expect: { lastSubjectSequence: expected } })
    return "accepted"
  } catch (error) {
    return `refused with ${error.code}`
  }
}
see("a writer that read the first price, after the second was stored", await guarded("price.A", "11.00", readAt), "refused with 10071")
await jsm.streams.deleteMessage("PRICES", changed.seq)
see("the same writer, after the second was deleted", await guarded("price.A", "11.00", readAt), "accepted")

const lasting = (await js.publish("price.B", "10.00")).seq
await js.publish("price.B", "7.00 for a second", { ttl: "1s" })
const current = async () => (await jsm.direct.getMessage("PRICES", { last_by_subj: "price.B" }))?.string()
see("a price with a TTL, over one without", await current(), "7.00 for a second")
see("who knows only the lasting one", await guarded("price.B", "9.00", lasting), "refused with 10071")
await until("the price with a TTL ends", async () => (await current()) !== "7.00 for a second")
see("after its TTL", await current(), "10.00")
see("who knows only the lasting one, after the TTL", await guarded("price.B", "9.00", lasting), "accepted")

await jsm.streams.add({ name: "MARKED", subjects: ["marked.>"], allow_msg_ttl: true, allow_direct: true, subject_delete_marker_ttl: nanos(1_000) })
await js.publish("marked.A", "older")
await js.publish("marked.A", "newer", { ttl: "2s" })
const ofMarked = async () => (await jsm.direct.getMessage("MARKED", { last_by_subj: "marked.A" }))?.string()
await until("the newer ends", async () => (await ofMarked()) !== "newer")
see("with delete markers switched on", await ofMarked(), "older")
JS
