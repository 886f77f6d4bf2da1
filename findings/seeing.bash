# What all findings share: a folder that is removed at the end, pinned packages in it, processes that end with the script, and `see`, which compares. To be sourced; it installs nothing by itself.
#
# install NAME@VERSION …   npm packages, into the folder
# look                     runs the JavaScript on standard input there. It has see(what, found, seen), which prints one observation and whether it is the one that was seen, pause(ms) and
#                          until(what, look). The script ends with 1 once something is seen otherwise.
# started PID              ends that process with the script
# free_ports COUNT         prints so many ports of the loopback interface that nobody has
set -euo pipefail
case "${1:-}" in -h | --help) sed -n '2,/^$/{/^#/s/^# \{0,1\}//p}' "$0"; exit 0 ;; esac

need() {
  local tool
  for tool in "$@"; do command -v "$tool" >/dev/null || { echo "$tool is needed on the PATH" >&2; exit 2; }; done
}
need npm node timeout

folder="$(mktemp -d)"
processes=()
started() { processes+=("$1"); }
leave() {
  local process
  # One that was stopped has to go on to end.
  for process in "${processes[@]}"; do
    kill -TERM "$process" 2>/dev/null || true
    kill -CONT "$process" 2>/dev/null || true
  done
  for process in "${processes[@]}"; do wait "$process" 2>/dev/null || true; done
  rm -rf "$folder"
}
trap leave EXIT
cd "$folder"
npm init -y >/dev/null

free_ports() {
  node -e 'const net = require("node:net")
  const all = Array.from({ length: Number(process.argv[1]) }, () => net.createServer().listen(0, "127.0.0.1"))
  Promise.all(all.map((one) => new Promise((done) => one.once("listening", done)))).then(() => {
    for (const one of all) console.log(one.address().port)
    process.exit()
  })' "$1"
}

install() { npm install --silent --no-audit --no-fund --save-exact "$@" >/dev/null; }

cat >see.mjs <<'JS'
export const pause = (ms) => new Promise((done) => setTimeout(done, ms))

export const until = async (what, look) => {
  for (let n = 0; n < 300; n += 1) {
    if (await look()) return
    await pause(100)
  }
  throw new Error(`${what}: not within 30 s`)
}

let asSeen = true
export const see = (what, found, seen) => {
  const same = JSON.stringify(found) === JSON.stringify(seen)
  console.log(`${same ? "as seen" : "CHANGED"}: ${what}: ${JSON.stringify(found)}${same ? "" : `, was ${JSON.stringify(seen)}`}`)
  asSeen &&= same
}
export const end = () => process.exit(asSeen ? 0 : 1)
JS

look() {
  {
    echo 'import { end, pause, see, until } from "./see.mjs"'
    cat
    echo 'end()'
  } >look.mjs
  timeout 85 node look.mjs
}
