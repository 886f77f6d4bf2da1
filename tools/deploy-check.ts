/**
 * `npm run deploy:check`: the Dockerfile, the compose file and the manifests, read by the code of the programs that will read them (BuildKit, Compose, the types of the Kubernetes API). Ends with 1 if any of them objects.
 */
import { spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { scriptOptions } from "../load/stage/options.ts"
import { goProgram } from "./go-program.ts"

const module = fileURLToPath(new URL("deploy-check/", import.meta.url))
const deploy = fileURLToPath(new URL("../deploy/", import.meta.url))

scriptOptions("Reads the Dockerfile, the compose file and the manifests as the programs do that will read them. Needs Go.", {})
const sources = ["go.mod", "main.go"].map((name) => readFileSync(join(module, name), "utf8")).join("\n")
const checker = goProgram({
  name: "deploy-check",
  version: createHash("sha256").update(sources).digest("hex").slice(0, 12),
  module,
  package: ".",
  takes: "half a minute, and what it downloads",
})
const { status } = spawnSync(
  checker,
  [join(deploy, "container/Dockerfile"), join(deploy, "compose/compose.yaml"), join(deploy, "kubernetes/holdfast.yaml")],
  {
    stdio: "inherit",
  },
)
process.exitCode = status ?? 1
