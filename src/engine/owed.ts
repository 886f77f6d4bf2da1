/**
 * Commands that began something and are answered by a later event: their id is bound to their content from the beginning, whoever asks again is told together with the others, and the answer is remembered like any decision.
 */
import type { ActorKey, CommandId, SenderId } from "../domain/names.ts"
import { memoryKey } from "./memory.ts"

/** By what an owed answer is found. */
export const owedKey = (sender: SenderId, key: ActorKey, id: CommandId): string => `${sender} ${memoryKey(key, id)}`
