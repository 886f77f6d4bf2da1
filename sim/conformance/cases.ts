/** All conformance cases: what Holdfast's protocol relies on of a stream, and where one server and three part. */
import type { Case } from "./case.ts"
import { commandsCases } from "./cases/commands.ts"
import { journalCases } from "./cases/journal.ts"
import { keysCases } from "./cases/keys.ts"

export const conformanceCases: ReadonlyArray<Case> = [...journalCases, ...commandsCases, ...keysCases]
