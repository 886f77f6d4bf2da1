/**
 * Prometheus and its promtool, built once with Go from the version that tools/prometheus pins, and the alerts of deploy/prometheus put to promtool's tests. Run by itself it does that.
 *
 * Nothing of Holdfast needs either: they are here to try the rules, and in production Prometheus is somebody else's to run.
 */
import { execFileSync, spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { Effect } from "effect"
import { scriptOptions } from "../load/stage/options.ts"
import { Kind } from "../src/domain/kinds.ts"
import { AlarmKind, HaltReason, ReignEndReason, StepDownReason } from "../src/engine/protocol.ts"
import { WatchAlarmKind } from "../src/ports/meter.ts"
import { metricsOf, pageOf } from "../src/telemetry/making.ts"
import { Meters, MetricsRegistry, metricsLayer } from "../src/telemetry/metrics.ts"
import { makeProcessMetrics } from "../src/telemetry/processes.ts"
import { makeProjectionMetrics } from "../src/telemetry/projection.ts"
import { makeRoomGauges } from "../src/telemetry/room.ts"
import { dashboards } from "./dashboards.ts"
import { goProgram } from "./go-program.ts"

const pinned = fileURLToPath(new URL("prometheus/", import.meta.url))
export const rulesFolder = fileURLToPath(new URL("../deploy/prometheus/", import.meta.url))

/** The path of one of its programs, built if it isn't there yet: some minutes, once. */
export const prometheusBinary = (program: "prometheus" | "promtool"): string =>
  goProgram({
    name: program,
    version: /prometheus\/prometheus v([0-9.]+)/.exec(readFileSync(join(pinned, "go.mod"), "utf8"))?.[1] ?? "unknown",
    module: pinned,
    package: `github.com/prometheus/prometheus/cmd/${program}`,
    // Without the many ways of finding targets in somebody's cloud: half of what there is to compile.
    tags: "remove_all_sd",
    takes: "some minutes",
  })

/** Puts the alerts of deploy/prometheus to promtool's tests. */
export const tryRules = (): void => {
  const promtool = prometheusBinary("promtool")
  execFileSync(promtool, ["check", "rules", "holdfast.rules.yml"], { cwd: rulesFolder, stdio: "inherit" })
  const tests = ["holdfast.rules.test.yml", "holdfast.days.rules.test.yml"]
  execFileSync(promtool, ["test", "rules", ...tests], { cwd: rulesFolder, stdio: "inherit" })
}

/** Puts every query of the dashboards to promtool: as rules, for which it reads them as Prometheus would. */
export const tryDashboards = (): void => {
  const exprs = Object.values(dashboards).flatMap(({ panels = [] }) =>
    panels.flatMap((panel) => ("targets" in panel ? (panel.targets ?? []) : [])).map(({ expr }) => String(expr)),
  )
  // What Grafana puts in their place.
  const plain = exprs.map((expr) => expr.replaceAll("$__rate_interval", "1m").replaceAll("$kind", ".+"))
  const rules = [...new Set(plain)].map((expr, at) => ({ record: `asked:${at}`, expr }))
  const file = join(mkdtempSync(join(tmpdir(), "holdfast-dashboards-")), "asked.yml")
  // JSON is YAML.
  writeFileSync(file, JSON.stringify({ groups: [{ name: "dashboards", rules }] }))
  execFileSync(prometheusBinary("promtool"), ["check", "rules", file], { stdio: "inherit" })
}

/** A page with every metric of the catalogue, as the processes that tell them make it, before anything is counted. */
const wholePage = (): Promise<string> =>
  Effect.gen(function* () {
    const registry = yield* MetricsRegistry
    const meterOf = yield* Meters
    for (const kind of Kind) meterOf(kind).begin(1, [...AlarmKind, ...WatchAlarmKind], StepDownReason, ReignEndReason, HaltReason)
    makeRoomGauges(registry)
    makeProjectionMetrics(registry, { sku: 1, order: 1 })
    makeProcessMetrics(registry, 1, () => 1)
    metricsOf(registry).gauge("durabilityWarnings").set(0)
    return yield* Effect.promise(() => pageOf(registry))
  }).pipe(Effect.provide(metricsLayer("all")), Effect.runPromise)

/** Puts a page of metrics to promtool's checks: names, units and types by Prometheus's conventions. Returns what it has to say, "" if nothing. */
export const tryPage = (page: string): string => {
  const { status, stdout, stderr } = spawnSync(prometheusBinary("promtool"), ["check", "metrics"], { input: page, encoding: "utf8" })
  return status === 0 && stdout + stderr === "" ? "" : `${stdout}${stderr}` || `promtool ended with ${status}`
}

if (import.meta.main) {
  scriptOptions("Puts the alerts of deploy/prometheus to promtool's tests.", {})
  tryRules()
  tryDashboards()
  const said = tryPage(await wholePage())
  if (said !== "") {
    console.error(`promtool on a page with every metric: ${said}`)
    process.exitCode = 1
  }
}
