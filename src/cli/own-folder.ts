/**
 * The folder of an own nats-server: its streams, its logins, the keys of the gateway beside it. Relative to the working directory, so that whoever tries things out finds them again in the folder where he started; HOLDFAST_OWN_FOLDER
 * names another, such as the one that the demo leaves.
 */
import { join } from "node:path"
import { settings } from "../config.ts"

const given = process.env[settings.ownFolder.name]

/** For every command of this process. */
export const ownFolder = given === undefined || given === "" ? settings.ownFolder.fallback : given

/** Where things lie in such a folder. */
export const inOwnFolder = (folder: string) => ({
  /** How the nats-server is reached, with all logins. */
  connection: join(folder, "connection.json"),
  /** What gateways read. */
  keys: join(folder, "api-keys.json"),
  /** What people read: the address of the gateway, and the keys. */
  gateway: join(folder, "gateway.json"),
  /** Where the own Postgres listens. */
  postgres: join(folder, "postgres.json"),
})

/** Of the own Postgres: beside the other, where others may enter, for it doesn't run as root. */
export const postgresFolderOf = (folder: string): string => `${folder}-postgres`
