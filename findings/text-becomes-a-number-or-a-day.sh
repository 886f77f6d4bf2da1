#!/usr/bin/env bash
# Effect's schemas for texts take an empty text for 0, hexadecimal for a number, one digit for a day, and 31 February for one in March; its settings of the same names refuse most of that.
#
# Software: effect 4.1.0.
# Guessed:  `FiniteFromString` takes texts that spell a finite number, and `DateTimeUtcFromString` those that spell a moment; where a schema and a setting (Config) have the same name, they agree.
# Seen:     the schemas hand the text to JavaScript: "" and " " are 0, "0x10" is 16, a number above 2^53 is rounded without a word. "1" is 1 January 2001, "12" is 1 December, "32" is 2032, "2026-02-31"
#           is 3 March, each in the zone of the machine, and as valid as any. `Config.Int` and `Config.Finite` refuse "", " " and "0x10", and take "1e3".
# Matters:  an empty form field sets stock to 0, a quantity in the wrong column is a date of delivery, and the same text is one thing in a setting and another in a request.
#           Holdfast reads digits by a pattern of its own before there is a number.
# Source:   effect/dist/Schema.js: NumberFromString decodes with globalThis.Number and dates with new Date, and their checks look at the result alone.
#
# Needs npm. Installs into a temporary folder, and ends with code 1 once the behaviour is another.

source "$(dirname "${BASH_SOURCE[0]}")/seeing.bash"
install effect@4.1.0
export TZ=UTC
look <<'JS'
import { Config, ConfigProvider, DateTime, Effect, Exit, Schema } from "effect"
const value = (exit, shown) => (Exit.isSuccess(exit) ? shown(exit.value) : "refused")
const asSchema = (schema, text, shown = (it) => it) => value(Schema.decodeUnknownExit(schema)(text), shown)
const asSetting = async (config, text) => value(await Effect.runPromiseExit(config("N").parse(ConfigProvider.fromUnknown({ N: text }))), (it) => it)

const texts = ["", " ", "0x10", "1e3", "9007199254740993", "1_000"]
console.log(`texts: ${JSON.stringify(texts)}`)
see("Schema.FiniteFromString", texts.map((text) => asSchema(Schema.FiniteFromString, text)), [0, 0, 16, 1000, 9007199254740992, "refused"])
const whole = Schema.FiniteFromString.check(Schema.isInt())
see("the same, checked to be an integer", texts.map((text) => asSchema(whole, text)), [0, 0, 16, 1000, "refused", "refused"])
for (const name of ["Finite", "Int"]) {
  const read = await Promise.all(texts.map((text) => asSetting(Config[name], text)))
  see(`Config.${name}, without the longest`, read.toSpliced(4, 1), ["refused", "refused", "refused", 1000, "refused"])
}

const days = ["2026-02-28", "2026-02-31", "12", "1", "32", ""]
const shown = (moment) => DateTime.formatIso(moment)
console.log(`days: ${JSON.stringify(days)}`)
see("Schema.DateTimeUtcFromString", days.map((text) => asSchema(Schema.DateTimeUtcFromString, text, shown).slice(0, 10)), [
  "2026-02-28",
  "2026-03-03",
  "2001-12-01",
  "2001-01-01",
  "2032-01-01",
  "refused",
])
JS
