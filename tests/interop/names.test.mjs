// names.test.mjs: NIP-19 names and NIP-01 filters mean the same here and in nostr-tools.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { matchFilter } from 'nostr-tools/filter'
import * as nip19 from 'nostr-tools/nip19'
import { ask, hex, kinds, seeded } from './tool.mjs'

test('names written by nostr-tools are read by us', () => {
  const random = seeded(1)
  const cases = []
  for (let i = 0; i < 100; i++) {
    const key = hex(random.bytes(32)), id = hex(random.bytes(32)), kind = random.below(65536)
    const identifier = [...random.text(40)].slice(0, 40).join('')
    const relays = Array.from({ length: random.below(3) }, () => `wss://r${random.below(100)}.example`)
    cases.push([nip19.npubEncode(key), { type: 'npub', pubkey: key }])
    cases.push([nip19.noteEncode(id), { type: 'note', id }])
    cases.push([nip19.nprofileEncode({ pubkey: key, relays }), { type: 'nprofile', pubkey: key }])
    cases.push([nip19.neventEncode({ id, relays, author: key, kind }), { type: 'nevent', id, pubkey: key, kind }])
    cases.push([nip19.neventEncode({ id, relays }), { type: 'nevent', id }])
    if (Buffer.byteLength(identifier) <= 255)
      cases.push(['nostr:' + nip19.naddrEncode({ identifier, pubkey: key, kind, relays }), { type: 'naddr', pubkey: key, kind, d: identifier }])
  }
  ask('nip19', cases.map(c => c[0])).forEach((line, i) => {
    const { code, name, ...answer } = JSON.parse(line)
    assert.equal(code, 0, line)
    assert.deepEqual(answer, { d: '', ...cases[i][1] })
    // And ours, written again, is read there.
    const back = nip19.decode(name)
    if (answer.type === 'npub' || answer.type === 'nprofile') assert.deepEqual([back.type, back.data], ['npub', answer.pubkey])
    else if (answer.type === 'note') assert.deepEqual([back.type, back.data], ['note', answer.id])
    else if (answer.type === 'nevent') assert.deepEqual([back.data.id, back.data.author], [answer.id, answer.pubkey])
    else assert.deepEqual([back.data.identifier, back.data.pubkey, back.data.kind], [answer.d, answer.pubkey, answer.kind])
  })
})

test('a secret key is refused by name and not repeated', () => {
  const secret = nip19.nsecEncode(seeded(2).secret())
  const answer = JSON.parse(ask('nip19', [secret])[0])
  assert.equal(answer.code, -4)
  assert.match(answer.error, /secret key \(nsec\)/)
  assert.ok(!answer.error.includes(secret.slice(5)))
})

test('filters match as in nostr-tools', () => {
  const random = seeded(3)
  const keys = Array.from({ length: 4 }, () => hex(random.bytes(32)))
  const words = ['strike', 'Strike', '', 'rent', 'é"\\\n']
  const some = list => Array.from({ length: 1 + random.below(3) }, () => random.of(list))
  const pairs = []
  for (let i = 0; i < 1500; i++) {
    const event = {
      id: random.of(keys), pubkey: random.of(keys), created_at: random.below(10), kind: random.of(kinds), content: 'x', sig: '0'.repeat(128),
      tags: Array.from({ length: random.below(5) }, () => random.of([['e', random.of(keys)], ['p', random.of(keys), 'hint'], ['t', random.of(words)], ['T', random.of(words)], ['title', 'strike'], ['x', random.of(words), 'rent']])),
    }
    const filter = {}
    if (!random.below(3)) filter.ids = some(keys)
    if (!random.below(3)) filter.authors = some(keys)
    if (!random.below(3)) filter.kinds = some(kinds)
    if (!random.below(3)) filter['#e'] = some(keys)
    if (!random.below(4)) filter['#p'] = some(keys)
    if (!random.below(3)) filter['#t'] = some(words)
    if (!random.below(4)) filter['#x'] = some(words)
    if (!random.below(4)) filter.since = 1 + random.below(9)
    if (!random.below(4)) filter.until = 1 + random.below(9)
    pairs.push([filter, event])
  }
  let matched = 0
  ask('match', pairs.map(([f, e]) => `${JSON.stringify(f)}\t${JSON.stringify(e)}`)).forEach((line, i) => {
    const answer = JSON.parse(line), [filter, event] = pairs[i]
    assert.equal(answer.code, 0, line)
    assert.equal(answer.match, matchFilter(filter, event), `${JSON.stringify(filter)} ${JSON.stringify(event)}`)
    assert.equal(matchFilter(JSON.parse(answer.json), event), answer.match, answer.json)
    matched += answer.match
  })
  assert.ok(matched > 50, `${matched} matches`)
})
