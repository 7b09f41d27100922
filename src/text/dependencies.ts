import { messages } from './catalogue.ts'
import { choice, params } from './forms.ts'

/** Dependencies and dependents of a package. */
export const dependencyText = messages('dependencies', {
  dependsOn: 'Depends on',
  none: 'No dependencies.',
  requiredBy: 'Required by',
  requiredByNone: 'No package in the catalogue requires it.',

  kind: choice({ package: 'Package', external: 'External', asset: 'Path in the package', unknown: 'Unknown' }),
  external: choice({
    crate: 'External: Rust crate',
    npm: 'External: npm package',
    python: 'External: Python package',
    tool: 'External: tool',
  }),
  optional: params('{kind}, optional'),
})
