import type { EngineClient } from '../../engine/client.ts'
import { idOf, packageView, plans, version } from '../../testing/fixtures/packages.ts'
import { engineError, failureText, warnings } from '../../testing/fixtures/reasons.ts'
import { testViewStates, type ViewState } from '../../testing/view-states.ts'
import { counts } from '../../text/counts.ts'
import { installText } from '../../text/install.ts'
import { packageText } from '../../text/package.ts'

const plain = packageView()

const dialog = (
  answers: Partial<EngineClient>,
  press: string[] = [],
  view = plain,
): Pick<ViewState, 'address' | 'answers' | 'act'> => ({
  address: `/package/${idOf('kit')}?tab=versions`,
  answers: { describe: async () => view, ...answers },
  act: { before: packageText.latest, press: [packageText.installVersion({ version: '1.2.0' }), ...press] },
})
const planned = (plan: keyof typeof plans) => ({ planInstall: async () => plans[plan] })
const refused = (failure: 'DependencyMissing' | 'DependencyConflict') => ({
  planInstall: async () => Promise.reject(engineError(failure)),
})

testViewStates([
  { name: 'resolving', ...dialog({}), shows: installText.resolving },
  { name: 'plan', ...dialog(planned('simple')), shows: installText.harmless },
  {
    name: 'plan with a dependency, partly here',
    ...dialog(planned('partly')),
    shows: installText.requiredBy({ packages: 'kit' }),
  },
  {
    name: 'plan of what is downloaded',
    ...dialog(planned('fetched')),
    shows: installText.allFetched({ packages: counts.packages(1), size: '12 kB' }),
  },
  { name: 'plan of what is installed', ...dialog(planned('installed')), shows: installText.nothingToFetch },
  { name: 'plan with warnings', ...dialog(planned('warned')), shows: warnings.newPublisher },
  { name: 'a missing dependency', ...dialog(refused('DependencyMissing')), shows: failureText('DependencyMissing') },
  {
    name: 'a missing dependency, reviewed',
    ...dialog(
      {
        planInstall: async (_specs, options) =>
          options?.allowMissing ? plans.simple : Promise.reject(engineError('DependencyMissing')),
      },
      [installText.reviewAnyway],
    ),
    shows: installText.installAnyway,
  },
  { name: 'a conflict', ...dialog(refused('DependencyConflict')), shows: failureText('DependencyConflict') },
  {
    name: 'a version signed twice',
    ...dialog(planned('simple'), [], packageView({ versions: [version('1.2.0', { equivocation: true })] })),
    shows: installText.conflictTitle,
  },
])
