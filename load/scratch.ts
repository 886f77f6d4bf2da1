/** scratch */
import { readFileSync } from "node:fs"
import { sendersOf } from "../src/domain/sender-list.ts"
import { kindOf, RawConnection } from "./stage/raw-connection.ts"
import { pause, stockUp, withStage } from "./stage/stage.ts"
const senders = sendersOf("web=channel,app=channel,dock=warehouse,planner=merchandiser")
await withStage({ servers: 1, workers: 1, partitions: 4, senders, ...(process.env.PROF ? { settings: { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${process.env.PROF}` } } : {}) }, async (stage, workers) => {
  await stockUp(stage, ["A","B","C","D"], ["web","app"], { dock: "dock", planner: "planner" })
  const seen = new Map<number, string[]>()
  const heardAt: number[] = []
  const lat: Record<string, number[]> = {}
  const sentAt: number[] = []
  const N = Number(process.argv[4] ?? 1)
  const cs: RawConnection[] = []
  for (let q = 0; q < N; q++) cs.push(await RawConnection.open(stage.servers[0]!.url, "web", stage.loginOf("web"), {
    message: (b, f, t, bf, bt, n) => { const s = Number(b.toString("latin1", f + `hf.reply.web.c${q}.`.length, t)); const k = kindOf(b, bf, bt, n); (lat[k] ??= []).push(performance.now() - sentAt[s]!); const l = seen.get(s); if (l === undefined) seen.set(s, [k]); else l.push(k) },
    refused: (t) => console.log(t),
  }, `c${q}`))
  const app: [number, string, number][] = []
  const appSent: number[] = []
  const pr = await RawConnection.open(stage.servers[0]!.url, "app", stage.loginOf("app"), { message: (b, f, t, bf, bt, n) => { const s = Number(b.toString("latin1", f + "hf.reply.app.".length, t)); app.push([s, kindOf(b, bf, bt, n), performance.now() - appSent[s]!]) }, refused: () => undefined })
  let pn = 0
  const pt = setInterval(() => { const i = pn++; const sku = "ABCD"[i % 4]; const body = `{"v":1,"type":"Reserve","id":"p-${i}","sku":"${sku}","issuedAtMs":${Date.now()},"reservation":"p-${i}","qty":1,"holdMs":600000}`; appSent[i] = performance.now(); pr.write(`PUB hf.cmd.app.sell.${sku} hf.reply.app.${i} ${body.length}\r\n${body}\r\n`) }, 10)
  await pause(2000)
  const quiet = app.length
  const show = (name: string, l: typeof app) => { const s = Float64Array.from(l, (x) => x[2]).sort(); const k: Record<string, number> = {}; for (const x of l) k[x[1]] = (k[x[1]] ?? 0) + 1; console.log(name, k, "median", s[s.length >> 1], "p99", s[Math.floor(s.length * .99)], "max", s.at(-1)) }
  show("quiet", app)
  let n = 0
  const rate = Number(process.argv[2] ?? 40000), secs = Number(process.argv[3] ?? 3)
  const cpu = (pid: number) => { const f = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" "); return (Number(f[11]) + Number(f[12])) * 10 }
  const pids = { server: stage.servers[0]!.pid(), worker: workers[0]!.pid, me: process.pid }
  const c0 = Object.entries(pids).map(([k, p]) => [k, cpu(p)] as const)
  const t0 = performance.now()
  while (performance.now() - t0 < secs*1000) {
    const due = Math.floor((performance.now() - t0) / 1000 * rate)
    for (let q = 0; q < N; q++) {
    let text = ""
    const upto = n + Math.floor((due - n) / (N - q))
    while (n < upto && text.length < 500000) { const sku = "ABCD"[n % 4]; const body = `{"v":1,"type":"Reserve","id":"x-${n}","sku":"${sku}","issuedAtMs":${Date.now()},"reservation":"x-${n}","qty":1,"holdMs":600000}`; sentAt[n] = performance.now(); text += `PUB hf.cmd.web.sell.${sku} hf.reply.web.c${q}.${n} ${body.length}\r\n${body}\r\n`; n++ }
    cs[q]!.write(text)
    }
    await pause(3)
  }
  const fl = app.length
  console.log("after cpu share", c0.map(([k, c]) => `${k} ${((cpu(pids[k as keyof typeof pids]) - c) / (performance.now() - t0)).toFixed(2)}`).join(", "))
  show("flooded", app.slice(quiet))
  console.log("sent", n, "app unanswered", pn - app.length)
  await pause(6000); clearInterval(pt); show("after", app.slice(fl))
  const by: Record<string, number> = {}
  for (let i = 0; i < n; i++) { const k = (seen.get(i) ?? ["nothing"]).join("+"); by[k] = (by[k] ?? 0) + 1 }
  console.log(by)
  for (const [k, l] of Object.entries(lat)) { const s = Float64Array.from(l).sort(); console.log(k, s.length, "median", s[s.length >> 1], "p99", s[Math.floor(s.length * .99)]) }
  const page = await workers[0]!.page("/metrics")
  console.log(page.split("\n").filter((l) => /^holdfast_(decisions|batch_commands_(sum|count)|append_seconds_(sum|count)|ingress)/.test(l) && !/ 0$/.test(l)).join("\n"))
  pr.close(); for (const c of cs) c.close()
})
