// schemata.test.mjs: our records follow the public schemas (@nostrability/schemata), where they have one for the kind.
import Ajv from 'ajv'
import addFormats from 'ajv-formats'
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { ask, hex, seeded, validExamples } from './tool.mjs'

const nips = join(dirname(createRequire(import.meta.url).resolve('@nostrability/schemata')), '..', 'nips')
const ajv = addFormats(new Ajv({ strict: false, allErrors: true }))

// kind → validators of the record and, where there is one, of its content as JSON.
const schemas = new Map()
for (const nip of readdirSync(nips))
  for (const folder of readdirSync(join(nips, nip))) {
    const kind = /^kind-(\d+)$/.exec(folder)
    if (!kind || !existsSync(join(nips, nip, folder, 'schema.json'))) continue
    const read = name => {
      const path = join(nips, nip, folder, name)
      return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined
    }
    schemas.set(Number(kind[1]), { record: read('schema.json'), content: read('schema.content.json') })
  }

function check(schema, value, of) {
  const { $id, ...rest } = schema // every schema brings its own copy of the common ones
  const valid = ajv.compile(rest)
  assert.ok(valid(value), `${of}: ${ajv.errorsText(valid.errors)}\n${JSON.stringify(value)}`)
}

test('there are schemas for the kinds we write', () => {
  for (const kind of [0, 5, 62, 30023]) assert.ok(schemas.has(kind), `kind ${kind}`)
})

test('the valid examples of docs/RECORDS.md follow them', () => {
  let checked = 0
  for (const example of validExamples()) {
    const schema = schemas.get(example.kind)
    if (!schema) continue
    check(schema.record, example, `kind ${example.kind}`)
    if (example.kind === 0) check(schema.content, JSON.parse(example.content), 'content of kind 0')
    checked++
  }
  assert.ok(checked >= 5)
})

test('records that we sign follow the schema of any record', () => {
  const random = seeded(1)
  const lines = Array.from({ length: 50 }, (_, i) => `${hex(random.secret())} ${JSON.stringify({
    id: '0'.repeat(64), pubkey: '0'.repeat(64), sig: '0'.repeat(128), created_at: i, kind: 1, tags: [['t', 'x']], content: random.text(50),
  })}`)
  for (const line of ask('sign', lines)) check(schemas.get(1).record, JSON.parse(line), 'kind 1')
})
