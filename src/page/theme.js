/**
 * Light, dark, or as the reader's machine has it. The choice is kept in this browser; it is no secret and of nobody.
 */
import { useEffect, useState } from "preact/hooks"
import { html } from "./html.js"

const themeName = "holdfast.theme"
const themes = ["auto", "light", "dark"]

/** @returns {[string, (theme: string) => void]} */
export const useTheme = () => {
  const [theme, setTheme] = useState(() => localStorage.getItem(themeName) ?? "auto")
  useEffect(() => {
    if (theme === "auto") delete document.documentElement.dataset.theme
    else document.documentElement.dataset.theme = theme
    localStorage.setItem(themeName, theme)
  }, [theme])
  return [theme, setTheme]
}

/**
 * Calls back whenever colours may have changed.
 * @param {() => void} changed
 */
export const onColours = (changed) => {
  const dark = matchMedia("(prefers-color-scheme: dark)")
  const watched = new MutationObserver(changed)
  watched.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] })
  dark.addEventListener("change", changed)
  return () => {
    watched.disconnect()
    dark.removeEventListener("change", changed)
  }
}

/** @param {{ theme: string, choose: (theme: string) => void }} props */
export const ThemeChoice = ({ theme, choose }) => html`
  <label>
    Theme${" "}
    <select value=${theme} onChange=${(/** @type {{ currentTarget: HTMLSelectElement }} */ { currentTarget }) => choose(currentTarget.value)}>
      ${themes.map((one) => html`<option value=${one} selected=${one === theme}>${one}</option>`)}
    </select>
  </label>
`
