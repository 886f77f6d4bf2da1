/** The model of a stream against a real cluster of three: the same cases, and not a line may differ. */
import { conformance } from "./conformance.ts"
import { startThree } from "./servers.ts"

conformance(3, startThree)
