/**
 * What a sender is, and what that lets it send and see. An operator names the senders of a cluster with their roles; the server's permissions, the ingress and whoever answers
 * questions follow from it.
 */
import type { CommandClass, SenderId } from "./names.ts"

/**
 * `channel`: sells. `warehouse`: tells what happens to stock. `merchandiser`: sets policies. `operator`: settles quarantine, sets policies, sees everything.
 * `reader`: sees all stock and every channel's ATS. `bulk`: a channel whose sales without asking may be larger than one sale usually is, and of any SKU.
 */
export const Role = ["channel", "warehouse", "merchandiser", "operator", "reader", "bulk"] as const
export type Role = (typeof Role)[number]

/** A sender of the cluster. */
export interface SenderAccess {
  readonly sender: SenderId
  readonly roles: ReadonlyArray<Role>
}

const classesOfRole: Readonly<Record<Role, ReadonlyArray<CommandClass>>> = {
  channel: ["sell"],
  warehouse: ["stock"],
  merchandiser: ["policy"],
  operator: ["operator", "policy"],
  reader: [],
  bulk: [],
}

/** The classes of command that a sender with these roles may publish in. */
export const classesOf = (roles: ReadonlyArray<Role>): ReadonlyArray<CommandClass> => [
  ...new Set(roles.flatMap((role) => classesOfRole[role])),
]

/** Who may see stock by location, open reservations counted, and the ATS of all channels. A channel sees its own ATS and its own reservations. */
export const stockRoles: ReadonlyArray<Role> = ["warehouse", "merchandiser", "operator", "reader"]
/** Who may see what lies in quarantine: other senders' commands. */
export const quarantineRoles: ReadonlyArray<Role> = ["operator"]
/** Who may see every channel's orders. A channel sees its own. */
export const orderRoles: ReadonlyArray<Role> = ["operator"]
/** Who may see what each worker says about itself. */
export const workersRoles: ReadonlyArray<Role> = ["operator", "reader"]
