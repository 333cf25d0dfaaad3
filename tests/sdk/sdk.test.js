// The official openai package, unmodified, against `perennial serve`: upload from a read stream, create,
// poll to the end, page through lists, download, cancel, the typed errors.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createReadStream, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { after, before, test } from 'node:test'
import OpenAI from 'openai'

const bin = process.env.PERENNIAL_BIN_DIR
assert(bin, 'PERENNIAL_BIN_DIR must name the directory of the built programs')

const dir = mkdtempSync(join(tmpdir(), 'perennial-sdk-'))
const children = []
let client

function start(program, args) {
  const child = spawn(join(bin, program), args, { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  return child
}

async function fileAppears(path) {
  const until = Date.now() + 60_000
  while (!existsSync(path) || readFileSync(path, 'utf8').trim() === '') {
    assert(Date.now() < until, `${path} never came`)
    await setImmediate()
  }
  return readFileSync(path, 'utf8').trim()
}

function jobFile(name, count) {
  const path = join(dir, name)
  const lines = []
  for (let i = 0; i < count; i++) {
    lines.push(JSON.stringify({
      custom_id: `${name}-${i}`, method: 'POST', url: '/v1/chat/completions',
      body: { model: 'm', messages: [{ role: 'user', content: `${name} ${i}` }] },
    }))
  }
  writeFileSync(path, lines.join('\n') + '\n')
  return path
}

const upload = (path) => client.files.create({ file: createReadStream(path), purpose: 'batch' })
const create = (file, metadata) => client.batches.create({
  input_file_id: file.id, endpoint: '/v1/chat/completions', completion_window: '24h', metadata,
})

async function poll(id, enough) {
  const until = Date.now() + 60_000
  for (;;) {
    const batch = await client.batches.retrieve(id)
    if (enough(batch)) return batch
    assert(Date.now() < until, `batch ${id} stays ${batch.status}`)
  }
}

before(async () => {
  start('perennial-sim', ['--quiet', '--latency', '20ms', '--port-file', join(dir, 'sim.port')])
  const sim = await fileAppears(join(dir, 'sim.port'))
  start('perennial', ['serve', '--listen', '127.0.0.1:0', '--data', join(dir, 'data'),
    '--base-url', `http://127.0.0.1:${sim}/v1`, '--concurrency', '8',
    '--port-file', join(dir, 'serve.port')])
  const port = await fileAppears(join(dir, 'serve.port'))
  client = new OpenAI({ apiKey: 'none', baseURL: `http://127.0.0.1:${port}/v1` })
})

after(async () => {
  for (const child of children) {
    child.kill('SIGKILL')
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  }
  rmSync(dir, { recursive: true, force: true })
})

test('a batch runs from a read stream to its downloaded results', async () => {
  const file = await upload(jobFile('whole', 100))
  assert.equal(file.object, 'file')
  assert.equal(file.purpose, 'batch')
  await client.files.waitForProcessing(file.id)
  const batch = await create(file, { project: 'sdk' })
  assert.equal(batch.object, 'batch')
  assert.deepEqual(batch.metadata, { project: 'sdk' })
  const done = await poll(batch.id, (b) => b.status === 'completed')
  assert.deepEqual(done.request_counts, { total: 100, completed: 100, failed: 0 })
  assert.equal(done.error_file_id, null)
  assert(done.usage.total_tokens > 0)
  const text = await (await client.files.content(done.output_file_id)).text()
  const seen = new Set()
  for (const line of text.trim().split('\n')) {
    const r = JSON.parse(line)
    assert.equal(r.error, null)
    assert.equal(r.response.status_code, 200)
    const [name, i] = [r.custom_id.slice(0, 5), r.custom_id.slice(6)]
    assert.equal(r.response.body.choices[0].message.content, `echo: ${name} ${i}`)
    seen.add(r.custom_id)
  }
  assert.equal(seen.size, 100)
})

test('lists are paged to the end', async () => {
  const made = []
  for (let i = 0; i < 5; i++) made.push((await create(await upload(jobFile(`page${i}`, 1)))).id)
  const found = []
  for await (const batch of client.batches.list({ limit: 2 })) found.push(batch.id)
  for (const id of made) assert.equal(found.filter((f) => f === id).length, 1)
  const files = []
  for await (const file of client.files.list({ limit: 2, purpose: 'batch' })) files.push(file.id)
  assert.equal(new Set(files).size, files.length)
  assert(files.length >= 5)
})

test('a cancelled batch keeps what it has and accounts for the rest', async () => {
  const batch = await create(await upload(jobFile('cancel', 500)))
  await poll(batch.id, (b) => b.request_counts.completed > 0)
  await client.batches.cancel(batch.id)
  const end = await poll(batch.id, (b) => b.status === 'cancelled')
  const ok = await (await client.files.content(end.output_file_id)).text()
  const errors = await (await client.files.content(end.error_file_id)).text()
  const lines = (t) => t.split('\n').length - 1
  assert.equal(lines(ok) + lines(errors), 500)
  const unrun = errors.trim().split('\n').map((l) => JSON.parse(l)).filter((r) => r.response === null)
  assert(unrun.length > 0)
  for (const r of unrun) assert.equal(r.error.code, 'batch_cancelled')
})

test('a file that was deleted is gone', async () => {
  const file = await upload(jobFile('delete', 1))
  assert.equal((await client.files.delete(file.id)).deleted, true)
  await assert.rejects(client.files.retrieve(file.id), OpenAI.NotFoundError)
})

test('errors are the typed ones', async () => {
  await assert.rejects(client.batches.retrieve('batch_none'), OpenAI.NotFoundError)
  await assert.rejects(client.batches.create({
    input_file_id: 'file-0000000000000001', endpoint: '/v1/chat/completions', completion_window: '24h',
  }), OpenAI.NotFoundError)
  const file = await upload(jobFile('errors', 1))
  await assert.rejects(client.batches.create({
    input_file_id: file.id, endpoint: '/v1/nothing', completion_window: '24h',
  }), OpenAI.BadRequestError)
  const done = await poll((await create(file)).id, (b) => b.status === 'completed')
  await assert.rejects(client.batches.cancel(done.id), OpenAI.ConflictError)
})

test('bad lines come later, as the status failed with errors', async () => {
  const path = join(dir, 'bad.jsonl')
  writeFileSync(path, '{"custom_id":"a"\n{"custom_id":"b","method":"GET","url":"/v1/chat/completions","body":{}}\n')
  const batch = await create(await upload(path))
  const end = await poll(batch.id, (b) => b.status === 'failed')
  assert.equal(end.errors.data.length, 2)
  assert.equal(end.errors.data[0].line, 1)
  assert.equal(end.errors.data[0].code, 'invalid_json_line')
  assert.equal(end.output_file_id, null)
})
