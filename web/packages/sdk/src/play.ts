import type { EndReason, Entry, Run } from '@handrail/engine'
import type { Candidate, Content } from '@handrail/wire'
import type { Dispose } from './guard.ts'
import type { Ports, Started } from './runtime.ts'

/** A loaded chunk: what one kind of experience needs. */
export interface Chunk {
  /** Loads what this content needs beside the chunk itself, before it is played. */
  prepare?(content: Content): Promise<unknown>
  play(asked: Asked): Play
}

/** Starts what was launched, and says whether it came. */
export type Launch = () => Promise<Started>

export interface Asked {
  ports: Ports
  candidate: Candidate
  content: Content
  /** There whenever the content holds an address. */
  addresses: typeof import('./chunks/addresses.ts') | undefined
  entry: Entry
  /** The run to go on with, after a reload. */
  from?: Run | undefined
  /** Starts another experience; undefined when it is refused. */
  launch(key: string): Launch | undefined
  ended(reason: EndReason): void
}

/** An experience on the page. */
export interface Play {
  /** An event was tracked or, without a name, the address changed or something else went. */
  heard(event?: string): void
  end(reason: EndReason): void
  /** Takes it off the page, the run as it is. */
  stop: Dispose
  /** Opens what a launcher would open; kinds that have a panel. */
  open?(): void
  /** Closes the panel; the run goes on. */
  close?(): void
  /** The server decided anew: what it knows of this experience now. */
  told?(candidate: Candidate): void
}
