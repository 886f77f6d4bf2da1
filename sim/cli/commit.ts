/**
 * Which commit is run, so that a failing seed can be run again on the same code.
 */
import { execFileSync } from "node:child_process"

const git = (...args: ReadonlyArray<string>): string =>
  execFileSync("git", args, { cwd: import.meta.dirname, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"], timeout: 10_000 }).trim()

/** The commit, with a plus sign where files were changed since; "unknown" where there is no git or no repository. */
export const commitNow = (): string => {
  try {
    const commit = git("rev-parse", "HEAD")
    return git("status", "--porcelain", "--untracked-files=no", "--", ":/src", ":/sim") === "" ? commit : `${commit}+`
  } catch {
    return "unknown"
  }
}
