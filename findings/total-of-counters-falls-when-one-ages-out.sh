#!/usr/bin/env bash
# A JetStream counter whose last message ages out, or is purged, begins again at zero, and takes its whole amount out of the totals that other streams keep over it.
#
# Software: nats-server {2.14.9, 2.15.2} (the same on both), @nats-io/jetstream 3.4.0.
# Guessed:  increments are facts. A stream that adds up the counters of several keeps what it has counted, whatever those keep of it: that is what one adds up for.
# Seen:     while the counter is gone, the total stands. With the next increment of one, the total falls by all that was counted before: 100 units, seen by everybody, become 1. An increment of +1 is
#           stored in the aggregate as one of −99. A purge in another shop's stream does the same.
# Matters:  a bound on age or size of a counting stream is a delayed change of every total above it. Stock can't be counted this way.
# Source:   server/stream.go: the aggregate notes the last value of each source and adds the difference to it; a value that fell counts as a negative increment.
#
# Needs npm and Go. Installs into a temporary folder, runs one server on the loopback interface, and ends with code 1 once the behaviour is another.

source "$(dirname "${BASH_SOURCE[0]}")/jetstream.bash"
look_at_jetstream <<'JS'
const counter = (name, more) => jsm.streams.add({ name, subjects: [`${name}.>`], allow_msg_counter: true, ...more })
await counter("EAST", { max_age: nanos(4_000), duplicate_window: nanos(1_000) })
await counter("WEST", {})
const into = (name) => ({ name, subject_transforms: [{ src: `${name}.>`, dest: "total.>" }] })
await jsm.streams.add({ name: "TOTAL", subjects: ["total.>"], allow_msg_counter: true, sources: [into("EAST"), into("WEST")] })
const add = async (shop, units) => {
  const by = headers()
  by.set("Nats-Incr", units)
  return (await js.publish(`${shop}.sold`, "", { headers: by })).val
}
const last = (stream, subject) => jsm.streams.getMessage(stream, { last_by_subj: subject })
const total = async () => JSON.parse((await last("TOTAL", "total.sold"))?.string() ?? "{}").val
const until_total = (units) => until(`a total of ${units}`, async () => (await total()) === units)

await add("EAST", "+100")
await until_total("100")
await until("the counter has aged out", async () => (await last("EAST", "EAST.sold")) === null)
see("the total, when the counter has aged out", await total(), "100")
see("the counter, after one more unit", await add("EAST", "+1"), "1")
await until("the total has changed", async () => (await total()) !== "100")
see("the total, after 101 units were counted", await total(), "1")
see("the increment that the aggregate stored for +1", (await last("TOTAL", "total.sold")).header.get("Nats-Incr"), "-99")

await add("WEST", "+50")
await until_total("51")
await jsm.streams.purge("WEST")
await add("WEST", "+2")
await until("the total has changed", async () => (await total()) !== "51")
see("the total, after 52 more in another shop, whose stream was purged in between", await total(), "3")
JS
