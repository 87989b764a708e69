// record.test.mjs: records made by nostr-tools are read, hashed and verified by us, and ours by nostr-tools.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { finalizeEvent, getEventHash, getPublicKey, serializeEvent, validateEvent, verifyEvent } from 'nostr-tools/pure'
import { ask, hex, seeded, template, validExamples } from './tool.mjs'

const fields = ['id', 'pubkey', 'created_at', 'kind', 'tags', 'content', 'sig']
// Plain, in our order of fields: what record_to_json() must give.
const canonical = event => JSON.stringify(Object.fromEntries(fields.map(f => [f, event[f]])))
// Without the mark that nostr-tools leaves on what it verified before.
const verify = event => verifyEvent(JSON.parse(JSON.stringify(event)))

function foreignRecords(count, seed) {
  const random = seeded(seed)
  return Array.from({ length: count }, () => finalizeEvent(template(random), random.secret()))
}

test('records of nostr-tools have the same form, id and canonical JSON with us, and verify', () => {
  const events = foreignRecords(300, 1)
  ask('check', events.map(e => JSON.stringify(e))).forEach((line, i) => {
    const answer = JSON.parse(line)
    assert.equal(answer.code, 0, `${line}\n${JSON.stringify(events[i])}`)
    assert.equal(answer.form, serializeEvent(events[i]))
    assert.equal(answer.id, events[i].id)
    assert.equal(answer.json, canonical(events[i]))
    assert.equal(answer.verified, true)
  })
})

test('each single character gives the same id', () => {
  const random = seeded(2)
  const secret = random.secret()
  const points = [...Array(0x300).keys(), 0x2028, 0x2029, 0xd7ff, 0xe000, 0xfdd0, 0xfeff, 0xfffe, 0xffff, 0x10000, 0x10ffff]
  const pubkey = getPublicKey(secret)
  const events = points.map(point => {
    const event = { kind: 1, created_at: 5, tags: [['t', String.fromCodePoint(point)]], content: `a${String.fromCodePoint(point)}b`, pubkey }
    return { ...event, id: getEventHash(event), sig: '0'.repeat(128) }
  })
  ask('check', events.map(e => JSON.stringify(e))).forEach((line, i) => {
    assert.equal(JSON.parse(line).id, events[i].id, `U+${points[i].toString(16)}`)
  })
})

test('other spellings of the same JSON are the same record', () => {
  const events = foreignRecords(40, 3)
  const escaped = text => text.replace(/[^]/g, c => '\\u' + c.charCodeAt(0).toString(16).padStart(4, '0'))
  const spell = value => {
    if (typeof value === 'string') return `"${escaped(value)}"`
    if (Array.isArray(value)) return `[ ${value.map(spell).join(' , ')} ]`
    return String(value)
  }
  const lines = events.map(e => `\t{ ${[...fields].reverse().map(f => `"${escaped(f)}" :\r${spell(e[f])}`).join(' , ')} } `)
  ask('check', lines).forEach((line, i) => {
    assert.equal(JSON.parse(line).json, canonical(events[i]), line)
    assert.equal(JSON.parse(line).verified, true)
  })
})

test('what was changed after signing does not verify, here or there', () => {
  const random = seeded(4)
  const events = foreignRecords(40, 5).map(event => {
    const changed = JSON.parse(JSON.stringify(event))
    const field = random.of(['content', 'created_at', 'kind', 'tags', 'sig', 'pubkey', 'id'])
    if (field === 'content') changed.content += 'x'
    else if (field === 'tags') changed.tags.push(['t', 'x'])
    else if (field === 'created_at' || field === 'kind') changed[field] = 77
    else changed[field] = changed[field].slice(0, -1) + (changed[field].endsWith('0') ? '1' : '0')
    return changed
  })
  ask('check', events.map(e => JSON.stringify(e))).forEach((line, i) => {
    assert.equal(JSON.parse(line).verified, false, JSON.stringify(events[i]))
    assert.equal(verify(events[i]), false)
  })
})

test('records signed by us verify with nostr-tools', () => {
  const random = seeded(6)
  const made = Array.from({ length: 150 }, () => ({ secret: random.secret(), event: template(random) }))
  const lines = made.map(({ secret, event }) => `${hex(secret)} ${JSON.stringify({ ...event, id: '0'.repeat(64), pubkey: '0'.repeat(64), sig: '0'.repeat(128) })}`)
  ask('sign', lines).forEach((line, i) => {
    const event = JSON.parse(line)
    assert.ok(validateEvent(event), line)
    assert.equal(event.pubkey, getPublicKey(made[i].secret))
    assert.equal(event.id, getEventHash(event))
    assert.ok(verify(event), line)
    for (const f of ['kind', 'created_at', 'tags', 'content']) assert.deepEqual(event[f], made[i].event[f])
    assert.equal(line, canonical(event))
  })
})

test('the valid examples of docs/RECORDS.md verify with nostr-tools', () => {
  const examples = validExamples()
  assert.ok(examples.length >= 6)
  for (const example of examples) assert.ok(verify(example), JSON.stringify(example))
})

test('what JavaScript cannot say as UTF-8 is refused', () => {
  const event = foreignRecords(1, 7)[0]
  for (const content of ['\ud800', 'a\udc00b', '\udc00\ud800']) {
    const answer = JSON.parse(ask('check', [JSON.stringify({ ...event, content })])[0])
    assert.equal(answer.code, -1)
    assert.match(answer.error, /half of a surrogate pair/)
  }
})
