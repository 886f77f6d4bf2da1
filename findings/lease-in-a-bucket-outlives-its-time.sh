#!/usr/bin/env bash
# A key with a TTL in a NATS key-value bucket lives for ever once it is updated; in a bucket with history its TTL is raised from the start; and after its end it is still listed.
#
# Software: @nats-io/kv 3.4.0, nats-server {2.14.9, 2.15.2} (the same on both).
# Guessed:  a lease is made with `create` and a TTL, and renewed with `update` and the revision: it goes on for its time, or for the rest of it. The TTL is what was asked for. What has ended is gone.
# Seen:     `update` has no TTL and sends none: the renewed lease never ends, whoever held it. With history above 1 the server raises the TTL to that of the bucket's delete markers and rewrites the
#           header: a lease of 2 s is held for 5. And for as long as its marker stays, an ended key is among the `keys()`, though `get` shows that it isn't there.
# Matters:  one that dies after its first renewal locks its shard for good, a slow fail-over looks like bad luck, and a count of workers by their keys is too high.
# Source:   kv/lib/kv.js: update hands create's other options on, but not that one, and keys() leaves out no purge markers; server/stream.go raises a TTL below the marker's where more than one message
#           of a subject may be kept, lest the older one come back.
#
# Needs npm and Go. Installs into a temporary folder, runs one server on the loopback interface, and ends with code 1 once the behaviour is another.

source "$(dirname "${BASH_SOURCE[0]}")/jetstream.bash"
look_at_jetstream <<'JS'
const buckets = new Kvm(js)
const leases = await buckets.create("leases", { markerTTL: 5_000 })
const history = await buckets.create("history", { markerTTL: 5_000, history: 5 })
const held = async (bucket, key) => (await bucket.get(key))?.operation === "PUT"
const ttlOf = async (stream, key) => (await jsm.streams.getMessage(stream, { last_by_subj: `$KV.${stream.slice(3)}.${key}` })).header.get("Nats-TTL")
const names = async () => {
  const all = []
  for await (const key of await leases.keys()) all.push(key)
  return all.sort()
}

await leases.create("left-alone", "worker 1", "2s")
const revision = await leases.create("renewed", "worker 1", "2s")
await history.create("left-alone", "worker 1", "2s")
see("the TTL stored with a lease", await ttlOf("KV_leases", "left-alone"), "2s")
see("the TTL stored in a bucket with history", await ttlOf("KV_history", "left-alone"), "5")
await leases.update("renewed", "worker 1", revision)
see("the TTL stored with its renewal", await ttlOf("KV_leases", "renewed"), "")

await until("the lease that nobody renewed ends", async () => !(await held(leases, "left-alone")))
see("at that moment, in the bucket with history", await held(history, "left-alone"), true)
see("keys that are listed", await names(), ["left-alone", "renewed"])
await until("in the bucket with history it ends too", async () => !(await held(history, "left-alone")))
await until("its marker ends", async () => (await names()).length === 1)
await pause(4_000)
see("the renewed one, after several times its TTL", await held(leases, "renewed"), true)
JS
