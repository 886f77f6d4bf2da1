import { ConfigProvider, Effect, Redacted } from "effect"
import { describe, expect, it } from "vitest"
import { archiveSettings, loadArchiveConfig, loadConfig, settings, settingsHelp } from "../../src/config.ts"

const load = (environment: Record<string, string>) =>
  loadConfig.pipe(Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnvRecord(environment)))

const problemsOf = (environment: Record<string, string>) =>
  Effect.runSync(Effect.map(Effect.flip(load(environment)), ({ problems }) => problems))

const server = {
  HOLDFAST_NATS_URL: "nats://n1:4222, nats://n2:4222",
  HOLDFAST_ENGINE_USER: "engine",
  HOLDFAST_ENGINE_PASSWORD: "secret-1",
  HOLDFAST_WORKER_USER: "worker",
  HOLDFAST_WORKER_PASSWORD: "secret-2",
}

describe("the configuration", () => {
  it("has a default for everything", () => {
    expect(Effect.runSync(load({}))).toMatchObject({
      nats: null,
      partitions: 8,
      replicas: 1,
      leaseTtlMs: 3_000,
      durability: "warn",
      http: { host: "127.0.0.1", port: 9_464 },
      log: "pretty",
      logLevel: "Info",
      drainTimeoutMs: 15_000,
    })
  })

  it("names the worker after machine and process, as one token", () => {
    expect(Effect.runSync(load({})).worker).toMatch(/^[A-Za-z0-9_-]+-\d+$/)
  })

  it("reads a server with its logins and keeps passwords out of sight", () => {
    const { nats } = Effect.runSync(load({ ...server, HOLDFAST_REPLICAS: "3" }))
    expect(nats).toMatchObject({ urls: ["nats://n1:4222", "nats://n2:4222"], monitorUrls: [], engine: { user: "engine" } })
    expect(JSON.stringify(nats)).not.toContain("secret")
    expect(nats === null ? "" : Redacted.value(nats.engine.password)).toBe("secret-1")
  })

  it.each([
    ["HOLDFAST_PARTITIONS", "0"],
    ["HOLDFAST_PARTITIONS", "eight"],
    ["HOLDFAST_REPLICAS", "2"],
    ["HOLDFAST_LEASE_TTL_MS", "999"],
    ["HOLDFAST_DURABILITY", "yes"],
    ["HOLDFAST_HTTP_PORT", "70000"],
    ["HOLDFAST_LOG", "xml"],
    ["HOLDFAST_LOG_LEVEL", "loud"],
    ["HOLDFAST_WORKER", "not one token."],
    ["HOLDFAST_DRAIN_TIMEOUT_MS", "5000"],
    ["HOLDFAST_NATS_URL", "localhost"],
    ["HOLDFAST_NATS_MONITOR_URL", "nats://host:1"],
  ])("refuses %s=%s and names the variable", (name, value) => {
    const problems = problemsOf({ [name]: value })
    expect(problems.filter((problem) => problem.startsWith(`${name}: expected`))).toHaveLength(1)
  })

  it("says everything that is wrong at once", () => {
    expect(problemsOf({ HOLDFAST_PARTITIONS: "-1", HOLDFAST_LOG: "xml", HOLDFAST_REPLICAS: "4" })).toHaveLength(3)
  })

  it("refuses a server without logins, a login without its other half, and logins without a server", () => {
    expect(problemsOf({ HOLDFAST_NATS_URL: "nats://n1:4222" })).toEqual([
      expect.stringContaining("HOLDFAST_ENGINE_USER: is missing"),
      expect.stringContaining("HOLDFAST_WORKER_USER: is missing"),
    ])
    expect(problemsOf({ ...server, HOLDFAST_ENGINE_PASSWORD: "" })[0]).toContain("HOLDFAST_ENGINE_PASSWORD")
    const { HOLDFAST_NATS_URL: _, ...logins } = server
    expect(problemsOf(logins)).toEqual([expect.stringContaining("HOLDFAST_NATS_URL: is missing")])
  })

  it("refuses replicas on a server of our own", () => {
    expect(problemsOf({ HOLDFAST_REPLICAS: "3" })).toEqual([expect.stringContaining("HOLDFAST_REPLICAS")])
  })

  it("archives nothing by itself, reads the archivist's login, and says what a schedule lacks", () => {
    const loadArchive = (environment: Record<string, string>) =>
      loadArchiveConfig.pipe(Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnvRecord(environment)))
    expect(Effect.runSync(loadArchive({}))).toEqual({ folder: null, everyMs: null, login: null })
    const whole = {
      HOLDFAST_ARCHIVE_DIR: "/archive",
      HOLDFAST_ARCHIVE_EVERY_MS: "3600000",
      HOLDFAST_ARCHIVE_USER: "archivist",
      HOLDFAST_ARCHIVE_PASSWORD: "secret",
    }
    expect(Effect.runSync(loadArchive(whole))).toMatchObject({ folder: "/archive", everyMs: 3_600_000, login: { user: "archivist" } })
    const wrong = { HOLDFAST_ARCHIVE_EVERY_MS: "5", HOLDFAST_ARCHIVE_USER: "archivist" }
    expect(Effect.runSync(Effect.flip(loadArchive(wrong))).problems).toEqual([
      expect.stringContaining("60000"),
      expect.stringContaining("HOLDFAST_ARCHIVE_PASSWORD"),
    ])
    const placeless = { HOLDFAST_ARCHIVE_EVERY_MS: "60000" }
    expect(Effect.runSync(Effect.flip(loadArchive(placeless))).problems).toEqual([expect.stringContaining("HOLDFAST_ARCHIVE_DIR")])
  })

  it("explains every setting in one line of help", () => {
    const lines = [settingsHelp(), settingsHelp(archiveSettings)].flatMap((help) => help.split("\n"))
    expect(lines).toHaveLength(Object.keys(settings).length + Object.keys(archiveSettings).length)
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(140)
  })
})
