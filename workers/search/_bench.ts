import { createSearch } from './index.ts'
const words = 'rust api web server graphql template ontology query sparql rdf database postgres cli tool generator microservice auth jwt payment finance health hospital banking academic paper latex crdt swarm agent multi tenant saas kubernetes docker terraform lambda event stream kafka nuxt react svelte typescript python go java dotnet enterprise erp crm shop commerce invoice shipping logistic inventory quality test mutation chaos workflow pattern bpmn process owl shacl turtle schema contract openapi asyncapi protobuf grpc rest soap mobile ios android flutter game engine physics math statistic chart report dashboard'.split(' ')
let seed = 42; const rnd = () => (seed = (seed * 1664525 + 1013904223) >>> 0) / 2 ** 32
const pick = () => words[Math.floor(rnd() * words.length)] as string
const syl = () => Array.from({ length: 2 + Math.floor(rnd() * 3) }, () => 'bcdfghklmnprstvz'[Math.floor(rnd() * 16)]! + 'aeiou'[Math.floor(rnd() * 5)]!).join('')
for (const n of [1000, 10000, 100000]) {
  const s = createSearch({ now: () => performance.now() })
  const t = performance.now()
  const slugs: string[] = []
  for (let i = 0; i < n; i++) {
    const slug = `${pick()}-${syl()}-${pick()}`
    slugs.push(slug)
    s.put({ id: `${'a'.repeat(52)}/${slug}${i}`, slug: slug + i, version: '1.0.0', name: `${pick()} ${pick()} ${syl()}`, description: Array.from({ length: 15 }, () => (rnd() < 0.6 ? pick() : syl())).join(' '), category: pick(), tags: [pick(), pick(), pick(), syl()], publisher: `pub${i % 97}`, publisherName: `name${i % 97}`, license: ['MIT', 'Apache-2.0', ''][i % 3]!, size: 1, publishedAt: i, keywords: [pick(), pick(), syl()] })
  }
  const build = performance.now() - t
  const times: Record<string, number[]> = {}
  const run = (name: string, q: object) => { const r = s.query(q); (times[name] ??= []).push(r.tookMs); return r }
  for (let k = 0; k < (n > 10000 ? 40 : 200); k++) {
    const slug = slugs[Math.floor(rnd() * slugs.length)]!
    const w = pick()
    run('exact', { text: slug }); run('word', { text: w }); run('prefix3', { text: w.slice(0, 3) }); run('prefix1', { text: w.slice(0, 1) })
    run('typo', { text: w.length > 4 ? w.slice(0, 2) + w.slice(3) : w }); run('two', { text: `${w} ${pick()}` }); run('three', { text: `${w} ${pick()} ${pick().slice(0, 4)}` })
    run('all', {}); run('name', { sort: 'name', category: pick() }); run('none', { text: 'zzzzqqqqxx' })
    run('long', { text: words.slice(k % 40, k % 40 + 10).join(' ') })
  }
  const t2 = performance.now()
  for (let i = 0; i < 200; i++) s.put({ id: `new/${i}`, slug: `new${i}`, version: '1.0.0', name: `${pick()}`, description: Array.from({ length: 15 }, pick).join(' '), category: pick(), tags: [pick()], publisher: 'p', publisherName: 'p', license: 'MIT', size: 1, publishedAt: i, keywords: [] })
  const putMs = (performance.now() - t2) / 200
  console.log(n, 'build', build.toFixed(0), 'ms; put', putMs.toFixed(3), 'ms')
  const all: number[] = []
  for (const [k, v] of Object.entries(times)) { all.push(...v); v.sort((a, b) => a - b); console.log('  ', k.padEnd(8), 'p50', v[v.length >> 1]!.toFixed(2), 'p95', v[Math.floor(v.length * 0.95)]!.toFixed(2)) }
  all.sort((a, b) => a - b); console.log('   ALL p50', all[all.length >> 1]!.toFixed(2), 'p95', all[Math.floor(all.length * 0.95)]!.toFixed(2))
}
