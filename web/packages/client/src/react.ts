import { createContext, createElement, type ReactNode, useContext, useEffect, useRef } from 'react'
import type { Attributes, EventName, Handrail, Listener } from './index.ts'

/** The user that is signed in; null when nobody is. */
export interface SignedIn {
  id: string | number
  attributes?: Attributes
  signature?: string
}

export interface HandrailProviderProps {
  client: Handrail
  /** Identified when they appear or change, logged out when they go. Left out, you identify yourself. */
  user?: SignedIn | null
  children?: ReactNode
}

const Context = createContext<Handrail | null>(null)

/** Gives `client` to what is below it, and follows who is signed in. Renders nothing of its own. */
export function HandrailProvider({ client, user, children }: HandrailProviderProps): ReactNode {
  const known = useRef(false)
  // Attributes are often made anew at each render; what counts is what they say.
  const said = user === undefined ? undefined : JSON.stringify(user)
  useEffect(() => {
    if (said === undefined) return
    const someone = JSON.parse(said) as SignedIn | null
    if (someone) void client.identify(someone.id, someone.attributes, someone.signature)
    else if (known.current) client.reset()
    known.current = !!someone
  }, [client, said])
  return createElement(Context.Provider, { value: client }, children)
}

/** The client that the nearest provider gives. */
export function useHandrail(): Handrail {
  const client = useContext(Context)
  if (!client) throw new Error('useHandrail needs a HandrailProvider above it.')
  return client
}

/** Hears an event while the component is there. */
export function useHandrailEvent<Name extends EventName>(name: Name, listener: Listener<Name>): void {
  const client = useHandrail()
  const latest = useRef(listener)
  latest.current = listener
  useEffect(() => client.on(name, (detail) => latest.current(detail)), [client, name])
}
