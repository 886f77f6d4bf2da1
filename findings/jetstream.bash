# What the findings about JetStream share: a server of the version asked for and a client of it, both of pinned public packages, in a folder that is removed at the end. To be sourced; it installs nothing by itself.
#
# `look` reads JavaScript from its standard input and runs it with: link, js, jsm (the client), pause(ms), until(what, look), and see(what, found, seen), which compares. It ends with 1 once something is seen otherwise.
set -euo pipefail
version="${1:-2.14.9}"
case "$version" in -h | --help) sed -n '2,/^$/{/^#/s/^# \{0,1\}//p}' "$0"; exit 0 ;; esac
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

look() {
  {
    cat <<'JS'
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
JS
    cat
    printf 'await link.close()\nprocess.exit(asSeen ? 0 : 1)\n'
  } >look.mjs
  node look.mjs "$folder"/nats-server_*.ports
}
