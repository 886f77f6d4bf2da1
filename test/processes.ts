/** What tests need that start processes: what one says, whether one still runs, and waiting for either. */
import type { Readable } from "node:stream"

/** What a process that a test starts has of this one's environment, so that the test itself says all else it sees: where programs are, and where what Node has compiled is kept for the next of them. */
export const bare = { PATH: process.env.PATH, HOME: process.env.HOME, NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE }

/** What a stream says, as text, as far as it has said it. `heard` is called after each piece. */
export const textOf = (stream: Readable, heard: () => void = () => undefined): (() => string) => {
  let text = ""
  stream.setEncoding("utf8").on("data", (piece: string) => {
    text += piece
    heard()
  })
  return () => text
}

export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** Returns once `condition` holds, which is asked 50 times a second. The test's own time limit ends what never comes. */
export const until = async (condition: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20))
}
