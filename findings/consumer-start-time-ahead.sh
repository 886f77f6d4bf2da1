#!/usr/bin/env bash
# A JetStream consumer that is to start at a time ahead of now delivers what is stored before that time.
#
# Software: nats-server {2.14.9, 2.15.2} (the same on both), @nats-io/jetstream 3.4.0.
# Guessed:  by_start_time gives messages whose time is the start time or later, whenever they are stored.
# Seen:     the start time becomes a sequence when the consumer is made: with a start time an hour ahead that is the next message, and it is delivered at once, an hour early.
# Source:   the server's selectStartingSeqNo (server/consumer.go) asks the store for the sequence of the time, once; the store answers its end + 1 for a time ahead.
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
const ahead = new Date(Date.now() + 3_600_000)
await jsm.streams.add({ name: "SALES", subjects: ["sale.>"] })
await js.publish("sale.1", "before the consumer")
await jsm.consumers.add("SALES", { durable_name: "from-midnight", ack_policy: AckPolicy.None, deliver_policy: DeliverPolicy.StartTime, opt_start_time: ahead.toISOString() })
await js.publish("sale.2", "an hour before the start time")
const message = await (await js.consumers.get("SALES", "from-midnight")).next({ expires: 5_000 })
see("delivered", message?.string(), "an hour before the start time")
see("stored before the consumer's start time", message !== null && Number(BigInt(message.info.timestampNanos) / 1_000_000n) < ahead.getTime(), true)
await link.close()
process.exit(asSeen ? 0 : 1)
JS
node look.mjs "$folder"/nats-server_*.ports
