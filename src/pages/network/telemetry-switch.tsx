export const TelemetrySwitch = () => null
