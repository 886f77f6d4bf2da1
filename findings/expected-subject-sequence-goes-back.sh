#!/usr/bin/env bash
# A guard on the last sequence of a subject accepts an older value again, once the newest message was deleted or its TTL has passed.
#
# Software: nats-server {2.14.9, 2.15.2} (the same on both), @nats-io/jetstream 3.4.0.
# Guessed:  sequences only rise, so a publish that expects a sequence which was overwritten is refused for good.
# Seen:     the subject's last sequence falls back to the message before: a writer that slept through the change is let in as if nothing had happened (and a reader sees the older value as the current one).
# Source:   the guard is compared with the last message of the subject that is still stored (server/jetstream_batching.go, server/stream.go); nothing remembers a higher one. A delete marker (subject_delete_marker_ttl) doesn't help: it stands in for the last message of a subject, and here one is left.
#
# Needs npm and Go. Installs into a temporary folder, runs one server on the loopback interface, and ends with code 1 once the behaviour is another.
set -euo pipefail
version="${1:-2.14.9}"
case "$version" in -h | --help) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0"; exit 0 ;; esac
command -v go >/dev/null || PATH="$PATH:/usr/local/go/bin"
for tool in npm node go; do command -v "$tool" >/dev/null || { echo "$tool is needed on the PATH" >&2; exit 2; }; done
folder="$(mktemp -d)"
server=""
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; [ -z "$server" ] || wait "$server" 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --save-exact @nats-io/transport-node@3.4.0 @nats-io/jetstream@3.4.0 >/dev/null
GOBIN="$folder" go install "github.com/nats-io/nats-server/v2@v$version" 2>go.log || { cat go.log >&2; exit 2; }
"$folder/nats-server" --version
"$folder/nats-server" -a 127.0.0.1 -p -1 -js -sd "$folder/store" --ports_file_dir "$folder" >server.log 2>&1 &
server=$!
until ls "$folder"/nats-server_*.ports >/dev/null 2>&1; do kill -0 "$server"; sleep 0.1; done
cat >look.mjs <<'JS'
import { readFileSync } from "node:fs"
import { connect, nanos } from "@nats-io/transport-node"
import { AckPolicy, DeliverPolicy, jetstream, jetstreamManager } from "@nats-io/jetstream"
const link = await connect({ servers: JSON.parse(readFileSync(process.argv[2], "utf8")).nats[0] })
const js = jetstream(link)
const jsm = await jetstreamManager(link)
const pause = (ms) => new Promise((done) => setTimeout(done, ms))
const until = async (what, look) => {
  for (let n = 0; n < 300; n += 1) {
    if (await look()) return
    await pause(100)
  }
  throw new Error(`${what}: not within 30 s`)
}
let asSeen = true
/** Prints one observation, and remembers whether it is the one that was seen. */
const see = (what, found, seen) => {
  const same = JSON.stringify(found) === JSON.stringify(seen)
  console.log(`${same ? "as seen" : "CHANGED"}: ${what}: ${JSON.stringify(found)}${same ? "" : `, was ${JSON.stringify(seen)}`}`)
  asSeen &&= same
}
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
await link.close()
process.exit(asSeen ? 0 : 1)
JS
node look.mjs "$folder"/nats-server_*.ports
