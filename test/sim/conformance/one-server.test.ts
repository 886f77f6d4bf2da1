/** The model of a stream against one real server: the same cases, and not a line may differ. */
import { conformance } from "./conformance.ts"
import { startOne } from "./servers.ts"

conformance(1, startOne)
