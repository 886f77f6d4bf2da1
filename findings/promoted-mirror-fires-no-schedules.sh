#!/usr/bin/env bash
# A mirror of scheduled messages that is made the stream in use never fires what was scheduled before, and keeps schedules that have fired.
#
# Software: nats-server {2.14.9, 2.15.2} (the same on both), @nats-io/jetstream 3.4.0.
# Guessed:  a mirror may be promoted after a disaster (its setting `mirror` is taken off, subjects and schedules are switched on). It holds the scheduled messages, so they fire when they are due.
# Seen:     all is accepted, and a schedule published from then on fires. Those that were mirrored lie there, due or overdue, and never do; no error says so. Beside them lie schedules that had fired at
#           the origin and were purged there: a mirror doesn't follow that purge. Nothing tells the two apart but looking for the message that each should have made.
# Matters:  ends of holds, reminders and retries that wait in schedules are lost by the fail-over that was meant to save them. Ends of holds that are part of the state don't have that hazard.
# Source:   server/filestore.go: switching schedules on looks for those already stored, but passes over every block of messages that counts none, and they are counted only while schedules are on.
#
# Needs npm and Go. Installs into a temporary folder, runs one server on the loopback interface, and ends with code 1 once the behaviour is another.

source "$(dirname "${BASH_SOURCE[0]}")/jetstream.bash"
look_at_jetstream <<'JS'
const subjects = ["at.>", "due.>"]
await jsm.streams.add({ name: "HOLDS", subjects, allow_msg_schedules: true, allow_msg_ttl: true })
await jsm.streams.add({ name: "MIRROR", mirror: { name: "HOLDS" } })
const schedule = (name, afterMs) =>
  js.publish(`at.${name}`, `end of ${name}`, { schedule: { specification: new Date(Date.now() + afterMs), target: `due.${name}` } })
await schedule("early", 1_000)
await schedule("late", 8_000)
const dueAtMs = Date.now() + 8_000
const has = async (stream, subject) => (await jsm.streams.getMessage(stream, { last_by_subj: subject })) !== null
await until("the first has fired", async () => (await has("HOLDS", "due.early")) && (await has("MIRROR", "due.early")))
see("a schedule that has fired is still in its stream", await has("HOLDS", "at.early"), false)
see("and in the mirror", await has("MIRROR", "at.early"), true)

await jsm.streams.delete("HOLDS")
const config = async () => (await jsm.streams.info("MIRROR")).config
await jsm.streams.update("MIRROR", { ...(await config()), mirror: undefined, subjects })
await jsm.streams.update("MIRROR", { ...(await config()), allow_msg_schedules: true, allow_msg_ttl: true })
const { mirror, allow_msg_schedules } = await config()
see("the mirror is promoted, with schedules", [mirror ?? "no mirror", allow_msg_schedules], ["no mirror", true])
see("before the second was due", Date.now() < dueAtMs - 1_000, true)

await schedule("new", 1_000)
await until("the one that was published since has fired", () => has("MIRROR", "due.new"))
await pause(Math.max(0, dueAtMs + 5_000 - Date.now()))
see("five seconds after the second was due it has fired", await has("MIRROR", "due.late"), false)
see("it still lies there", await has("MIRROR", "at.late"), true)
JS
