#!/usr/bin/env bash
# The client's `retries` of a JetStream publish repeat it after a time-out too: it is stored twice, or its own first attempt makes it fail as a conflict.
#
# Software: @nats-io/jetstream 3.4.0, nats-server {2.14.9, 2.15.2} (the same on both).
# Guessed:  `retries` is for what surely was not stored (no responders, as while a leader is elected), or it sees to it that a repetition is told apart. `retries: 1` repeats once.
# Seen:     it is the number of attempts, and silence is followed by the next as much as "no responders" is. A server that answers late has then stored an unguarded message twice, under an
#           acknowledgement that names the second. A guarded one gets 10071 (wrong last sequence), with a number that is its own: whoever reads that as another writer's steps back from what it did itself.
# Matters:  a lost conflict is decided again: the same order twice. An append with an unknown outcome has to be looked for in the stream; that is what Holdfast does, with one attempt at a time.
# Source:   jetstream/lib/jsclient.js, _publish: one loop around the request, which goes on after a time-out and after no responders alike.
#
# Needs npm and Go. Installs into a temporary folder, runs one server on the loopback interface, which is held still for a second at a time, and ends with code 1 once the behaviour is another.

source "$(dirname "${BASH_SOURCE[0]}")/jetstream.bash"
look_at_jetstream <<'JS'
await jsm.streams.add({ name: "ORDERS", subjects: ["order.>"] })
/** Publishes while the server stands still for longer than the client waits, and says what the client was told and what is stored. */
const late = async (subject, options) => {
  const before = (await state("ORDERS")).last_seq
  process.kill(serverPid, "SIGSTOP")
  await pause(100)
  setTimeout(() => process.kill(serverPid, "SIGCONT"), 900)
  const told = await js.publish(subject, "", { timeout: 500, ...options(before) }).then(
    () => "acknowledged",
    (error) => (error.code === undefined ? error.name : `${error.code} ${error.message.replace(/\d+/g, (n) => (Number(n) === before + 1 ? "MINE" : n))}`),
  )
  await pause(1_000)
  return { told, stored: (await state("ORDERS")).last_seq - before }
}
see("retries: 1", await late("order.1", () => ({ retries: 1 })), { told: "TimeoutError", stored: 1 })
see("retries: 2", await late("order.2", () => ({ retries: 2 })), { told: "acknowledged", stored: 2 })
const guarded = (last) => ({ retries: 2, expect: { lastSequence: last } })
see("retries: 2, guarded by the last sequence", await late("order.3", guarded), { told: "10071 wrong last sequence: MINE", stored: 1 })
JS
