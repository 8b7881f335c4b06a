import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['packages/*/{src,test}/**/*.test.ts', 'apps/*/{src,test}/**/*.test.{ts,tsx}'],
    // Two cores are what CI has; a file that needs a document says so with `// @vitest-environment happy-dom`.
    environment: 'node',
    maxWorkers: 2,
    // A busy machine gives the same answers, only later.
    testTimeout: 60_000,
    restoreMocks: true,
    unstubGlobals: true,
  },
})
