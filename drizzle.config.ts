/**
 * What drizzle-kit makes migrations from, and where it puts them: `npm run migrations`. Each is read before it is kept; see docs/READSIDE.md.
 */
import { defineConfig } from "drizzle-kit"

export default defineConfig({ dialect: "postgresql", schema: "./src/postgres/schema.ts", out: "./src/postgres/migrations" })
