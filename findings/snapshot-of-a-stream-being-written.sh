#!/usr/bin/env bash
# A JetStream stream that is backed up while it is written to comes back, more often than not, with a last sequence that no message has.
#
# Software: nats-server 2.14.9, @nats-io/jetstream 3.4.0. On 2.15.2 the same requests for a restore end with error 10062, also of a stream that nobody wrote to: this script can show nothing there. The backup is that of `nats stream backup` and `nats stream restore`: $JS.API.STREAM.SNAPSHOT and RESTORE.
# Guessed:  a copy holds the stream as of some moment: its last sequence is its last message's, and is what the answer to the request for the copy said.
# Seen:     the copy's last sequence is above the one that was said, and in more than one of four copies the message at it is not there. The next message is numbered after the hole.
# Matters:  who reads to the last sequence of a restored stream waits for ever for a message that won't come, and who appends by compare-and-set on the last message it has read is refused for good. Nothing that the
#           backup promised is missing, and no error is said. A stream that nobody writes to meanwhile comes back as it was.
#
# Needs npm and Go. Installs into a temporary folder, runs one server on the loopback interface, and ends with code 1 once the behaviour is another.

source "$(dirname "${BASH_SOURCE[0]}")/jetstream.bash"
look_at_jetstream <<'JS'
import { createInbox } from "@nats-io/transport-node"
const api = async (subject, body) => {
  const said = (await link.request(`$JS.API.STREAM.${subject}`, JSON.stringify(body), { timeout: 10_000 })).json()
  if (said.error) throw new Error(JSON.stringify(said.error))
  return said
}
const backup = async (stream) => {
  const deliver_subject = createInbox()
  const chunks = []
  const ended = new Promise((resolve) => link.subscribe(deliver_subject, { callback: (_, message) => {
    if (message.data.length === 0) return resolve()
    chunks.push(message.data.slice())
    if (message.reply) message.respond()
  } }))
  const { config, state } = await api(`SNAPSHOT.${stream}`, { deliver_subject, no_consumers: true, chunk_size: 131_072 })
  await ended
  return { config, state, chunks }
}
const restore = async ({ config, state, chunks }) => {
  const { deliver_subject } = await api(`RESTORE.${config.name}`, { config, state })
  for (const chunk of chunks) await link.request(deliver_subject, chunk, { timeout: 10_000 })
  const said = (await link.request(deliver_subject, "", { timeout: 10_000 })).json()
  if (said.error) throw new Error(JSON.stringify(said.error))
}
await jsm.streams.add({ name: "LEDGER", subjects: ["ledger"] })
const copies = []
let isOver = false
const write = async () => {
  for (let n = 0; !isOver; n++) await js.publish("ledger", "x".repeat(600))
}
const writers = [1, 2, 3, 4].map(write)
for (let n = 0; n < 200; n++) {
  await pause(20)
  copies.push(await backup("LEDGER"))
}
isOver = true
await Promise.all(writers)
let hollow = 0
let beyond = 0
let after
for (const copy of copies) {
  await jsm.streams.delete("LEDGER")
  await restore(copy)
  const { last_seq, messages } = await state("LEDGER")
  const last = await jsm.streams.getMessage("LEDGER", { seq: last_seq }).catch(() => null)
  if (last_seq !== copy.state.last_seq) beyond++
  if (last !== null) continue
  hollow++
  after ??= { hole: last_seq - messages, next: (await js.publish("ledger", "next")).seq - last_seq }
}
see("of 200 copies, more than 20 have a last sequence above the one that was said", beyond > 20, true)
see("more than 20 have no message there", hollow > 20, true)
see("messages that are missing in the first of these, and how far behind it the next is numbered", after, { hole: 1, next: 1 })
await jsm.streams.delete("LEDGER")
await jsm.streams.add({ name: "LEDGER", subjects: ["ledger"] })
for (let n = 0; n < 50; n++) await js.publish("ledger", "still")
const still = await backup("LEDGER")
await jsm.streams.delete("LEDGER")
await restore(still)
see("the last message of one that nobody wrote to", (await jsm.streams.getMessage("LEDGER", { seq: 50 })).string(), "still")
JS
