export type Dispose = () => void

/** Runs callbacks so that no error reaches the host page; faults are counted and told once for each message. */
export type Guard = <A extends unknown[]>(callback: (...args: A) => void, onFault?: () => void) => (...args: A) => void

export function createGuard(warn: (message: string, detail?: unknown) => void): Guard {
  const told = new Set<string>()
  return (callback, onFault) =>
    (...args) => {
      try {
        callback(...args)
      } catch (fault) {
        const message = String(fault)
        if (!told.has(message)) {
          told.add(message)
          warn('kept from the page:', fault)
        }
        onFault?.()
      }
    }
}
