/** Image, compose file and manifests: what they name is there, what they set is a setting, and nobody runs as root or with a login that isn't theirs. */
import { existsSync, readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { parse, parseAllDocuments } from "yaml"
import { archiveSettings, gatewaySettings, postgresSettings, settings } from "../../src/config.ts"
import { repository } from "../tidy/tree.ts"

const top = new URL("../../", import.meta.url)
const text = (path: string): string => readFileSync(new URL(path, top), "utf8")
const json = (path: string): unknown => JSON.parse(text(path))

const known: ReadonlySet<string> = new Set(
  [settings, archiveSettings, gatewaySettings, postgresSettings].flatMap((group) => Object.values(group).map(({ name }) => name)),
)
const named = (path: string): ReadonlyArray<string> => [...new Set(text(path).match(/\bHOLDFAST_[A-Z_]+[A-Z]\b/g) ?? [])]

/** What a setting is named by that the containers alone have. */
const ofCompose = new Set(["HOLDFAST_UID", "HOLDFAST_GID"])

describe("settings", () => {
  it.each(["deploy/container/Dockerfile", "deploy/compose/compose.yaml", "deploy/kubernetes/holdfast.yaml", "tools/compose-setup.ts"])(
    "that %s names are all settings of the program",
    (path) => {
      expect(named(path).length).toBeGreaterThan(0)
      expect(
        named(path).filter((name) => !known.has(name) && !ofCompose.has(name) && !/_(?:ENGINE|DOOR|INGRESS|ARCHIVE)$/.test(name)),
      ).toEqual([])
    },
  )
})

describe("the image", () => {
  const packages = json("deploy/container/package.json") as { readonly dependencies: Readonly<Record<string, string>> }
  const ours = json("package.json") as Record<"dependencies" | "devDependencies", Readonly<Record<string, string>>>
  const everything: Readonly<Record<string, string>> = { ...ours.dependencies, ...ours.devDependencies }

  it("has each package at the version that everything is tried with", () => {
    for (const [name, version] of Object.entries(packages.dependencies)) expect([name, version]).toEqual([name, everything[name]])
  })

  it("has every package that is imported where it runs", () => {
    // The schema is for drizzle-kit and for tests: nothing that runs imports it.
    const sources = [...repository().sources.values()].filter(({ path }) => path.startsWith("src/") && path !== "src/postgres/schema.ts")
    const imported = sources.flatMap(({ imports }) => imports.filter(({ isType }) => !isType).map(({ from }) => from))
    const packageOf = (from: string) => from.split("/", from.startsWith("@") ? 2 : 1).join("/")
    const needed = new Set(imported.filter((from) => !/^(?:\.|node:)/.test(from)).map(packageOf))
    expect(needed.size).toBeGreaterThan(4)
    for (const name of needed) expect(Object.keys(packages.dependencies)).toContain(name)
    expect(imported.some((from) => from.endsWith("/schema.ts"))).toBe(false)
  })

  it("runs as nobody in particular, and gets the signal itself", () => {
    const lines = text("deploy/container/Dockerfile").split("\n")
    expect(lines).toContain("USER 10001:10001")
    expect(lines.find((line) => line.startsWith("ENTRYPOINT"))).toMatch(/^ENTRYPOINT \["node",/)
    for (const line of lines.filter((one) => one.startsWith("FROM"))) expect(line).toContain(`node:${everything.node}-`)
  })
})

interface Service {
  readonly image?: string
  readonly user?: string
  readonly read_only?: boolean
  readonly env_file?: ReadonlyArray<string>
  readonly volumes?: ReadonlyArray<string>
  readonly command?: ReadonlyArray<string>
}

describe("the compose file", () => {
  const { services, volumes } = parse(text("deploy/compose/compose.yaml"), { merge: true }) as {
    readonly services: Readonly<Record<string, Service>>
    readonly volumes: Readonly<Record<string, null>>
  }
  const mounts = Object.values(services).flatMap((service) => service.volumes ?? [])

  it("pins every image, and runs ours as a user of its own over a file system that can't be written", () => {
    for (const [name, { image, user, read_only: readOnly }] of Object.entries(services)) {
      expect(`${name} ${image}`).toMatch(/^\S+ [a-z/]+:v?\d+\.\d+/)
      if (image?.startsWith("holdfast:"))
        expect([name, /^\$\{HOLDFAST_UID:-10001\}:\$\{HOLDFAST_GID:-10001\}$/.test(user ?? ""), readOnly]).toEqual([name, true, true])
    }
  })

  it("mounts what is there, and what its set-up makes", () => {
    const made = text("tools/compose-setup.ts")
    for (const from of mounts.map((mount) => mount.split(":")[0] ?? "")) {
      if (from.startsWith("./generated/tls")) continue
      if (from.startsWith("./generated/")) expect(made).toContain(`"${from.slice("./generated/".length)}"`)
      else if (from.startsWith(".")) expect(existsSync(new URL(from, new URL("deploy/compose/", top)))).toBe(true)
      else expect(Object.keys(volumes)).toContain(from)
    }
    for (const file of Object.values(services).flatMap((service) => service.env_file ?? []))
      expect(made).toContain(`"${file.slice("./generated/".length)}"`)
    for (const volume of Object.keys(volumes)) expect(mounts.some((mount) => mount.startsWith(`${volume}:`))).toBe(true)
  })

  it("gives each process its own login and no other", () => {
    const files = (name: string) => services[name]?.env_file ?? []
    expect(files("archivist")).toEqual(["./generated/archivist.env"])
    expect(files("ingress")).toEqual(["./generated/ingress.env"])
    expect(files("gateway")).toEqual([])
    for (const [name, { env_file: of = [] }] of Object.entries(services))
      expect([name, of.includes("./generated/archivist.env")]).toEqual([name, name === "archivist"])
    expect(mounts.filter((mount) => mount.includes("authority"))).toEqual([])
  })

  it("runs commands that there are", () => {
    const commands = text("src/cli/commands.ts")
    for (const { image, command = [] } of Object.values(services))
      if (image?.startsWith("holdfast:")) expect(commands).toContain(`name: "${command[0]}"`)
  })
})

interface Manifest {
  readonly kind: string
  readonly metadata: { readonly name: string }
  readonly spec: Record<string, unknown>
}
interface Pod {
  readonly securityContext: Readonly<Record<string, unknown>>
  readonly terminationGracePeriodSeconds?: number
  readonly containers: ReadonlyArray<{ readonly args: ReadonlyArray<string>; readonly securityContext: Readonly<Record<string, unknown>> }>
}

describe("the manifests", () => {
  const documents = parseAllDocuments(text("deploy/kubernetes/holdfast.yaml"))
  const manifests = documents.map((one) => one.toJS() as Manifest)
  const podOf = ({ spec }: Manifest): Pod | undefined => {
    const template = (spec?.template ?? (spec?.jobTemplate as Record<string, Record<string, unknown>> | undefined)?.spec?.template) as
      | { readonly spec: Pod }
      | undefined
    return template?.spec
  }
  const pods = manifests.flatMap((one) => {
    const pod = podOf(one)
    return pod === undefined ? [] : [{ name: one.metadata.name, pod }]
  })

  it("can be read", () => {
    expect(documents.flatMap(({ errors }) => errors)).toEqual([])
    expect(pods.map(({ name }) => name)).toEqual([
      "holdfast-worker",
      "holdfast-ingress",
      "holdfast-gateway",
      "holdfast-projector",
      "holdfast-archivist",
    ])
  })

  it("run nobody as root, over a file system that can't be written, without rights", () => {
    for (const { pod } of pods) {
      expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 10_001 })
      for (const { securityContext } of pod.containers)
        expect(securityContext).toEqual({ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ["ALL"] } })
    }
  })

  it("give a worker longer to leave than it drains, and take one at a time", () => {
    const drainMs = Number(settings.drainTimeoutMs.fallback)
    for (const name of ["holdfast-worker", "holdfast-ingress"])
      expect(pods.find((one) => one.name === name)?.pod.terminationGracePeriodSeconds).toBeGreaterThan(drainMs / 1_000)
    const budgets = manifests.filter(({ kind }) => kind === "PodDisruptionBudget")
    expect(budgets.map(({ spec }) => spec.maxUnavailable)).toEqual([1, 1, 1])
  })
})
