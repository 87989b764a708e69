// keys.test.mjs: keys encrypted by nostr-tools (NIP-49) come into an account, and come out so that nostr-tools opens them.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import * as nip19 from 'nostr-tools/nip19'
import * as nip49 from 'nostr-tools/nip49'
import { getPublicKey } from 'nostr-tools/pure'
import { root, seeded } from './tool.mjs'

const program = join(process.env.WIDENET_BUILD || join(root, 'build'), 'widenet')

test('keys go from nostr-tools into an account and back', () => {
  const random = seeded(49), data = mkdtempSync(join(process.env.TMPDIR ?? tmpdir(), 'widenet-keys-'))
  const account = (lines, ...words) => execFileSync(program, ['account', ...words, '--data', join(data, 'data'), '--password-file', '-'],
    { input: lines.map(l => l + '\n').join(''), encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'] })
  try {
    for (const [i, password] of ['for the road', '\u212b\u2126\u1e9b\u0323', 'كلمة مرور', '夜班の合言葉'].entries()) {
      const secret = random.secret(), name = `n${i}`
      const text = i === 3 ? nip19.nsecEncode(secret) : nip49.encrypt(secret, password, 10 + i)
      const lines = ['account password', text, ...(i === 3 ? [] : [password])]
      const words = ['add', name, '--json', '--key-file', '-', ...(i === 3 ? [] : ['--key-password-file', '-'])]
      assert.equal(JSON.parse(account(lines, ...words)).pubkey, getPublicKey(secret))
      const out = account(['account password', 'another password'], 'key', name).trim()
      assert.deepEqual(nip49.decrypt(out, 'another password'), secret)
      assert.throws(() => account(lines, 'add', `again${i}`, ...words.slice(2)), /already/)
    }
  } finally {
    rmSync(data, { recursive: true, force: true })
  }
})
