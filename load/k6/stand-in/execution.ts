/** Stands in for `k6/execution`. Each virtual user loads modules of its own: its number stands in this module's address. */
import { shared } from "./state.ts"

const idInTest = Number(new URL(import.meta.url).searchParams.get("vu") ?? 0)

export default {
  vu: { idInTest },
  test: {
    abort: (why: string): never => {
      shared.aborted = why
      throw new Error(why)
    },
  },
}
