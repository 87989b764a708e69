// tool.mjs: what the interop tests share: the program they talk to (record_tool), seeded randomness, signing by nostr-tools.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
const build = process.env.WIDENET_BUILD || join(root, 'build')
const program = join(build, 'tests', 'record', 'record_tool')

// Gives record_tool the lines and returns its answers, one for each.
export function ask(command, lines) {
  if (!existsSync(program)) throw new Error(`${program} is not there; build first (ninja -C ${build})`)
  const run = spawnSync(program, [command], { input: lines.map(l => l + '\n').join(''), maxBuffer: 1 << 30 })
  if (run.status !== 0) throw new Error(`record_tool ${command}: status ${run.status} ${run.signal} ${run.stderr}`)
  const answers = run.stdout.toString('utf8').split('\n').slice(0, -1)
  if (answers.length !== lines.length) throw new Error(`${answers.length} answers to ${lines.length} lines`)
  return answers
}

// mulberry32: the same numbers everywhere.
export function seeded(seed) {
  const next = () => {
    seed = (seed + 0x6d2b79f5) | 0
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
  const below = n => Math.floor(next() * n)
  const of = list => list[below(list.length)]
  // Text with all that JSON must escape, every control character, all planes, no lone surrogates.
  const text = max => {
    let out = ''
    for (let n = below(max + 1); n > 0; n--) {
      const sort = below(9)
      if (sort === 0) out += String.fromCodePoint(below(0x20))
      else if (sort === 1) out += of(['"', '\\', '/', '\n', '\r', '\t', '\b', '\f', '\x7f', '\u2028', '\u2029', '\ufeff'])
      else if (sort === 2) out += String.fromCodePoint(0x80 + below(0x780))
      else if (sort === 3) out += String.fromCodePoint(0x800 + below(0xd000))
      else if (sort === 4) out += String.fromCodePoint(0xe000 + below(0x2000))
      else if (sort === 5) out += String.fromCodePoint(0x10000 + below(0x100000))
      else out += of(['a', 'Z', ' ', '0', 'night shift', 'العربية', 'कार्यकर्ता', '夜班', '👩‍🏭', '<b>', '&amp;', '\\u0041'])
    }
    return out
  }
  const bytes = n => Uint8Array.from({ length: n }, () => below(256))
  const secret = () => { const b = bytes(32); b[0] &= 0x7f; b[31] |= 1; return b }
  return { next, below, of, text, bytes, secret }
}

export const hex = bytes => Buffer.from(bytes).toString('hex')
export const kinds = [0, 1, 3, 5, 7, 62, 1111, 4705, 9802, 10002, 20001, 30000, 30023, 34705, 65535]

export function template(random) {
  return {
    kind: random.of(kinds),
    created_at: random.of([0, 1, 1700000000, 1794744000 + random.below(100000), Number.MAX_SAFE_INTEGER]),
    tags: Array.from({ length: random.below(8) }, () => [
      random.of(['e', 'p', 'a', 't', 'd', 'l', 'title', '', random.text(5)]),
      ...Array.from({ length: random.below(4) }, () => random.text(30)),
    ]),
    content: random.text(200),
  }
}

// The examples of docs/RECORDS.md that are marked valid.
export function validExamples() {
  const page = readFileSync(join(root, 'docs', 'RECORDS.md'), 'utf8')
  return [...page.matchAll(/^```json valid\n([^]*?)\n```$/gm)].map(m => JSON.parse(m[1]))
}
