#!/usr/bin/env bash
# A subscription that takes at most so many messages loses that limit on the server at a reconnection: a queue group's messages beyond it are sent there, and dropped.
#
# Software: @nats-io/transport-node 3.4.0 (nats-core 3.4.0), nats-server {2.14.9, 2.15.2} (the same on both).
# Guessed:  `max` is kept by the server, which ends the subscription at the last message and gives the rest to the others of the group. After a reconnection the client asks for what is left of it.
# Seen:     the client subscribes again without a limit. The server goes on choosing that member, until it hears that the client has had enough; whatever was sent until then is thrown away by the client
#           without an error or a status. Nobody else of the group gets it, and who asked for an answer hears nothing: not even that there are no responders.
# Matters:  credit by `max` (so many requests, then ask for more) keeps a busy worker's share with the others, until the first network failure. Holdfast's door asks again after each connection.
# Source:   core/lib/protocol.js: sendSubscriptions writes SUB for each subscription and no UNSUB with its maximum; processMsg drops what comes for a subscription that is over.
#
# Needs npm and Go. Installs into a temporary folder, runs one server on the loopback interface, and ends with code 1 once the behaviour is another.

source "$(dirname "${BASH_SOURCE[0]}")/jetstream.bash"
look_at_jetstream <<'JS'
const sent = 40
/** What two members of a group get of 40 messages, the first of which takes 5 and may have lost its connection before. */
const shared = async (subject, isReconnected) => {
  const [first, second] = [await open(), await open()]
  const got = { first: 0, second: 0 }
  first.subscribe(subject, { queue: "workers", max: 5, callback: () => (got.first += 1) })
  await first.flush()
  if (isReconnected) {
    const back = (async () => {
      for await (const status of first.status()) if (status.type === "reconnect") return
    })()
    await first.reconnect()
    await back
    await first.flush()
  }
  second.subscribe(subject, { queue: "workers", callback: () => (got.second += 1) })
  await second.flush()
  for (let n = 0; n < sent; n += 1) link.publish(subject, String(n))
  await link.flush()
  for (const one of [first, second]) await one.flush()
  await pause(500)
  for (const one of [first, second]) await one.close()
  return { first: got.first, all: got.first + got.second }
}
see("as subscribed: the first gets, and both together", await shared("work.1", false), { first: 5, all: sent })
const { first, all } = await shared("work.2", true)
see("after a reconnection: the first gets", first, 5)
see("after a reconnection: some reached nobody", all < sent, true)
console.log(`(this time ${sent - all} of ${sent}, by chance)`)
JS
