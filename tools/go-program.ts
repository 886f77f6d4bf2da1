/**
 * Programs in Go that tools here need, built once from a module that pins their versions, and kept for the next time. Nothing of Holdfast needs any of them.
 */
import { execFileSync } from "node:child_process"
import { existsSync, mkdirSync, renameSync } from "node:fs"
import { homedir } from "node:os"
import { join } from "node:path"

/** What is built. */
export interface GoProgram {
  readonly name: string
  /** Names the build: another version is another file. */
  readonly version: string
  /** Folder of the module that pins it. */
  readonly module: string
  readonly package: string
  readonly tags?: string
  /** How long that takes, in words. */
  readonly takes: string
}

/** The path of the program, built if it isn't there yet. Throws, naming Go, where there is none. */
export const goProgram = ({ name, version, module, package: built, tags, takes }: GoProgram): string => {
  const folder = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "holdfast")
  const target = join(folder, `${name}-${version}`)
  if (existsSync(target)) return target
  mkdirSync(folder, { recursive: true })
  console.error(`Building ${name} ${version} once, with Go (${takes}; kept in ${folder}) ...`)
  const draft = `${target}.${process.pid}`
  const flags = ["build", "-trimpath", "-buildvcs=false", ...(tags === undefined ? [] : [`-tags=${tags}`]), "-ldflags=-s -w", "-o", draft]
  try {
    execFileSync("go", [...flags, built], {
      cwd: module,
      env: { ...process.env, CGO_ENABLED: "0", GOFLAGS: "", GOWORK: "off" },
      stdio: ["ignore", "inherit", "inherit"],
    })
  } catch (error) {
    const isMissing = error instanceof Error && Reflect.get(error, "code") === "ENOENT"
    throw new Error(
      isMissing
        ? `${name} is built with Go, and there is no go on the PATH: install Go 1.26 or newer`
        : `${name} could not be built: see above`,
    )
  }
  renameSync(draft, target)
  return target
}
