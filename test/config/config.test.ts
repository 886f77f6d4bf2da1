import { ConfigProvider, Effect, Redacted } from "effect"
import { describe, expect, it } from "vitest"
import {
  archiveSettings,
  archiveSettingsHelp,
  ingressSettingsHelp,
  loadArchiveConfig,
  loadConfig,
  loadIngressConfig,
  loadToolConfig,
  settings,
  workerSettingsHelp,
} from "../../src/config.ts"

const load = (environment: Record<string, string>) =>
  loadConfig.pipe(Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnvRecord(environment)))

const problemsOf = (environment: Record<string, string>) =>
  Effect.runSync(Effect.map(Effect.flip(load(environment)), ({ problems }) => problems))

const server = {
  HOLDFAST_NATS_URL: "nats://n1:4222, nats://n2:4222",
  HOLDFAST_ENGINE_USER: "engine",
  HOLDFAST_ENGINE_PASSWORD: "secret-1",
  HOLDFAST_DOOR_USER: "door",
  HOLDFAST_DOOR_PASSWORD: "secret-2",
  HOLDFAST_SENDERS: "web=channel, dock=warehouse,ops=operator+reader",
}

describe("the configuration", () => {
  it("splits orders into as many partitions as SKUs, unless it is told otherwise", () => {
    expect(Effect.runSync(load({ HOLDFAST_PARTITIONS: "3" })).partitions).toEqual({ sku: 3, order: 3 })
    expect(Effect.runSync(load({ HOLDFAST_PARTITIONS: "3", HOLDFAST_ORDER_PARTITIONS: "5" })).partitions).toEqual({ sku: 3, order: 5 })
    expect(problemsOf({ HOLDFAST_ORDER_PARTITIONS: "0" })).toEqual(["HOLDFAST_ORDER_PARTITIONS: expected a whole number from 1 to 1024"])
  })

  it("has a default for everything", () => {
    expect(Effect.runSync(load({}))).toMatchObject({
      nats: null,
      partitions: { sku: 8, order: 8 },
      replicas: 1,
      leaseTtlMs: 3_000,
      durability: "warn",
      http: { host: "127.0.0.1", port: 9_464 },
      log: "pretty",
      logLevel: "Info",
      drainTimeoutMs: 15_000,
      otlpUrl: null,
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
    ["HOLDFAST_PARTITIONS", "1e1"],
    ["HOLDFAST_PARTITIONS", "8.0000000000000000001"],
    ["HOLDFAST_PARTITIONS", " 8"],
    ["HOLDFAST_REPLICAS", "3.0"],
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
      expect.stringContaining("HOLDFAST_DOOR_USER: is missing"),
      expect.stringContaining("HOLDFAST_SENDERS: is missing"),
    ])
    expect(problemsOf({ ...server, HOLDFAST_ENGINE_PASSWORD: "" })[0]).toContain("HOLDFAST_ENGINE_PASSWORD")
    const { HOLDFAST_NATS_URL: _, ...logins } = server
    expect(problemsOf(logins)).toEqual([expect.stringContaining("HOLDFAST_NATS_URL: is missing")])
  })

  it("reads who may send, and says everything that is wrong with the list", () => {
    const { nats } = Effect.runSync(load(server))
    expect(nats?.senders).toEqual([
      { sender: "web", roles: ["channel"] },
      { sender: "dock", roles: ["warehouse"] },
      { sender: "ops", roles: ["operator", "reader"] },
    ])
    expect(problemsOf({ ...server, HOLDFAST_SENDERS: "web, Shop=channel, a=king, a=channel, b=reader+bulk, a=channel" })).toEqual([
      expect.stringContaining('HOLDFAST_SENDERS: "web" is not <sender>=<role>'),
      expect.stringContaining(`"Shop" can't name a sender`),
      expect.stringContaining('a has the role "king"'),
      expect.stringContaining("a stands there twice"),
      expect.stringContaining("b has the role bulk"),
      expect.stringContaining("a stands there twice"),
    ])
  })

  it("bounds what a sender may send, with a default for both bounds", () => {
    expect(Effect.runSync(load({})).senderRates).toEqual({ commandsPerSecond: 50_000, bytesPerSecond: 33_554_432 })
    expect(problemsOf({ HOLDFAST_SENDER_COMMANDS_PER_SECOND: "0", HOLDFAST_SENDER_BYTES_PER_SECOND: "65535" })).toHaveLength(2)
  })

  it("asks an ingress alone for a server, its own login, the door's and the senders, and for nothing of a worker's", () => {
    const ingress = (environment: Record<string, string>) =>
      loadIngressConfig.pipe(Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnvRecord(environment)))
    const found = Effect.runSync(Effect.flip(ingress({})))
    expect(found.problems.map((problem) => problem.split(":")[0])).toEqual([
      "HOLDFAST_NATS_URL",
      "HOLDFAST_INGRESS_USER",
      "HOLDFAST_DOOR_USER",
      "HOLDFAST_SENDERS",
    ])
    const { HOLDFAST_ENGINE_USER: _, HOLDFAST_ENGINE_PASSWORD: __, ...rest } = server
    const { nats } = Effect.runSync(ingress({ ...rest, HOLDFAST_INGRESS_USER: "ingress", HOLDFAST_INGRESS_PASSWORD: "secret-3" }))
    expect(nats).toMatchObject({ ingress: { user: "ingress" }, door: { user: "door" } })
    expect(nats.senders).toHaveLength(3)
  })

  it("asks a tool for the engine's login alone", () => {
    const tool = (environment: Record<string, string>) =>
      loadToolConfig.pipe(Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnvRecord(environment)))
    expect(Effect.runSync(tool({})).nats).toBeNull()
    expect(Effect.runSync(Effect.flip(tool({ HOLDFAST_NATS_URL: "nats://n1:4222" }))).problems).toEqual([
      expect.stringContaining("HOLDFAST_ENGINE_USER: is missing"),
    ])
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
    const [forWorkers, forIngresses] = [workerSettingsHelp().split("\n"), ingressSettingsHelp().split("\n")]
    const ofArchive = archiveSettingsHelp().split("\n")
    expect(ofArchive.map((line) => line.trim().split(" ")[0])).toEqual(Object.values(archiveSettings).map(({ name }) => name))
    for (const line of [...forWorkers, ...forIngresses, ...ofArchive]) expect(line.length).toBeLessThanOrEqual(140)
    const explained = new Set([...forWorkers, ...forIngresses].map((line) => line.trim().split(" ")[0]))
    expect(explained).toEqual(new Set(Object.values(settings).map(({ name }) => name)))
    expect(forWorkers.join()).not.toContain("HOLDFAST_INGRESS_USER")
    expect(forIngresses.join()).not.toContain("HOLDFAST_ENGINE_USER")
  })
})
