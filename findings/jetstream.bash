# What the findings about JetStream share: a server of the version asked for, or a cluster of three, and a client, all of pinned public packages. To be sourced, after `servers=3` for a cluster.
#
# look_at_jetstream is `look` of seeing.bash. Its JavaScript has beside that: open() for one more connection, link, js, jsm (the first one's), made(config) for a stream that may have to wait for
# the cluster, state(stream), serverPid of the first server, and what it imports from the client.
version="${1:-2.14.9}"
source "$(dirname "${BASH_SOURCE[0]}")/seeing.bash"
need go
install @nats-io/transport-node@3.4.0 @nats-io/jetstream@3.4.0 @nats-io/kv@3.4.0
GOBIN="$folder" go install "github.com/nats-io/nats-server/v2@v$version" 2>go.log || { cat go.log >&2; exit 2; }
"$folder/nats-server" --version

start_servers() {
  local -a routes=() flags
  local n
  if [ "$1" -gt 1 ]; then mapfile -t routes < <(free_ports "$1"); fi
  for ((n = 0; n < $1; n++)); do
    mkdir "$n"
    flags=(-a 127.0.0.1 -p -1 -js -sd "$folder/$n/store" --ports_file_dir "$folder/$n" -n "server-$n")
    if [ "$1" -gt 1 ]; then flags+=(--cluster_name three --cluster "nats://127.0.0.1:${routes[n]}" --routes "$(printf 'nats://127.0.0.1:%s,' "${routes[@]}" | sed 's/,$//')"); fi
    "$folder/nats-server" "${flags[@]}" >"$n/log" 2>&1 &
    started $!
    until ls "$n"/nats-server_*.ports >/dev/null 2>&1; do kill -0 $!; sleep 0.1; done
  done
}
start_servers "${servers:-1}"

look_at_jetstream() {
  {
    cat <<'JS'
import { readFileSync } from "node:fs"
import { connect, headers, nanos } from "@nats-io/transport-node"
import { AckPolicy, DeliverPolicy, jetstream, jetstreamManager } from "@nats-io/jetstream"
import { Kvm } from "@nats-io/kv"
const open = () => connect({ servers: JSON.parse(readFileSync(process.env.PORTS, "utf8")).nats[0], maxReconnectAttempts: -1, reconnectTimeWait: 100 })
const serverPid = Number(process.env.SERVER)
const link = await open()
const js = jetstream(link)
const jsm = await jetstreamManager(link, { checkAPI: false })
const made = async (config) => {
  let info
  await until(`stream ${config.name}`, async () => (info = await jsm.streams.add(config).catch(() => undefined)) !== undefined)
  return info
}
const state = async (stream) => (await jsm.streams.info(stream)).state
JS
    cat
    echo 'await link.close()'
  } | PORTS="$(echo "$folder"/0/nats-server_*.ports)" SERVER="${processes[0]}" look
}
