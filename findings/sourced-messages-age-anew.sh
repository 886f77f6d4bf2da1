#!/usr/bin/env bash
# A message that is sourced into another JetStream stream begins its age and its TTL anew there.
#
# Software: nats-server {2.14.9, 2.15.2} (the same on both), @nats-io/jetstream 3.4.0.
# Guessed:  a message of four seconds' age with a TTL of six has two left wherever it is copied to; a stream with max_age holds nothing older.
# Seen:     the copy gets the time at which it was copied: it outlives its original by the delay of the copy, and once more with each stream in the chain. After an outage of the source, everything that is caught up on is as if new.
# Source:   server/stream.go, processInboundSourceMsg stores with the present time, unlike a mirror, which keeps the original's.
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
await link.close()
process.exit(asSeen ? 0 : 1)
JS
node look.mjs "$folder"/nats-server_*.ports
