/** One archiver at a time for a folder; whoever was killed does not keep others out. */
import { spawn } from "node:child_process"
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises"
import { hostname, tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { FolderTaken, takeFolder } from "../../src/archive/lock.ts"

let folder = ""
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-lock-"))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const lock = () => join(folder, "archiver.lock")

/** The number of a process that has ended. */
const endedPid = (): Promise<number> =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, ["-e", ""])
    child.once("close", () => resolve(child.pid ?? 0))
  })

describe("a folder", () => {
  it("is taken by one that runs, said by name, and free again when that one leaves", async () => {
    const child = spawn(process.execPath, ["-e", "setInterval(() => undefined, 1000)"])
    try {
      await writeFile(lock(), `${child.pid} ${hostname()}\n`)
      await expect(takeFolder(folder)).rejects.toThrow(`process ${child.pid} on ${hostname()} writes to it`)
    } finally {
      child.kill("SIGKILL")
    }
    await rm(lock())
    const leave = await takeFolder(folder)
    await leave()
    expect(await readdir(folder)).toEqual([])
  })

  it("that a killed process on this machine left is taken over, also by one that got its number", async () => {
    await writeFile(lock(), `${await endedPid()} ${hostname()}\n`)
    await (await takeFolder(folder))()
    await writeFile(lock(), `${process.pid} ${hostname()}\n`)
    await (await takeFolder(folder))()
    expect(await readdir(folder)).toEqual([])
  })

  it("that a process on another machine, or an unknown one, took is left alone: nobody here can see whether it runs", async () => {
    for (const text of ["1 another-machine\n", "", "nonsense"]) {
      await writeFile(lock(), text)
      await expect(takeFolder(folder)).rejects.toThrow(FolderTaken)
    }
  })
})
