#!/usr/bin/env bash
# A JetStream stream that sources two streams drops a message whose Nats-Msg-Id the other one used too, and reports no lag.
#
# Software: nats-server {2.14.9, 2.15.2} (the same on both), @nats-io/jetstream 3.4.0.
# Guessed:  message ids are per stream, so what two streams stored under one id are two messages, and an aggregate holds both; if not, it says so.
# Seen:     with a duplicate_window in the aggregate the second is dropped: no error, no advisory, lag 0 for both sources. Without one (the default of a stream that has sources) both are kept.
# Source:   server/stream.go: a sourced message goes through the same look-up of message ids as a published one, and errMsgIdDuplicate counts as taken (processInboundSourceMsg).
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
await jsm.streams.add({ name: "SHOP", subjects: ["shop.>"] })
await jsm.streams.add({ name: "TILL", subjects: ["till.>"] })
await js.publish("shop.order", "sold in the shop", { msgID: "order-1" })
await js.publish("till.order", "sold at the till", { msgID: "order-1" })
const sources = [{ name: "SHOP" }, { name: "TILL" }]
await jsm.streams.add({ name: "WITH", sources, duplicate_window: nanos(60_000) })
await jsm.streams.add({ name: "WITHOUT", sources })
const state = async (stream) => await jsm.streams.info(stream)
await until("both sources were read to their ends", async () => {
  const both = await Promise.all(["WITH", "WITHOUT"].map(state))
  return both.every((info) => info.sources?.length === 2 && info.sources.every((source) => source.active >= 0 && source.lag === 0)) && both[1].state.messages === 2
})
await pause(2_000)
const looked = await state("WITH")
see("messages in the aggregate with a window", looked.state.messages, 1)
see("lag of its sources", looked.sources.map((source) => source.lag), [0, 0])
see("messages in the aggregate without one", (await state("WITHOUT")).state.messages, 2)
await link.close()
process.exit(asSeen ? 0 : 1)
JS
node look.mjs "$folder"/nats-server_*.ports
