/**
 * The long descriptions of commands, as the help prints them.
 */

/** A description of several lines, all of them indented: the help itself indents only the first. */
export const helpText = (text: string): string => text.replaceAll(/\n(?=[^\n])/g, "\n  ")
