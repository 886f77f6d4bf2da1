/**
 * How a field is named to whoever gave it: one form for the door, the owner, the client and the command line.
 *
 * Here is only the spelling. What is at fault, and how long a path may be where a sender chose its names, is for who refuses to say.
 */

/** A field's path with dots, places counted from 0: `lines.0.qty`. */
export const fieldPath = (...steps: ReadonlyArray<string | number>): string => steps.join(".")
