/// <reference lib="dom" />
/// <reference lib="dom.iterable" />

/**
 * Makes buttons copy the text of the element they name. The outcome is announced to screen readers
 * too.
 */
export function copyButtons(): void {
  for (const button of document.querySelectorAll<HTMLButtonElement>('button[data-copies]'))
    button.addEventListener('click', () => void copy(button))
}

async function copy(button: HTMLButtonElement): Promise<void> {
  const source = document.getElementById(button.dataset.copies ?? '')
  if (source === null) return
  const isCopied = await write(source)
  say(isCopied ? 'Copied' : 'Not copied: select the text and copy it')
  const before = button.textContent
  button.textContent = isCopied ? 'Copied' : 'Select and copy'
  setTimeout(() => {
    button.textContent = before
  }, 2000)
}

/**
 * A page opened from disk may have no clipboard. The text is then selected, ready for the browser's
 * copy shortcut.
 */
async function write(source: HTMLElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(source.textContent ?? '')
    return true
  } catch {
    getSelection()?.selectAllChildren(source)
    return false
  }
}

function say(text: string): void {
  const place = document.getElementById('said')
  if (place !== null) place.textContent = text
}
