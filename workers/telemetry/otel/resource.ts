import { type Resource, resourceFromAttributes } from '@opentelemetry/resources'
import { ATTR_SERVICE_INSTANCE_ID, ATTR_SERVICE_NAME, ATTR_SERVICE_VERSION } from '@opentelemetry/semantic-conventions'

/** The version in package.json; a test compares them. */
export const serviceVersion = '0.2.0'

/**
 * What names the sender of telemetry. `instance` is random and new with each engine, so that it tells two tabs apart but
 * follows nobody; neither the peer id nor anything about the browser is in it.
 */
export const createResource = (instance: string): Resource =>
  resourceFromAttributes({
    [ATTR_SERVICE_NAME]: 'ggen-marketplace',
    [ATTR_SERVICE_VERSION]: serviceVersion,
    [ATTR_SERVICE_INSTANCE_ID]: instance,
  })
