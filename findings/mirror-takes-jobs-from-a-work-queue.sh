#!/usr/bin/env bash
# A mirror of a JetStream work queue takes the jobs out of it, as long as the queue has no consumer of its own.
#
# Software: nats-server {2.14.9, 2.15.2} (the same on both), @nats-io/jetstream 3.4.0.
# Guessed:  a mirror, or a stream that sources, reads along; jobs leave a queue when a worker acknowledged them. (Or it is refused, as a second reader of a work queue is.)
# Seen:     copying counts as the acknowledgement: with no consumer on the queue, each job is deleted from it once it is copied, and a worker that comes later finds none. Beside a worker's consumer both
#           get every job. Delete the worker's consumer, to make it anew with another setting, and what arrives in between is gone from the queue.
# Matters:  a backup of a queue that is set up before its workers, or that lives through a moment without them, turns into the only place that has the jobs.
# Source:   server/stream.go and consumer.go, since 2.14: mirrors and sources of work queues read through a consumer with the ack policy flow_control, which doesn't clash with others and counts as interest.
#
# Needs npm and Go. Installs into a temporary folder, runs one server on the loopback interface, and ends with code 1 once the behaviour is another.

source "$(dirname "${BASH_SOURCE[0]}")/jetstream.bash"
look_at_jetstream <<'JS'
const count = async (stream) => (await state(stream)).messages
const queue = async (name, copy) => {
  await jsm.streams.add({ name, subjects: [`${name}.>`], retention: "workqueue" })
  for (const n of [1, 2, 3]) await js.publish(`${name}.job`, `job ${n}`)
  return () => jsm.streams.add({ name: `${name}-COPY`, ...copy })
}
const worker = { durable_name: "worker", ack_policy: AckPolicy.Explicit }
for (const [how, copy] of [
  ["mirror", { mirror: { name: "MIRRORED" } }],
  ["stream that sources it", { sources: [{ name: "SOURCED" }] }],
]) {
  const name = how === "mirror" ? "MIRRORED" : "SOURCED"
  const begin = await queue(name, copy)
  see(`${name}: jobs before it is copied`, await count(name), 3)
  await begin()
  await until("all is copied", async () => (await count(`${name}-COPY`)) === 3)
  await until("the queue is empty", async () => (await count(name)) === 0)
  see(`${name}: jobs that wait for a worker who comes after the ${how}`, (await jsm.consumers.add(name, worker)).num_pending, 0)
}

const begin = await queue("WORKED", { mirror: { name: "WORKED" } })
await jsm.consumers.add("WORKED", worker)
await begin()
await until("all is copied", async () => (await count("WORKED-COPY")) === 3)
await pause(2_000)
see("jobs in a queue that had its consumer before the mirror came", await count("WORKED"), 3)
await jsm.consumers.delete("WORKED", "worker")
await js.publish("WORKED.job", "job 4, while the consumer is made anew")
await until("it is copied", async () => (await count("WORKED-COPY")) === 4)
await until("it has left the queue", async () => (await count("WORKED")) === 3)
see("jobs that wait for the consumer made anew, of four", (await jsm.consumers.add("WORKED", worker)).num_pending, 3)
JS
